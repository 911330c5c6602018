"""The work of a creator, a shopper and a brand by keyboard alone: a link, a withdrawal, a commission."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from affiliates.models import Collaboration, Link
from shop import orders, parcels
from shop.models import Order, Return
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_order, make_variant

pytestmark = [
    pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]  # fmt: skip


def test_a_creator_takes_a_link_by_keyboard(walker):
    variant = make_variant(brand=make_brand(), title="Bread tin")
    make_collaboration(variant.brand)
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=timezone.now())
    walker.signs_in_before(creator.user)
    walker.person.goto("/creator/market/")
    walker.skips()
    walker.stops("terms")
    walker.page.keyboard.press("Space")
    walker.stops("Get link Bread tin")
    walker.page.keyboard.press("Enter")
    walker.person.sees("is ready")

    card = walker.page.locator(f"#p{variant.product_id}")
    expect(
        card.locator(":focus")
    ).to_be_visible()  # what she got has the focus: the next stop is its
    assert Link.objects.get().creator == creator
    walker.stop()
    expect(card.locator(":focus")).to_be_visible()


def test_a_shopper_withdraws_by_keyboard(walker):
    shopper, now = make_user(), timezone.now()
    order = make_order((make_variant(brand=make_brand(owner=make_user())), 2))
    Order.objects.filter(pk=order.pk).update(buyer=shopper)
    part = order.parts.get()
    parcels.deliver(part, now)
    walker.signs_in_before(shopper)
    walker.person.goto(f"/orders/{orders.token(order)}/")
    walker.skips()
    walker.stops("Withdraw from this purchase")
    walker.page.keyboard.press("Enter")
    walker.page.wait_for_url("**/withdraw/**")
    walker.skips()
    line = part.lines.get()
    walker.stops(f"line_{line.pk}")
    walker.types("1")
    walker.stops("reason")
    walker.types("Too small")
    walker.stops("Next")
    walker.page.keyboard.press("Enter")
    expect(walker.page.get_by_role("button", name="Confirm withdrawal")).to_be_visible()
    walker.stops("confirm")  # the address still ends at #main: she is past the head
    walker.page.keyboard.press("Enter")
    walker.page.wait_for_url(re.compile(r"/orders/[^/]+/(#main)?$"))

    made = Return.objects.get()
    assert (made.reason, made.lines.get().quantity) == ("Too small", 1)


def test_a_brand_sets_a_commission_by_keyboard(walker):
    owner = make_user()
    brand = make_brand(owner=owner)
    make_variant(brand=brand)
    walker.signs_in_before(owner)
    walker.person.goto(f"/brand/{brand.slug}/collaborations/new/")
    walker.skips()
    walker.stops("Open the collaboration")
    walker.page.keyboard.press("Enter")
    walker.follows_first_error("name")
    walker.types("Autumn breads")
    walker.stops("percent")
    walker.page.keyboard.press("Control+A")
    walker.types("12.5")
    walker.stops("Open the collaboration")
    walker.page.keyboard.press("Enter")
    walker.person.sees("12.5%")

    made = Collaboration.objects.get()
    assert (made.name, made.rate_bp) == ("Autumn breads", 1_250)
