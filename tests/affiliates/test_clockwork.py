"""Nights and payout days by any clock: late, twice at once, on change nights, set back."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as site

from affiliates import clock, ledger, payouts, settlement
from affiliates.models import Commission, LedgerEntry, Payout, SettlementLine, SettlementRun
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_brand,
    make_commission,
    make_creator,
    make_payable,
)
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
DAY = timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nights_of(rows) -> list[date]:
    rows = Commission.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    return list(rows.values_list("settlement_line__run__night", flat=True))


# Each change night: when it begins and ends in UTC, and how long it lasts.
CHANGES = [
    (date(2026, 10, 25), "2026-10-24T22:00", "2026-10-25T23:00", 25),
    (date(2027, 3, 28), "2027-03-27T23:00", "2027-03-28T22:00", 23),
]


@pytest.mark.parametrize(("night", "begins", "ends", "hours"), CHANGES)
def test_a_change_night_settles_what_is_due_in_it_and_nothing_else(night, begins, ends, hours):
    begins, ends = utc(begins), utc(ends)
    assert ends - begins == timedelta(hours=hours)
    creator, brand = make_creator(), make_brand()
    sales = []
    for n in (-1, 0, 1):  # delivered so that they are due the day before, that day, the day after
        delivered = clock.midnight(night + (n - 15) * DAY) + timedelta(hours=12)
        sales.append(make_commission(creator, brand, at=delivered - DAY, delivered=delivered))
    assert [row.due_at for row in sales[1:]] == [begins, ends]

    settlement.settle(ends - timedelta(microseconds=1))
    assert nights_of(sales) == [night - DAY, None, None]
    settlement.settle(ends)
    assert nights_of(sales) == [night - DAY, night, None]
    settlement.settle(ends + DAY)
    assert nights_of(sales) == [night - DAY, night, night + DAY]


@pytest.mark.parametrize("moment", [
    "2026-10-24T21:59:59.999999", "2026-10-24T22:00", "2026-10-25T00:30", "2026-10-25T01:30",
    "2026-10-25T22:59:59.999999", "2026-10-25T23:00", "2027-03-28T00:59:59.999999",
    "2027-03-28T01:00", "2027-03-28T21:59:59.999999", "2027-03-28T22:00",
])  # fmt: skip
def test_any_moment_of_delivery_belongs_to_one_calendar_day(moment):
    """00:30 and 01:30 UTC are both half past two in the autumn night: the same day."""
    delivered = utc(moment)
    sale = make_commission(at=delivered - DAY, delivered=delivered)
    local = delivered.astimezone(clock.zone()).date()

    assert sale.due_at == clock.midnight(local + 15 * DAY)
    settlement.settle(clock.cutoff_of(local + 14 * DAY))
    assert nights_of([sale]) == [None]
    settlement.settle(clock.cutoff_of(local + 15 * DAY))
    assert nights_of([sale]) == [local + 15 * DAY]


def test_a_night_that_is_late_takes_only_what_was_due_in_it():
    """The night of the 19th runs on the 20th at noon, while sales go on."""
    first = make_commission()
    settlement.settle(NIGHT_OVER - DAY)
    run = settlement.start(date(2026, 11, 19))  # it has begun, and is not through
    late = make_commission(first.creator, first.brand)
    assert late.due_at == run.cutoff

    result = settlement.settle(datetime(2026, 11, 20, 11, tzinfo=UTC))
    assert (result.nights, result.commissions) == ([date(2026, 11, 19)], 1)
    assert nights_of([first, late]) == [date(2026, 11, 19), None]


def test_a_missed_week_is_caught_up_night_by_night():
    creator, brand = make_creator(), make_brand()
    sales = [make_commission(creator, brand, delivered=PAID + n * DAY) for n in range(7)]
    settlement.settle(PAID + 30 * DAY)

    assert nights_of(sales) == [date(2026, 11, 17) + n * DAY for n in range(7)]
    assert SettlementRun.objects.filter(completed_at=None).count() == 0


def test_a_clock_that_jumps_back_changes_nothing():
    sale = make_commission()
    settlement.settle(NIGHT_OVER)
    before = list(LedgerEntry.objects.order_by("id").values())

    for back in (timedelta(hours=1), 5 * DAY, 400 * DAY):
        assert settlement.settle(NIGHT_OVER - back).nights == []
    assert list(LedgerEntry.objects.order_by("id").values()) == before
    # What is written by the clock that is behind still waits for a night to come.
    behind = make_commission(sale.creator, sale.brand, at=PAID - 300 * DAY, delivered=None)
    assert behind.due_at == clock.cutoff_of(date(2026, 11, 19))
    settlement.settle(NIGHT_OVER + DAY)
    assert nights_of([sale, behind]) == [date(2026, 11, 19), date(2026, 11, 20)]


def test_fifty_calls_for_one_night_are_one():
    make_commission()
    settlement.settle(NIGHT_OVER)
    before = list(LedgerEntry.objects.order_by("id").values())
    for _again in range(50):
        assert settlement.settle(NIGHT_OVER).nights == []
    assert list(LedgerEntry.objects.order_by("id").values()) == before


# ------------------------------------------------------------ at once


def due(count: int) -> list[Commission]:
    """Make due commissions of as many creators who can be paid."""
    rows = [make_commission(price=34500) for _n in range(count)]
    for row in rows:
        make_payable(row.creator)
    return rows


def settled_once(rows) -> bool:
    posted = LedgerEntry.objects.filter(kind="settlement").values_list("amount", flat=True)
    lines = SettlementLine.objects.values_list("amount", flat=True)
    return sum(posted) == sum(lines) == sum(row.amount for row in rows)


def processes(*commands: list[str]) -> list[int]:
    """Run management commands at the same moment; return their exit codes."""
    running = [
        subprocess.Popen(
            [sys.executable, "manage.py", *command], cwd=site.BASE_DIR,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for command in commands
    ]  # fmt: skip
    return [
        process.wait() if not process.communicate()[1] else process.wait() for process in running
    ]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_settle_and_then_two_build_in_processes_of_their_own():
    rows = due(12)
    settle = ["settle", "--as-of", NIGHT_OVER.isoformat()]
    codes = processes(settle, settle)
    assert settlement.settle(NIGHT_OVER).left == 0
    assert set(codes) <= {0, 1}  # 1: the other one still held shards
    assert settled_once(rows)

    processes(["payouts", "build"], ["payouts", "build"])
    payouts.build(clock.now())
    assert Payout.objects.count() == 12
    assert {ledger.balance(ledger.creator(row.creator_id), "EUR") for row in rows} == {0}


@pytest.mark.django_db(transaction=True)
def test_nights_and_builds_at_once_in_threads():
    rows = due(12)
    jobs = [lambda: settlement.settle(NIGHT_OVER), lambda: payouts.build(NIGHT_OVER)] * 3

    at_once(*jobs)

    assert settlement.settle(NIGHT_OVER).left == 0
    payouts.build(NIGHT_OVER + 7 * DAY)
    assert settled_once(rows)
    assert Payout.objects.count() == 12
