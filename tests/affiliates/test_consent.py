"""A shopper's choice about the one cookie, per country; and the bag that moves to another browser."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from affiliates import links, referral
from affiliates.models import Commission
from config.lib.http import path_of
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_variant
from tests.test_journeys import BUYER, CHROME, to_payment

pytestmark = pytest.mark.django_db
TIKTOK = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0 Mobile Safari/537.36 musical_ly_2023 BytedanceWebview/d8a21c6"
)


@pytest.fixture
def variant():
    variant = make_variant(brand=make_brand(), price=3450)
    make_collaboration(variant.brand, rate_bp=1200)
    return variant


@pytest.fixture
def link(variant):
    now = timezone.now()
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=now)
    links.accept_terms(creator.user, now)
    return links.take(creator, product=variant.product, platform="tiktok", at=now)


@pytest.fixture
def shopper():
    return Client(**CHROME)


@pytest.fixture
def abroad(settings):
    """A shopper in a country that asks for consent, as the proxy tells."""
    settings.COUNTRY_HEADER = "HTTP_X_COUNTRY"
    return Client(**CHROME, HTTP_X_COUNTRY="DE")


def buy(shopper, variant):
    shopper.post(to_payment(shopper, variant), {"pay": "1"})


def test_at_home_the_cookie_needs_no_question(shopper, link):
    answer = shopper.get(f"/go/{link.code}")
    assert referral.read(answer.cookies["touches"].value)
    assert "needs no question beforehand" in shopper.get("/cookies/").content.decode()


def test_a_no_deletes_the_clicks_is_remembered_and_still_lands(shopper, link, variant):
    shopper.get(f"/go/{link.code}")
    shopper.post("/cookies/", {"choice": "decline"})
    again = shopper.get(f"/go/{link.code}")

    assert shopper.cookies["touches"].value == "no"
    assert (again.status_code, "touches" in again.cookies) == (302, False)
    assert "touch=" not in again["Location"]
    buy(shopper, variant)
    assert not Commission.objects.exists()

    shopper.post("/cookies/", {"choice": "accept"})
    assert "touches" in shopper.get(f"/go/{link.code}").cookies


def test_where_consent_is_needed_the_click_travels_without_a_cookie(abroad, link, variant):
    sent = abroad.get(f"/go/{link.code}")
    assert "touches" not in sent.cookies

    page = abroad.get(path_of(sent["Location"]))
    text = page.content.decode()
    assert "earns a commission if you buy this" in text
    touch = re.search(r'name="touch" value="([^"]+)"', text)[1]
    abroad.post("/cart/add/", {"variant": variant.pk, "touch": touch})
    form = abroad.get("/checkout/").context["form"]
    assert form is not None
    assert "touches" not in abroad.cookies

    asked = abroad.get(f"/cookies/?touch={touch}").content.decode()
    assert "we ask you first" in asked
    abroad.post("/cookies/", {"choice": "accept", "touch": touch})
    assert referral.read(abroad.cookies["touches"].value)[0].link_id == link.pk


def test_a_click_that_is_carried_lasts_for_hours_only(link):
    seen = referral.Seen(1, link.pk, "AYAAAAAAcAAAAAAAAAAAAA", 1200, "thousand_first")
    at = seen.clicked_at
    assert referral.carried(referral.stamp(seen), at + referral.CARRIED_FOR) == [seen]
    assert referral.carried(referral.stamp(seen), at + referral.CARRIED_FOR * 2) == []
    assert referral.carried("forged:text", at) == []


def test_in_an_apps_browser_the_bag_moves_with_its_click(link, variant, shopper):
    inside = Client(**CHROME | {"HTTP_USER_AGENT": TIKTOK})
    inside.get(f"/go/{link.code}")
    inside.post("/cart/add/", {"variant": variant.pk})
    text = inside.get("/cart/").content.decode()
    assert "You are in the browser inside TikTok." in text
    assert 'href="intent://' in text
    path = re.search(r'data-copy="[^"]*(/cart/open/[^"]+)"', text)[1]

    assert shopper.get(path)["Location"].startswith("/cart/")
    assert shopper.get("/cart/").context["bag"].count == 1
    assert "browser inside" not in shopper.get("/cart/").content.decode()
    buy_there(shopper)
    assert Commission.objects.get().creator == link.creator


def buy_there(shopper):
    form = shopper.get("/checkout/").context["form"]
    hidden = {name: form.initial[name] for name in ("total", "key")}
    sent = shopper.post("/checkout/", BUYER | hidden)
    shopper.post("/pay/" + sent["Location"].split("/pay/")[1], {"pay": "1"})


def test_a_bag_of_ones_own_stays_and_a_forged_address_moves_nothing(link, variant, shopper):
    inside = Client(**CHROME | {"HTTP_USER_AGENT": TIKTOK})
    inside.post("/cart/add/", {"variant": variant.pk, "quantity": 3})
    text = inside.get("/cart/").content.decode()
    path = re.search(r'data-copy="[^"]*(/cart/open/[^"]+)"', text)[1]

    assert shopper.get(path[:-3] + "xx/")["Location"] == "/shop/"
    shopper.post("/cart/add/", {"variant": variant.pk})
    shopper.get(path)
    assert shopper.get("/cart/").context["bag"].count == 1
