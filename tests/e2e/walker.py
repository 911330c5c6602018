"""Somebody who has no pointer: walks a page by Tab, and must see where she is at each stop."""

from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from tests.e2e.person import PASSWORD, code_in, mails

WHERE = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const label = at.closest("label");
  return {
    name: at.name || at.id || at.textContent.trim().replace(/\\s+/g, " "),
    inside: box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth,
    covered: !(at.contains(seen) || (label && label.contains(seen)) || seen?.contains(at)),
  };
}"""


class Walker:
    """Somebody who has no pointer; every stop must show itself and be seen whole.

    The pictures hide the caret by a style of their own, which our content policy would refuse.
    """

    def __init__(self, person) -> None:
        self.person, self.page, self.at = person, person.page, ""

    def stop(self, key: str = "Tab") -> str:
        """Press a key; return the name of what has the focus now."""
        self.page.keyboard.press(key)
        where = self.page.evaluate(WHERE)
        assert where["inside"], f"{where['name']} has the focus outside of the screen"
        assert not where["covered"], f"{where['name']} has the focus under something else"
        if where["name"] != self.at:  # a date is one field with several stops
            self.at = where["name"]
            assert self._shows_itself(), f"{self.at} has the focus and does not show it"
        return self.at

    def _shows_itself(self) -> bool:
        """Compare the screen with and without the focus."""
        with_focus = self.page.screenshot()
        held = self.page.evaluate_handle("document.activeElement")
        held.evaluate("at => at.blur()")
        without = self.page.screenshot()
        held.evaluate("at => at.focus({preventScroll: true})")
        return with_focus != without

    def stops(self, until: str) -> list[str]:
        """Press Tab up to the stop `until`; return the names on the way."""
        names = []
        while not names or names[-1] != until:
            assert len(names) < 90, names
            names.append(self.stop())
        return names

    def signs_in_before(self, user) -> None:
        """Begin as somebody who signed in a while ago."""
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME]
        self.person.context.add_cookies(
            [{"name": session.key, "value": session.value, "url": self.person.url}]
        )

    def signs_up(self, address: str, then: str) -> None:
        """Make an account and type the code of the mail; end at `then`."""
        self.person.goto(f"/accounts/signup/?next={then}")
        self.skips()
        self.stops("email")
        self.types(address)
        self.stops("password1")
        self.types(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/confirm-email/**")
        self.skips()
        self.stops("code")
        self.types(code_in(mails(address)[-1]))
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"**{then}")

    def types(self, text: str) -> None:
        self.page.keyboard.type(text)

    def skips(self) -> None:
        """The first stop of a page leads past its head."""
        first = self.stop()
        assert first == "Skip to content", f"the first stop of {self.page.url} is {first}"
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#main")).to_be_focused()

    def follows_first_error(self, field: str) -> None:
        """The summary has the focus; its first link leads to the field."""
        expect(self.page.locator(".errsum")).to_be_focused()
        self.stop()
        self.page.keyboard.press("Enter")
        expect(self.page.locator(f'[name="{field}"]')).to_be_focused()
