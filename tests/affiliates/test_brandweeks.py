"""Weeks of brands: summed once, and never other than what the lines say."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from affiliates import brandweeks, clock, commissions
from affiliates.models import BrandWeek, BrandWeekStale
from shop import refunds
from tests.affiliates.factories import NIGHT_OVER, PAID, make_brand, make_commission, make_creator
from tests.properties import examples

THIS = clock.monday_of(clock.local_day(NIGHT_OVER))
SINCE, BEFORE = THIS - timedelta(weeks=3), THIS - timedelta(weeks=7)
AGES = st.integers(0, 7 * 8)


def read(brand):
    return sorted(
        brandweeks.read(brand.pk, "EUR", SINCE, THIS, BEFORE),
        key=lambda row: tuple(str(part) for part in row),
    )


def from_lines(brand):
    """Return what `read` says where nothing is kept."""
    kept = list(BrandWeek.objects.all())
    BrandWeek.objects.all().delete()
    found = read(brand)
    BrandWeek.objects.bulk_create(kept)
    return found


def refund_some(sale, cents):
    order = sale.order_line.brand_order.order
    left = refunds.left(refunds.slots_of(order))
    if left:
        refunds.refund(order, at=NIGHT_OVER, amount=min(cents, left))


@pytest.mark.django_db
@settings(deadline=None, max_examples=examples(25))
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("sell"), AGES, st.integers(0, 1)),
            st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 2_000)),
            st.tuples(st.just("void"), st.integers(0, 9), st.just(0)),
            st.tuples(st.just("refresh"), st.just(0), st.just(0)),
        ),
        max_size=14,
    )
)
def test_the_sums_are_those_of_the_lines_whatever_happened_when(steps):
    brand, people = make_brand(), [make_creator(), make_creator()]
    sales = []
    for step, which, more in steps:
        if step == "sell":
            at = NIGHT_OVER - timedelta(days=which)
            sales.append(make_commission(people[more], brand, at=at, delivered=at))
        elif step == "refresh":
            brandweeks.refresh(NIGHT_OVER)
        elif sales and step == "refund":
            refund_some(sales[which % len(sales)], more)
        elif sales:
            commissions.void([sales[which % len(sales)].pk])
        assert read(brand) == from_lines(brand)


@pytest.mark.django_db
def test_a_week_that_is_over_is_kept_and_the_open_one_is_not():
    brand = make_brand()
    make_commission(brand=brand, at=PAID)
    make_commission(brand=brand, at=NIGHT_OVER)

    assert brandweeks.refresh(NIGHT_OVER) >= 1

    kept = BrandWeek.objects.filter(brand=brand, grain="all")
    assert [row.week for row in kept] == [clock.monday_of(PAID.date())]
    assert {row.grain for row in BrandWeek.objects.filter(brand=brand)} == set(BrandWeek.Grain)
    assert not BrandWeekStale.objects.exists()
    assert brandweeks.refresh(NIGHT_OVER) == 0


@pytest.mark.django_db
def test_what_comes_back_later_is_seen_at_once_and_then_summed_again():
    brand = make_brand()
    sale = make_commission(brand=brand, at=PAID)
    brandweeks.refresh(NIGHT_OVER)

    refunds.refund(sale.order_line.brand_order.order, at=NIGHT_OVER)

    all_sales = next(row for row in read(brand) if row[0] == "all")
    assert all_sales[6:9] == (0, 0, 0)
    assert BrandWeekStale.objects.filter(brand=brand).exists()
    brandweeks.refresh(NIGHT_OVER)
    assert BrandWeek.objects.get(brand=brand, grain="all").sales == 0
    assert not BrandWeekStale.objects.exists()


@pytest.mark.django_db
def test_another_brands_sales_and_another_currency_stay_out():
    brand, other = make_brand(), make_brand()
    make_commission(brand=other, at=PAID)
    yen = make_brand(currency="JPY")
    make_commission(brand=yen, at=PAID)
    brandweeks.refresh(NIGHT_OVER)

    assert read(brand) == [] == read(yen)
    assert brandweeks.read(yen.pk, "JPY", SINCE, THIS, BEFORE) != []


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_while_weeks_are_summed_is_not_lost():
    brand = make_brand()
    sale = make_commission(brand=brand, at=PAID)
    written, summed = threading.Event(), threading.Event()

    def void():
        try:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute(
                    "UPDATE affiliates_commission SET state = 'void' WHERE id = %s", [sale.pk]
                )
                written.set()
                assert summed.wait(20)
                cursor.execute("COMMIT")
        finally:
            written.set()
            connection.close()

    thread = threading.Thread(target=void)
    thread.start()
    assert written.wait(20)
    brandweeks.refresh(NIGHT_OVER)
    assert next(row for row in read(brand) if row[0] == "all")[6] > 0
    summed.set()
    thread.join()

    assert read(brand) == []
    brandweeks.refresh(NIGHT_OVER)
    assert not BrandWeek.objects.filter(brand=brand).exists()
