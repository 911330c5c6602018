"""The pages that matter most, with JavaScript switched off."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from affiliates import links
from affiliates.models import Commission
from shop.models import Order
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.e2e import steps
from tests.e2e.person import PASSWORD
from tests.shop.factories import make_brand, make_variant

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_the_checker_answers_without_script(people):
    visitor = people(java_script_enabled=False)
    visitor.goto("/")
    visitor.tick("platform", "tiktok")
    visitor.fill(followers="900")
    visitor.page.locator('form:has([name="followers"]) button[type=submit]').first.click()

    expect(visitor.page.locator("body")).to_contain_text("900 today. 100 to go.")


def test_joining_begins_without_script(people):
    creator = people(java_script_enabled=False)
    creator.goto("/accounts/signup/?next=/creator/join/")
    creator.fill(email="plain@creators.example", password1=PASSWORD)
    creator.page.locator("main form button[type=submit]").first.click()
    creator.page.wait_for_url("**/confirm-email/**")

    expect(creator.page.locator('[name="code"]').first).to_be_visible()


def test_a_shopper_buys_from_a_link_without_script(people):
    variant = make_variant(brand=make_brand(), price=3450)
    make_collaboration(variant.brand)
    now = timezone.now()
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=now)
    links.accept_terms(creator.user, now)
    link = links.take(creator, product=variant.product, platform="tiktok", at=now)
    shopper = people(inspects=False, java_script_enabled=False)
    shopper.goto(f"/go/{link.code}")
    shopper.sees("earns a commission")
    steps.orders(shopper)
    steps.pays(shopper)

    assert Order.objects.get().status == "paid"
    assert Commission.objects.get().creator == creator
