"""What hangs on each platform, by where it was seen."""

from datetime import timedelta

import pytest
from django.urls import reverse

from affiliates import clicks, clock, elsewhere, exposure, links
from affiliates.clicks import Lag
from affiliates.models import Attribution, Click, ClickElsewhere, Link, LinkDay
from creators import directory
from shop import refunds
from shop.models import Membership
from tests.affiliates.clicking import click
from tests.affiliates.factories import (
    PAID,
    make_brand,
    make_collaboration,
    make_creator,
    make_order,
    make_user,
    pay,
)
from tests.creators.factories import make_creator as make_member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
NOW = PAID + timedelta(days=2)


def link_on(platform, creator, brand, product=None) -> Link:
    return Link.objects.create(
        code=links.new_code(), creator=creator, collaboration=make_collaboration(brand),
        product=product, platform=platform, destination="/", taken_bp=1200,
        created_at=PAID - timedelta(days=100),
    )  # fmt: skip


def sell(link, price, at=PAID, clicked_at=None):
    """Sell for `price` net of VAT through a link (a string: by a typed code of a creator)."""
    creator, brand = link.creator, link.collaboration.brand
    line = {"brand": brand, "creator": creator, "price": price, "tax_bp": 0}
    order = make_order(line, at=at, paid=False, currency=brand.currency)
    Attribution.objects.filter(order_line__brand_order__order=order).update(
        link=link, clicked_at=clicked_at
    )
    pay(order, at)
    return order


def income(found) -> dict[str, tuple[int, int, int]]:
    return {part.platform: (part.income, part.orders, part.income_bp) for part in found.parts}


def test_sixty_percent_of_the_sales_are_sixty_percent():
    brand, creator = make_brand(), make_creator()
    for platform, price in (("tiktok", 6_000), ("instagram", 3_000), ("page", 1_000)):
        sell(link_on(platform, creator, brand), price)
    sell(link_on("tiktok", creator, make_brand()), 9_999)

    found = exposure.of_brand(brand, NOW)

    assert income(found) == {
        "tiktok": (6_000, 1, 6_000), "instagram": (3_000, 1, 3_000), "page": (1_000, 1, 1_000)
    }  # fmt: skip
    assert (found.hhi, found.like, found.concentration, found.largest) == (
        4_600,
        22,
        "few",
        "tiktok",
    )


def test_what_was_seen_counts_where_it_contradicts_the_link():
    brand, creator = make_brand(), make_creator()
    link = link_on("tiktok", creator, brand)
    seen_at = PAID - timedelta(hours=3)
    moments = [seen_at + timedelta(minutes=n) for n in range(3)]
    clicks.make_partitions(PAID)
    Click.objects.bulk_create(
        click(link, at, n, n, seen_platform=seen)
        for n, (at, seen) in enumerate(zip(moments, ("instagram", "tiktok", ""), strict=True))
    )
    LinkDay.objects.create(link=link, day=clock.local_day(seen_at), clicks=3, uniques=3)
    for price, at in zip((1_000, 500, 300), moments, strict=True):
        sell(link, price, clicked_at=at)

    assert [elsewhere.gather(NOW), elsewhere.gather(NOW)] == [1, 0]

    found = exposure.of_brand(brand, NOW)
    assert income(found) == {"instagram": (1_000, 1, 5_556), "tiktok": (800, 2, 4_444)}
    assert {part.platform: part.clicks for part in found.parts} == {"instagram": 1, "tiktok": 2}
    mine = exposure.of_creator(creator, NOW)
    assert income(mine) == {"instagram": (120, 1, 5_556), "tiktok": (96, 2, 4_444)}


def test_clicks_that_wait_in_the_stream_are_looked_at_later():
    link = link_on("tiktok", make_creator(), make_brand())
    at = NOW - timedelta(minutes=30)
    clicks.make_partitions(PAID)
    Click.objects.bulk_create([click(link, at, 1, 1, seen_platform="youtube")])
    assert elsewhere.gather(NOW, Lag(9, 3_600.0)) == 0
    assert elsewhere.gather(NOW, Lag(0, None)) == 0

    assert elsewhere.gather(NOW) == 1
    assert elsewhere.gather(NOW + timedelta(days=200)) == 0
    assert not ClickElsewhere.objects.exists()


def test_what_came_back_and_what_is_old_is_not_counted():
    brand, creator = make_brand(), make_creator()
    link = link_on("youtube", creator, brand)
    sell(link, 1_000, at=PAID - timedelta(days=95))
    sell(link, 4_000)
    refunds.refund(sell(link, 2_000), at=PAID + timedelta(days=1))

    assert income(exposure.of_brand(brand, NOW)) == {"youtube": (4_000, 2, 10_000)}
    assert exposure.of_creator(creator, NOW).income == 480


def test_the_trend_compares_two_times_thirty_days():
    brand, creator = make_brand(), make_creator()
    for platform, old, new in (("tiktok", 500, 900), ("facebook", 500, 100)):
        link = link_on(platform, creator, brand)
        sell(link, old, at=NOW - timedelta(days=40))
        sell(link, new)

    found = exposure.of_brand(brand, NOW)

    moves = {part.platform: (part.moved, part.moved_points) for part in found.parts}
    assert (moves, found.has_before) == ({"tiktok": ("more", 40), "facebook": ("less", 40)}, True)


def test_an_audience_without_a_second_channel_is_counted():
    brand = make_brand()
    one = make_member(followers=2_000)
    directory.record([one.pk], NOW)
    link_on("tiktok", one, brand)
    channel = one.channels.get()

    (reach,) = exposure.of_brand(brand, NOW).reach
    assert reach == exposure.Reach(channel.platform, 1, 2_000, 1, 2_000)

    other = "youtube" if channel.platform != "youtube" else "tiktok"
    one.channels.create(platform=other, external_id="x", handle="x", verified_at=NOW)
    assert exposure.of_brand(brand, NOW).alone == 0


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [([], 0), ([0], 0), ([5], 10_000), ([1, 1], 5_000), ([1, 1, 1, 1], 2_500), ([9, -4], 10_000)],
)
def test_concentration(amounts, expected):
    assert exposure.hhi(amounts) == expected


@pytest.fixture
def own():
    brand = make_brand()
    return brand, Membership.objects.create(user=make_user(), brand=brand).user


def test_pages_without_any_sale_say_so(client, own):
    brand, owner = own
    client.force_login(owner)
    page = client.get(reverse("affiliates:brand_risk", args=[brand.slug])).content.decode()
    assert "Nothing was sold through creators in the last 90 days." in page
    client.force_login(make_creator().user)
    assert (
        "You sold nothing in the last 90 days."
        in client.get(reverse("affiliates:creator_risk")).content.decode()
    )
