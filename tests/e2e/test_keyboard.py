"""Checkout and joining by keyboard alone: the order, what is seen, and where errors lead."""

import pytest
from django.utils import timezone

from affiliates import links
from creators.models import Creator
from shop.models import Order
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.e2e import steps
from tests.shop.factories import make_brand, make_variant

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


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
    walker.signs_up("noor@creators.example", "/creator/join/")
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
