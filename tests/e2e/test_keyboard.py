"""Checkout and joining by keyboard alone: the order, what is seen, and where errors lead."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from affiliates import links
from creators.models import Creator
from shop.models import Order
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.e2e import steps
from tests.shop.factories import make_brand, make_variant

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
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
            assert len(names) < 60, names
            names.append(self.stop())
        return names

    def types(self, text: str) -> None:
        self.page.keyboard.type(text)

    def skips(self) -> None:
        """The first stop of a page leads past its head."""
        assert self.stop() == "Skip to content"
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#main")).to_be_focused()

    def follows_first_error(self, field: str) -> None:
        """The summary has the focus; its first link leads to the field."""
        expect(self.page.locator(".errsum")).to_be_focused()
        self.stop()
        self.page.keyboard.press("Enter")
        expect(self.page.locator(f'[name="{field}"]')).to_be_focused()


@pytest.fixture
def walker(people):
    return Walker(people(inspects=False, bypass_csp=True, reduced_motion="reduce"))


def test_a_shopper_buys_by_keyboard(walker):
    variant = make_variant(brand=make_brand(), price=3450)
    make_collaboration(variant.brand)
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=timezone.now())
    links.accept_terms(creator.user, timezone.now())
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())
    walker.person.goto(f"/go/{link.code}")
    walker.skips()
    walker.stops("quantity")
    walker.stop()
    walker.page.keyboard.press("Enter")
    walker.page.wait_for_url("**/cart/")

    walker.person.goto("/checkout/")
    walker.skips()
    order = "Order with obligation to pay: €34.50"
    assert walker.stops(order)[-3:] == ["creator_code", "apply_code", order]
    walker.page.keyboard.press("Enter")
    walker.follows_first_error("email")
    walker.types(steps.BUYER["email"])
    for field in ("name", "address", "postal_code", "city", "country", "phone"):
        assert walker.stop() == field
        walker.types(steps.BUYER.get(field, ""))
    walker.page.keyboard.press("Enter")  # in a field: it orders, whatever buttons stand between
    walker.page.wait_for_url("**/pay/fake/**")
    walker.stops("pay")
    walker.page.keyboard.press("Enter")
    walker.page.wait_for_url("**/orders/**")

    assert Order.objects.get().status == "paid"


def test_a_creator_joins_by_keyboard(walker):
    steps.signs_up(walker.person, "noor@creators.example", "/creator/join/")
    walker.skips()
    walker.stops("Save and connect channels")
    walker.page.keyboard.press("Enter")
    walker.follows_first_error("display_name")
    walker.types("Noor")
    assert walker.stop() == "handle"
    walker.types("noor.bakes")
    assert walker.stop() == "birth_on"
    walker.types("05051998")  # day or month first, as the machine has it
    while walker.stop() != "niches":
        pass
    walker.page.keyboard.press("Space")
    walker.stops("Save and connect channels")
    walker.page.keyboard.press("Enter")
    walker.page.wait_for_url("**/join/channels/**")

    creator = Creator.objects.get()
    assert (creator.handle, creator.birth_on.isoformat()) == ("noor.bakes", "1998-05-05")
    assert creator.niches.count() == 1
    walker.skips()
    walker.stops("Connect TikTok")
    walker.page.keyboard.press("Enter")
    walker.page.wait_for_url("**/authorize/**")
