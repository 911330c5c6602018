"""The site with a stand-in platform beside it, and people who use it in Chromium.

A `Person` is a browser of her own. What goes wrong in it unseen (errors in the console, blocked by
the content policy, addresses of ours that fail) fails the test at its end.
"""

import email
import email.policy
import re
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import expect

from tests import harness

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
CHROME = (  # without the word Headless, which the door takes for a robot
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
EXPECTED = {404, 422}  # answers that a page shows on purpose
PASSWORD = "a-long-walk-in-the-rain-7"
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def stand_in():
    """The four platforms, as a real OAuth server in a process of its own."""
    command = [sys.executable, "-m", "creators.platforms.fake"]
    command += ["--port", str(settings.FAKE_PLATFORM_PORT)]
    process = subprocess.Popen(command, cwd=harness.ROOT)
    for _try in range(100):
        try:
            urllib.request.urlopen(f"{settings.FAKE_PLATFORM_URL}/healthz").close()
            break
        except OSError:
            time.sleep(0.05)
    yield settings.FAKE_PLATFORM_URL
    process.terminate()
    process.wait(10)


def mails(to: str) -> list[str]:
    """Return the text of each mail to `to`, oldest first."""
    found = []
    for file in sorted(settings.MAIL_DIR.glob("*.eml")):
        parsed = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        if to in str(parsed["To"]):
            found.append(parsed.get_body(("plain",)).get_content())
    return found


class Person:
    """Somebody with a browser of her own, at `url`."""

    def __init__(self, browser, url: str, **options) -> None:
        options = {
            "user_agent": CHROME,
            "viewport": PHONE,
            "locale": "en-GB",
            "accept_downloads": True,
        } | options
        self.url, self.troubles = url, []
        self.context = browser.new_context(base_url=url, **options)
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._trouble(f"script: {error}"))
        self.page.on("response", self._response)

    def _trouble(self, what: str) -> None:
        self.troubles.append(f"{urlsplit(self.page.url).path}: {what}")

    def _console(self, message) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self._trouble(message.text)

    def _response(self, response) -> None:
        ours = response.url.startswith(self.url)
        if ours and response.status >= 400 and response.status not in EXPECTED:
            self._trouble(f"{response.status} {response.request.method} {response.url}")

    def goto(self, path: str) -> None:
        self.page.goto(path)

    def fill(self, **fields: str) -> None:
        """Fill fields in by their names."""
        for name, value in fields.items():
            field = self.page.locator(f'[name="{name}"]:visible').first
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def tick(self, name: str, value: str = "") -> None:
        """Tick a box or choose a radio button by its name."""
        extra = f'[value="{value}"]' if value else ""
        self.page.locator(f'input[name="{name}"]{extra}').first.check(force=True)

    def press(self, text: str) -> None:
        self.page.get_by_role("button", name=re.compile(text)).first.click()

    def sees(self, text: str) -> None:
        expect(self.page.locator("body")).to_contain_text(text)

    def checks_page(self, *, wide: bool = False) -> None:
        """No finding of axe in either scheme, nothing wider than the screen."""
        sizes = [PHONE, DESK] if wide else [PHONE]
        for size in sizes:
            self.page.set_viewport_size(size)
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                self._axe(f"{size['width']} {scheme}")
            width = self.page.evaluate("document.documentElement.scrollWidth")
            if width > size["width"]:
                self._trouble(f"{width} px wide on a screen of {size['width']}")
        self.page.set_viewport_size(PHONE)

    def _axe(self, where: str) -> None:
        for found in Axe().run(self.page, options=RULES).response["violations"]:
            nodes = [node["html"][:160] for node in found["nodes"][:3]]
            self._trouble(f"axe, {where}: {found['id']}: {nodes}")

    def signs_up(self, address: str, then: str) -> None:
        """Make an account and type the code from the mail; end at `then`."""
        self.goto(f"/accounts/signup/?next={then}")
        self.fill(email=address, password1=PASSWORD)
        again = self.page.locator('[name="password2"]')
        if again.count():
            again.fill(PASSWORD)
        self.checks_page()
        self.page.locator("main form button[type=submit]").first.click()
        self.page.wait_for_url("**/confirm-email/**")
        self.fill(code=code_in(mails(address)[-1]))
        self.checks_page()
        self.page.locator("main form button[type=submit]").first.click()
        self.page.wait_for_url(f"**{then}")


def code_in(mail: str) -> str:
    """Return the code that stands alone on a line of a mail."""
    found = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", mail, re.M)
    assert found, mail
    return found[1]


@pytest.fixture
def people(live_site, stand_in, browser):
    """Make people; at the end none of them may have met trouble."""
    everybody = []

    def make(**options) -> Person:
        everybody.append(Person(browser, live_site.url, **options))
        return everybody[-1]

    yield make
    troubles = [trouble for person in everybody for trouble in person.troubles]
    for person in everybody:
        person.context.close()
    assert not troubles, "\n".join(troubles)
