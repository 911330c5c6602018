"""What one person after the other does, from a link to a commission, without a browser."""

import pytest
from django.test import Client
from django.utils import timezone

from affiliates import links, referral
from affiliates.models import Commission
from affiliates.models.links import PostedOn
from affiliates.shelf import put
from shop.models import CartLine, Order
from tests.affiliates.factories import make_collaboration
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_redis")]
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


def test_a_product_bought_from_a_creators_page_is_credited_to_her(shopper, creator, variant):
    put(creator, variant.product, timezone.now())
    link = creator.links.get(platform=PostedOn.PAGE)
    assert f"/go/{link.code}" in shopper.get("/@noor/").content.decode()

    shown = shopper.get(f"/go/{link.code}", follow=True)
    assert "earns a commission" in shown.content.decode()
    shopper.post(to_payment(shopper, variant), {"pay": "1"})

    commission = Commission.objects.get()
    assert (commission.creator, commission.state, commission.amount) == (creator, "pending", 342)


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


def test_a_payment_in_another_browser_without_cookies_is_still_credited(
    shopper, creator, variant
):  # fmt: skip
    link = links.take(creator, product=variant.product, platform="tiktok", at=timezone.now())
    shopper.get(f"/go/{link.code}")
    payment = to_payment(shopper, variant)

    Client().post(payment, {"pay": "1"})

    assert Commission.objects.get().creator == creator


def test_a_tampered_cookie_is_ignored(shopper, creator, variant):
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


def test_a_payment_that_fails_leaves_the_bag_as_it_was(shopper, variant):
    payment = to_payment(shopper, variant)
    before = list(CartLine.objects.values("variant", "quantity", "touch"))

    answer = shopper.post(payment, {"fail": "1"}, follow=True)

    assert answer.redirect_chain[-1][0] == "/checkout/"
    assert list(CartLine.objects.values("variant", "quantity", "touch")) == before
    shopper.post(to_payment(shopper, variant), {"pay": "1"})
    assert Order.objects.filter(status="paid").count() == 1


def test_an_unknown_link_is_a_friendly_page_with_the_shops_search(shopper):
    answer = shopper.get("/go/nothing-2345")

    assert answer.status_code == 404
    assert 'name="q"' in answer.content.decode()
