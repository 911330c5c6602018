"""A month that is closed stays as it was read; what is late falls into the open one."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliates import closedmonths, ledger, payouts, settlement, statements
from affiliates.ledger import Transfer
from affiliates.models import Account, ClosedMonth, LedgerEntry
from tests.affiliates import factories as money
from tests.affiliates.test_payouts import FRIDAY
from tests.properties import examples

DECEMBER = datetime(2026, 11, 30, 23, tzinfo=UTC)  # 00:00 in Amsterdam on 1 December
NOVEMBER = date(2026, 11, 1)


def entry(brand, amount, at, n):
    row = Transfer("topup", ledger.CLEARING, ledger.brand(brand.pk), amount, "EUR", "top_up", n)
    return ledger.post([row], at)


def statement(brand, month):
    account = Account.objects.get(kind="brand_balance", brand=brand)
    return statements.of(account, "EUR", month)


@pytest.mark.django_db
def test_a_late_entry_falls_into_the_month_in_which_it_is_posted():
    brand = money.make_brand()
    entry(brand, 100, DECEMBER - timedelta(hours=2), 1)
    assert [closedmonths.close(DECEMBER), closedmonths.close(DECEMBER)] == [1, 0]
    before = statement(brand, NOVEMBER)

    entry(brand, 7, DECEMBER - timedelta(minutes=1), 2)

    assert statement(brand, NOVEMBER) == before
    after = statement(brand, date(2026, 12, 1))
    assert (before.closing, after.opening, after.closing) == (100, 100, 107)
    assert LedgerEntry.objects.get(source_id=2).posted_at == DECEMBER


@pytest.mark.django_db
def test_a_month_that_is_not_over_is_not_closed():
    closedmonths.close(DECEMBER - timedelta(seconds=1))
    assert list(ClosedMonth.objects.values_list("month", flat=True)) == [date(2026, 10, 1)]


@pytest.mark.django_db
def test_a_closed_month_is_not_opened_again():
    closedmonths.close(DECEMBER)
    for change in ("delete", "update"):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows = ClosedMonth.objects.all()
            rows.delete() if change == "delete" else rows.update(closed_at=FRIDAY)


@pytest.mark.django_db
@pytest.mark.usefixtures("books")
def test_payouts_and_nights_keep_out_of_it_too():
    creator = money.make_creator()
    money.make_payable(creator)
    money.make_commission(creator, price=34500)
    settlement.settle(money.NIGHT_OVER)
    ClosedMonth.objects.create(
        month=NOVEMBER, until=datetime(2099, 1, 1, tzinfo=UTC), closed_at=FRIDAY
    )
    money.make_commission(creator, price=34500)
    settlement.settle(money.NIGHT_OVER + timedelta(days=1))
    payouts.build(FRIDAY)
    for kind in ("payout", "settlement"):
        newest = LedgerEntry.objects.filter(kind=kind).latest("id")
        assert newest.posted_at == datetime(2099, 1, 1, tzinfo=UTC), kind


@pytest.mark.django_db(transaction=True)
def test_closing_leaves_it_for_later_while_somebody_posts():
    brand = money.make_brand()
    posted, may_end = threading.Event(), threading.Event()

    def post():
        with transaction.atomic():
            entry(brand, 100, DECEMBER - timedelta(hours=1), 1)
            posted.set()
            may_end.wait(20)
        connection.close()

    thread = threading.Thread(target=post)
    thread.start()
    posted.wait(20)
    try:
        assert closedmonths.close(DECEMBER) == 0
    finally:
        may_end.set()
        thread.join()
    assert closedmonths.close(DECEMBER) == 1
    assert statement(brand, NOVEMBER).closing == 100


HOURS = st.integers(-3 * 31 * 24, 3 * 31 * 24)


@pytest.mark.django_db
@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.tuples(HOURS, st.integers(1, 10_000), st.booleans()), max_size=12))
def test_whatever_comes_late_a_closed_statement_stays_and_months_join(steps):
    with transaction.atomic():
        brand = money.make_brand()
        entry(brand, 1, DECEMBER - timedelta(days=200), 10_000_000)
        kept = {}
        for n, (hours, amount, closes) in enumerate(steps):
            at = DECEMBER + timedelta(hours=hours)
            entry(brand, amount, at, 10_000_001 + n)
            if closes and closedmonths.close(at):
                month = closedmonths.last_over(at)
                kept[month] = statement(brand, month)
        for month, read in kept.items():
            assert statement(brand, month) == read
            assert statement(brand, statements.following(month)).opening == read.closing
        transaction.set_rollback(True)
