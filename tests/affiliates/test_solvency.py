"""The solvency light: what creators see of a brand's money, and that red stops new links."""

from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import links, payouts, settlement, solvency
from affiliates.models import BrandLight, Link, Participation, Payout
from shop import refunds
from tests.affiliates import factories as money
from tests.creators.factories import make_creator, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def creator(client):
    creator = make_creator(handle="noor", followers=6_000, user=make_user())
    client.force_login(creator.user)
    return creator


def offer(brand=None):
    brand = brand or money.make_brand()
    money.make_collaboration(brand)
    return money.make_variant(brand).product


def short_brand():
    """A brand whose money went back to the shopper after the night had settled it."""
    brand = money.make_brand()
    sale = money.make_commission(brand=brand, price=34500)
    settlement.settle(money.NIGHT_OVER)
    refunds.refund(sale.order_line.brand_order.order, at=money.NIGHT_OVER)
    return brand


def light(brand) -> str:
    solvency.refresh(timezone.now())
    return BrandLight.objects.get(brand=brand).health


def test_a_brand_is_green_until_it_cannot_pay_what_it_owes():
    fresh, short = money.make_brand(), short_brand()

    assert [light(fresh), light(short)] == ["green", "red"]


def test_a_brand_with_less_than_what_may_come_back_is_amber():
    brand = money.make_brand()
    money.make_commission(brand=brand, price=34500, at=timezone.now(), delivered=None)

    assert light(brand) == "amber"


def test_looking_at_one_brand_or_at_four_asks_as_much_and_writes_one_light_each(
    django_assert_max_num_queries,
):
    brands, asked = [], []
    for more in (1, 3):
        brands += [money.make_brand() for _ in range(more)]
        with django_assert_max_num_queries(12) as count:
            solvency.refresh(timezone.now())
        asked.append(len(count))

    assert asked[0] == asked[1]
    assert set(solvency.lights([brand.pk for brand in brands])) == {brand.pk for brand in brands}


def test_the_days_are_the_median_from_delivery_to_payout():
    brand = money.make_brand()
    creator = money.make_creator()
    money.make_payable(creator)
    for days in (0, 2, 9):
        money.make_commission(
            creator, brand, 34500, delivered=money.DELIVERED - timedelta(days=days)
        )
    settlement.settle(money.NIGHT_OVER)
    (batch,) = payouts.build(money.NIGHT_OVER + timedelta(hours=4))
    paid_at = money.DELIVERED + timedelta(days=20)
    Payout.objects.filter(batch=batch).update(state="paid", paid_at=paid_at)

    assert solvency.median_days([brand.pk], paid_at) == {brand.pk: 22}
    assert solvency.median_days([brand.pk], paid_at + timedelta(days=200)) == {}


def test_every_card_shows_the_light_in_as_many_queries(
    client, creator, django_assert_max_num_queries
):
    seen, asked = [], []
    for more in (1, 2):
        for _ in range(more):
            offer()
        solvency.refresh(timezone.now())
        with django_assert_max_num_queries(12) as count:
            seen.append(client.get("/creator/market/").content.decode())
        asked.append(len(count))

    assert [page.count("Funds ready") for page in seen] == [1, 3]
    assert asked[0] == asked[1]


def test_a_short_brand_gives_no_new_links_and_keeps_the_old_ones(client, creator):
    now = timezone.now()
    links.accept_terms(creator.user, now)
    brand = money.make_brand()
    product = offer(brand)
    other = money.make_variant(brand).product
    old = links.take(creator, product=product, platform="tiktok", at=now)
    sale = money.make_commission(brand=brand, price=34500)
    settlement.settle(money.NIGHT_OVER)
    refunds.refund(sale.order_line.brand_order.order, at=money.NIGHT_OVER)
    solvency.refresh(now)

    page = client.get("/creator/market/").content.decode()
    answer = client.post(
        "/creator/market/take/", {"product": other.pk, "platform": "tiktok"},
        headers={"HX-Request": "true"},
    )  # fmt: skip

    assert "Short of funds" in page
    assert f'form="take{other.pk}"' not in page
    assert answer.status_code == 422
    assert "no new links" in answer.content.decode()
    assert links.take_many(creator, [other], "tiktok", now) == {other.pk: "short"}
    assert links.take(creator, product=product, platform="tiktok", at=now) == old
    assert Link.objects.get().is_active


def test_an_invitation_and_a_link_show_the_light(client, creator):
    now = timezone.now()
    links.accept_terms(creator.user, now)
    product = offer()
    link = links.take(creator, product=product, platform="tiktok", at=now)
    invited = money.make_collaboration(product.brand, kind="targeted")
    Participation.objects.create(
        creator=creator, collaboration=invited, state="invited", asked_at=now
    )
    BrandLight.objects.create(brand=product.brand, health="amber", median_days=23, seen_at=now)

    for path in ("/creator/invitations/", f"/creator/links/{link.pk}/"):
        page = client.get(path).content.decode()
        assert "Funds tight" in page, path
        assert "Usually 23 days from delivery to payout." in page, path
