"""A person with a browser of her own, who notes what goes wrong in it unseen."""

import email
import email.policy
import os
import re
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import expect

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
AXE = Axe().axe_script
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules for which the scheme matters
FINDINGS = """async rules => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const found = await axe.run(document, {
    runOnly: rules.length ? {type: "rule", values: rules} : tags, resultTypes: ["violations"], preload: false,  // it would add styles of its own
  });
  return found.violations.map(rule => `${rule.id}: ` +
    rule.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | "));
}"""
CHROME = (  # without the word Headless, which the door takes for a robot
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
EXPECTED = frozenset({422})  # a form with its errors
PASSWORD = "a-long-walk-in-the-rain-7"
PATIENCE_MS = 30_000  # a busy machine is slow, not wrong
expect.set_options(timeout=PATIENCE_MS)


def mails(to: str) -> list[str]:
    """Return the text of each mail to `to`, oldest first."""
    found = []
    for file in sorted(settings.MAIL_DIR.glob("*.eml")):
        parsed = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        if to in str(parsed["To"]):
            found.append(parsed.get_body(("plain",)).get_content())
    return found


class Person:
    """Somebody with a browser of her own, at `url`; `inspects` False skips what another checked."""

    def __init__(self, browser, url: str, *, inspects: bool = True, **options) -> None:
        options = {
            "user_agent": CHROME,
            "viewport": PHONE,
            "locale": "en-GB",
            "accept_downloads": True,
        } | options
        self.url, self.inspects, self.troubles = url, inspects, []
        self.expects = EXPECTED
        self.context = browser.new_context(base_url=url, **options)
        self.context.set_default_timeout(PATIENCE_MS)
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
        if ours and response.status >= 400 and response.status not in self.expects:
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

    def follow(self, text: str) -> None:
        self.page.get_by_role("link", name=re.compile(text)).first.click()

    def sees(self, text: str) -> None:
        expect(self.page.locator("body")).to_contain_text(text)

    def checks_page(self, *, wide: bool = False) -> None:
        """No finding of axe in either scheme, nothing wider than the screen.

        Axe looks at the light phone for everything and in the dark for colours, there or, of a
        wide page, at the desk; `test_every_page.py` and THOROUGH look at each size in both schemes
        for everything.
        """
        if not self.inspects:
            return
        sizes = [PHONE, DESK] if wide else [PHONE]
        thorough = os.environ.get("THOROUGH")
        for size in sizes:
            self.page.set_viewport_size(size)
            for scheme, usual in (("light", PHONE), ("dark", sizes[-1])):
                if size is usual or thorough:
                    self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    again = scheme == "dark" and not thorough
                    self._axe(f"{size['width']} {scheme}", COLOURS if again else [])
            width = self.page.evaluate("document.documentElement.scrollWidth")
            if width > size["width"]:
                self._trouble(f"{width} px wide on a screen of {size['width']}")
        self.page.set_viewport_size(PHONE)

    def _axe(self, where: str, rules: list[str]) -> None:
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        for found in self.page.evaluate(FINDINGS, rules):
            self._trouble(f"axe, {where}: {found}")


def code_in(mail: str) -> str:
    """Return the code that stands alone on a line of a mail."""
    found = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", mail, re.M)
    assert found, mail
    return found[1]
