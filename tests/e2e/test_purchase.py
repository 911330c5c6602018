"""A shopper on a phone, in Dutch: from a creator's link to an order that her bank pays later."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from affiliates import links
from shop import discounts
from shop.models import DiscountCode, Order
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.e2e import steps
from tests.e2e.person import PHONE
from tests.shop.factories import make_brand, make_variant

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


def test_a_purchase_on_a_phone_in_dutch(people):
    now = timezone.now()
    brand = make_brand(name="Molen", shipping_price=495)
    variant = make_variant(brand=brand, price=3450, title="Mok van steengoed")
    make_collaboration(brand)
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=now)
    links.accept_terms(creator.user, now)
    link = links.take(creator, product=variant.product, platform="tiktok", at=now)
    discounts.make(DiscountCode(brand=brand, code="HERFST", rate_bp=1_000, starts_at=now))
    shopper = people(locale="nl-NL", viewport=PHONE)

    shopper.goto(f"/go/{link.code}")
    expect(shopper.page.locator("html")).to_have_attribute("lang", "nl")
    shopper.sees("Noor")
    shopper.page.locator("#buy button[type=submit]").first.click()
    shopper.page.wait_for_url("**/cart/")
    shopper.sees("€ 39,45")
    shopper.goto("/checkout/")
    shopper.fill(**steps.BUYER)
    shopper.fill(discount_code="herfst")
    shopper.press("Gebruik de korting")
    shopper.sees("HERFST geeft 10% korting op wat Molen verkoopt.")
    assert shopper.page.locator('[name="email"]').input_value() == steps.BUYER["email"]
    shopper.checks_page()
    order = shopper.page.get_by_role("button", name=re.compile("betalingsverplichting|€ 36,00"))
    order.last.click()
    shopper.page.wait_for_url("**/pay/fake/**")
    shopper.press("dagen duurt")
    shopper.page.wait_for_url("**/orders/**")
    shopper.sees("Je bank is ermee bezig")
    shopper.checks_page()
    assert Order.objects.get().processing_at

    shopper.goto(f"/pay/fake/{Order.objects.get().sessions.get().reference}/")
    shopper.press("Laat de bank betalen")
    shopper.page.wait_for_url("**/orders/**")
    shopper.sees("Korting HERFST")
    shopper.checks_page()
    assert Order.objects.get().status == "paid"
