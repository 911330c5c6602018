"""Rates: a raise counts at once, a cut after notice and never within a link's lock or a promise."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from affiliates import attribution, clickids, collaborations, links, promises, referral
from affiliates.models import Commission
from affiliates.rates import LOCK, NOTICE, Change, Rates, Taken, effective_at, rate_at
from config.lib.money import half_up
from tests.affiliates import factories as money
from tests.affiliates.test_links import enrolled, offered

DAY = timedelta(days=1)
START = datetime(2026, 11, 2, 12, tzinfo=UTC)


def day(n: float) -> datetime:
    return START + n * DAY


def history(*steps: tuple[float, int], product_id=None, first=1500) -> tuple[Change, ...]:
    """Return the changes of a rate that began at `first`: (day of announcement, new rate)."""
    changes, old = [], first
    for n, new in steps:
        changes.append(Change(old, new, day(n), effective_at(old, new, day(n)), product_id))
        old = new
    return tuple(changes)


CUT = history((10, 1000))
TABLE = [  # what, changes, now, taken on day, day, the rate
    ("before anything", CUT, 1000, None, 0, 1500),
    ("a cut in its notice", CUT, 1000, None, 16.99, 1500),
    ("a cut after its notice", CUT, 1000, None, 17, 1000),
    ("a raise counts at once", history((10, 2000)), 2000, None, 10, 2000),
    ("a link within 30 days", CUT, 1000, 5, 34.99, 1500),
    ("a link after 30 days", CUT, 1000, 5, 35, 1000),
    ("a link that is older than 30 days when the notice ends", CUT, 1000, -20, 16.99, 1500),
    ("the same link a moment later", CUT, 1000, -20, 17, 1000),
    ("taken in the notice", CUT, 1000, 12, 41.99, 1500),
    ("taken after the cut", CUT, 1000, 18, 20, 1000),
    ("two cuts, both in the lock", history((10, 1000), (12, 500)), 500, 5, 34, 1500),
    ("two cuts, the first counted before", history((1, 1000), (12, 500)), 500, 9, 34, 1000),
    ("raised and cut in the lock", history((6, 2000), (10, 800)), 800, 5, 34, 2000),
    ("raised and cut after it", history((6, 2000), (10, 800)), 800, 5, 35, 800),
]


@pytest.mark.parametrize(("what", "changes", "now", "taken", "on", "expected"), TABLE)
def test_the_table(what, changes, now, taken, on, expected):
    lock = Taken(day(taken), day(taken) + LOCK) if taken is not None else None
    assert rate_at(now, changes, day(on), lock) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [(0, 1500), (9, 1500), (10.5, 1500), (15, 1500), (16.9, 1500), (17.5, 1000), (19, 400)],
)
def test_a_product_earns_the_collaborations_rate_until_its_own_counts(on, expected):
    """Base 15 → 10 % announced on day 10; the product 10 → 4 % announced on day 12."""
    changes = CUT + history((12, 400), product_id=7, first=1000)
    assert Rates(1000, {7: 400}, changes).at(7, day(on)) == expected
    assert Rates(1000, {7: 400}, changes).at(8, day(30)) == 1000


steps = st.lists(
    st.tuples(st.floats(0, 60), st.integers(100, 8000)), max_size=5, unique_by=lambda step: step[0]
).map(lambda rows: sorted(rows))


@given(steps, st.floats(-40, 60), st.floats(0, 90))
def test_no_link_is_ever_cut_early(steps, taken, on):
    changes = history(*steps)
    now = steps[-1][1] if steps else 1500
    lock = Taken(day(taken), day(taken) + LOCK)
    at = day(on)
    through_link = rate_at(now, changes, at, lock)

    assert through_link >= rate_at(now, changes, at)
    announced = [bp for n, bp in steps if day(n) <= at]
    assert through_link >= (announced[-1] if announced else 1500)  # a raise counts at once
    if lock.at <= at < lock.locked_until:
        assert through_link >= rate_at(now, changes, lock.at)
    if all(day(n) + NOTICE <= at for n, _bp in steps) and at >= lock.locked_until:
        assert through_link == now


# ------------------------------------------------------------ through the market's own functions


def bought(link, variant, at, clicked_at=None):
    """Buy through a link, clicked at `clicked_at`; return the commission."""
    with time_machine.travel(clicked_at or at, tick=False):
        uid = clickids.new()
    promised = promises.of_click(link, clicked_at or at, {}).bp
    brand = link.collaboration.brand
    seen = referral.Seen(brand.pk, link.pk, uid, promised, "thousand_first")
    order = money.make_order(
        {"brand": brand, "variant": variant, "judged": False}, at=at,
        referral={"clicks": {"touches": [str(seen)]}, "code": ""},
    )  # fmt: skip
    return Commission.objects.get(order_line__brand_order__order=order)


@pytest.fixture
def market(db, books):
    now = timezone.now()
    product = offered(1500)
    brand = product.brand
    brand.collaborations.update(starts_at=now - 90 * DAY)
    return enrolled(), product, product.variants.get(), brand.collaborations.get(), now


def rates_of(link, variant, *moments):
    return [bought(link, variant, at).rate_bp for at in moments]


@pytest.mark.parametrize("whole_shop", [False, True])
def test_a_cut_waits_for_the_lock_of_a_link(market, whole_shop):
    creator, product, variant, offer, now = market
    target = {"brand": product.brand} if whole_shop else {"product": product}
    link = links.take(creator, **target, at=now)
    collaborations.change_rate(offer, 900, now + DAY)

    moments = [now + 2 * DAY, now + 29 * DAY, now + 31 * DAY]
    assert rates_of(link, variant, *moments) == [1500, 1500, 900]
    clicked = bought(link, variant, now + 31 * DAY, clicked_at=now + 29 * DAY)
    assert (clicked.rate_bp, clicked.amount) == (1500, half_up(2851, 1500))


@pytest.mark.parametrize("whole_shop", [False, True])
def test_a_products_own_lower_rate_is_a_cut_too(market, whole_shop):
    creator, product, variant, offer, now = market
    target = {"brand": product.brand} if whole_shop else {"product": product}
    link = links.take(creator, **target, at=now)
    collaborations.change_rate(offer, 500, now + DAY, product=product)

    moments = [now + 9 * DAY, now + 29 * DAY, now + 31 * DAY]
    assert rates_of(link, variant, *moments) == [1500, 1500, 500]


def test_a_products_own_higher_rate_counts_at_once(market):
    creator, product, variant, offer, now = market
    link = links.take(creator, product, at=now)
    collaborations.change_rate(offer, 2500, now + DAY, product=product)

    assert rates_of(link, variant, now + DAY, now + 2 * DAY) == [2500, 2500]
    other = money.make_variant(product.brand)
    assert rates_of(link, other, now + 2 * DAY) == [1500]


def test_a_commission_keeps_its_rate(market):
    creator, product, variant, offer, now = market
    link = links.take(creator, product, at=now)
    row = bought(link, variant, now)
    collaborations.change_rate(offer, 8000, now + DAY)
    collaborations.change_rate(offer, 100, now + 2 * DAY)
    attribution.attribute(row.order_line.brand_order.order, now + 3 * DAY)
    row.refresh_from_db()

    assert (row.rate_bp, row.amount) == (1500, half_up(2851, 1500))
