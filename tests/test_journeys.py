"""What one person after the other does, from a link to a commission, without a browser."""

import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from affiliates import links, referral
from affiliates.models import Attribution, Commission, Link
from affiliates.models.links import PostedOn
from affiliates.shelf import put
from shop.models import CartLine, Order
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_variant

pytestmark = pytest.mark.django_db
CHROME = {
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36",
    "HTTP_SEC_FETCH_DEST": "document",
    "HTTP_SEC_FETCH_MODE": "navigate",
}
BUYER = {
    "email": "shopper@people.example", "name": "A Shopper", "address": "Canal 12",
    "postal_code": "3511 AB", "city": "Utrecht", "country": "NL",
}  # fmt: skip


@pytest.fixture
def creator():
    creator = make_creator(
        handle="noor", followers=6_000, user=make_user(), at=timezone.now()
    )  # fmt: skip
    links.accept_terms(creator.user, timezone.now())
    return creator


@pytest.fixture
def variant():
    variant = make_variant(brand=make_brand(), price=3450)
    make_collaboration(variant.brand, rate_bp=1200)
    return variant


@pytest.fixture
def shopper():
    return Client(**CHROME)


def to_payment(shopper, variant) -> str:
    """Put it in the bag and order; return the address of the payment page."""
    shopper.post("/cart/add/", {"variant": variant.pk})
    form = shopper.get("/checkout/").context["form"]
    hidden = {name: form.initial[name] for name in ("total", "key")}
    answer = shopper.post("/checkout/", BUYER | hidden)
    assert answer.status_code == 302, answer.context["form"].errors
    return "/pay/" + answer["Location"].split("/pay/")[1]


def test_one_link_in_her_bio_earns_on_all_of_her_page(shopper, creator, variant):
    """Somebody else's older click on the same brand does not take what her page sold."""
    now = timezone.now()
    rival = make_creator(handle="pia", followers=6_000, user=make_user(), at=now)
    links.accept_terms(rival.user, now)
    other = make_variant(brand=make_brand(), price=1000)
    make_collaboration(other.brand, rate_bp=2000)
    for mine in (variant, other):
        put(creator, mine.product, now)
    shopper.get(f"/go/{links.take(rival, product=variant.product, at=now).code}")

    page = shopper.get("/@noor/").content.decode()
    codes = dict.fromkeys(re.findall(r'href="/go/(\w+)"', page))
    for code in codes:
        shown = shopper.get(f"/go/{code}", follow=True)
        assert shown.context["referral"].creator_handle == creator.handle
        assert "earns a commission if you buy this." in shown.content.decode()
    shopper.post("/cart/add/", {"variant": other.pk})
    shopper.post(to_payment(shopper, variant), {"pay": "1"})

    assert [Link.objects.get(code=code).platform for code in codes] == [PostedOn.PAGE] * 2
    earned = Commission.objects.values_list("creator", "state", "amount")
    assert sorted(earned) == [(creator.pk, "pending", 165), (creator.pk, "pending", 342)]
    assert {row.link.code for row in Attribution.objects.all()} == set(codes)


@pytest.mark.parametrize(("shown", "words"), [(False, "earns a commission"), (True, "earns €3.42")])
def test_the_shopper_reads_who_earns_before_and_after(shopper, creator, variant, shown, words):
    variant.brand.collaborations.update(show_amount=shown)
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())

    page = shopper.get(f"/go/{link.code}", follow=True).content.decode()
    shopper.post("/cart/add/", {"variant": variant.pk})
    assert referral.from_stamp(CartLine.objects.get().touch).link_id == link.pk
    order = shopper.post(to_payment(shopper, variant), {"pay": "1"}, follow=True)

    assert f"{words} if you buy this." in page and creator.bio in page
    name = f"Thanks to you, {creator.display_name} earns a commission."
    assert name in order.content.decode()
    elsewhere = Client().get(order.request["PATH_INFO"]).content.decode()
    assert name not in elsewhere and BUYER["address"] not in elsewhere


def test_a_payment_that_returns_in_another_browser_is_still_credited(shopper, creator, variant):
    """A banking app opens the browser that it likes, which knows neither bag nor click."""
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())
    shopper.get(f"/go/{link.code}")
    payment = to_payment(shopper, variant)

    elsewhere = Client()
    answer = elsewhere.post(payment, {"pay": "1"}, follow=True)

    assert (answer.status_code, "sessionid" in elsewhere.cookies) == (200, False)
    assert answer.request["PATH_INFO"].startswith("/orders/")
    assert BUYER["address"] not in answer.content.decode()
    assert Attribution.objects.get().link == link
    assert Commission.objects.get().creator == creator


def test_a_payment_that_returns_nowhere_is_still_credited(shopper, creator, variant):
    """The provider tells us, and the shopper has thrown her cookies away since she chose it."""
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())
    shopper.get(f"/go/{link.code}")
    shopper.post("/cart/add/", {"variant": variant.pk})
    del shopper.cookies[referral.COOKIE]
    form = shopper.get("/checkout/").context["form"]
    hidden = {name: form.initial[name] for name in ("total", "key")}
    shopper.post("/checkout/", BUYER | hidden)

    call_command("gateway_event", order=Order.objects.get().number, type="captured")

    assert Attribution.objects.get().link == link
    assert Commission.objects.get().creator == creator


def test_a_tampered_cookie_is_ignored_and_logged(shopper, creator, variant, caplog):
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())
    before = set(shopper.cookies)
    shopper.get(f"/go/{link.code}")
    [name] = set(shopper.cookies) - before
    shopper.cookies[name] = shopper.cookies[name].value[:-3] + "xyz"

    shown = shopper.get(variant.product.get_absolute_url())
    shopper.post(to_payment(shopper, variant), {"pay": "1"})

    assert "earns a commission" not in shown.content.decode()
    assert Order.objects.get().status == "paid"
    assert not Commission.objects.exists()
    assert "ignored a cookie of touches that we did not sign" in caplog.messages


def test_a_payment_that_fails_leaves_the_bag_as_it_was(shopper, creator, variant):
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())
    shopper.get(f"/go/{link.code}")
    payment = to_payment(shopper, variant)
    before = list(CartLine.objects.values("variant", "quantity", "touch"))

    answer = shopper.post(payment, {"fail": "1"}, follow=True)

    assert answer.redirect_chain[-1][0] == "/checkout/"
    assert "did not go through" in answer.content.decode()
    assert list(CartLine.objects.values("variant", "quantity", "touch")) == before
    shopper.post(to_payment(shopper, variant), {"pay": "1"})
    assert Order.objects.filter(status="paid").count() == 1
    assert Commission.objects.get().creator == creator


@pytest.mark.parametrize("code", ["abcdefghjk", "nothing-2345", "0", "a" * 300])
def test_an_unknown_link_is_a_friendly_page_with_the_shops_search(shopper, variant, code):
    answer = shopper.get(f"/go/{code}")

    assert (answer.status_code, referral.COOKIE in answer.cookies) == (404, False)
    text = answer.content.decode()
    [search] = re.findall(r'role="search" action="([^"]*)"', text)
    found = shopper.get(search, {"q": variant.product.title}).content.decode()
    assert variant.product.get_absolute_url() in found
