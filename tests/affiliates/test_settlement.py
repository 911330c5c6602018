"""The night: once, whole, resumable, and never for what is not due."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as site
from django.db import connection

from affiliates import clock, commissions, ledger, settlement
from affiliates.models import (
    Commission,
    LedgerEntry,
    RiskFlag,
    SettlementLine,
    SettlementRun,
    SettlementShard,
)
from affiliates.models.commissions import OPEN_SQL
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_brand,
    make_commission,
    make_creator,
)  # fmt: skip
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_settling_moves_what_is_due_into_the_balance():
    commission = make_commission(price=3450)
    brand_before = ledger.balance(ledger.brand(commission.brand_id), "EUR")

    result = settlement.settle(NIGHT_OVER)

    commission.refresh_from_db()
    line = SettlementLine.objects.get()
    assert (commission.state, commission.settlement_line) == ("settled", line)
    assert (line.amount, line.commission_count, line.run.night) == (342, 1, date(2026, 11, 19))
    assert (result.commissions, result.lines, result.amounts, result.left) == (
        1,
        1,
        {"EUR": 342},
        0,
    )
    assert ledger.balance(ledger.creator(commission.creator_id), "EUR") == 342
    after = ledger.balance(ledger.brand(commission.brand_id), "EUR")
    assert after == brand_before - 342 - 72  # the commission and 21 % VAT on it


def test_the_nights_run_from_the_first_commission_one_row_each():
    make_commission()
    result = settlement.settle(NIGHT_OVER)

    nights = [date(2026, 11, 2) + timedelta(days=n) for n in range(18)]
    assert result.nights == nights
    assert list(SettlementRun.objects.order_by("night").values_list("night", flat=True)) == nights
    assert SettlementShard.objects.filter(done_at=None).count() == 0


def test_settling_again_changes_nothing():
    make_commission()
    settlement.settle(NIGHT_OVER)
    entries = list(LedgerEntry.objects.order_by("id").values())

    for _again in range(20):
        assert settlement.settle(NIGHT_OVER).nights == []
    assert list(LedgerEntry.objects.order_by("id").values()) == entries


def test_nothing_is_settled_early():
    commission = make_commission()
    settlement.settle(datetime(2026, 11, 19, 22, 59, tzinfo=UTC))  # that night is not over
    commission.refresh_from_db()
    assert commission.state == "pending"

    settlement.settle(datetime(2026, 11, 19, 23, 0, tzinfo=UTC))
    commission.refresh_from_db()
    assert commission.state == "settled"


@pytest.mark.parametrize(
    ("night", "begins", "ends"),
    [
        (date(2026, 10, 25), "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        (date(2027, 3, 28), "2027-03-27T23:00Z", "2027-03-28T22:00Z"),
    ],
)
def test_nights_on_which_the_clock_changes(night, begins, ends):
    begins, ends = datetime.fromisoformat(begins), datetime.fromisoformat(ends)
    assert (clock.midnight(night), clock.cutoff_of(night)) == (begins, ends)
    assert clock.last_night_over(ends - timedelta(microseconds=1)) < night
    assert clock.last_night_over(ends) == night


def test_a_night_that_is_not_over_is_refused():
    make_commission()
    with pytest.raises(settlement.NotOver):
        settlement.settle(NIGHT_OVER, night=date(2026, 11, 20))
    with pytest.raises(settlement.NotOver):
        settlement.settle(NIGHT_OVER, night=date(2026, 11, 10))
    assert settlement.settle(NIGHT_OVER, night=date(2026, 11, 2)).nights == [date(2026, 11, 2)]


def test_live_mode_refuses_the_future(settings):
    settings.DEMO = False
    with pytest.raises(settlement.InTheFuture):
        settlement.settle(clock.now() + timedelta(days=16))


def test_what_becomes_pending_late_waits_for_the_next_night():
    first = make_commission()
    settlement.settle(NIGHT_OVER)
    late = make_commission(first.creator, make_brand(), at=PAID)

    assert late.due_at == clock.cutoff_of(date(2026, 11, 19))
    assert settlement.settle(NIGHT_OVER).commissions == 0
    assert settlement.settle(NIGHT_OVER + timedelta(days=1)).commissions == 1


def test_held_commissions_stay_and_released_ones_follow():
    commission = make_commission()
    flag = RiskFlag.objects.create(rule="x", subject="x", evidence_hash="x", opened_at=PAID)
    assert commissions.hold([commission.pk], flag=flag) == 1
    assert settlement.settle(NIGHT_OVER).commissions == 0

    commissions.release([commission.pk])
    assert settlement.settle(NIGHT_OVER).commissions == 0
    assert settlement.settle(NIGHT_OVER + timedelta(days=1)).commissions == 1


def test_one_poisoned_creator_stops_nobody_else():
    good, brand = make_commission(), make_brand()
    poisoned = make_creator(pk=good.creator_id + 64)  # the same shard
    for _n in range(2):
        commissions.adjust(poisoned, brand.pk, 2**63 - 1, "EUR", "too much", PAID)

    result = settlement.settle(NIGHT_OVER)

    good.refresh_from_db()
    assert (good.state, result.commissions, result.set_aside) == ("settled", 1, 2)
    held = Commission.objects.filter(creator=poisoned)
    assert [(c.state, c.flag.rule) for c in held] == [("held", "settlement_error")] * 2


def many(creators: int, each: int = 2) -> None:
    """Fill several shards with due adjustments, fast."""
    brands = [make_brand() for _n in range(3)]
    rows = []
    for _n in range(creators):
        creator = make_creator(user=None)
        rows += [
            Commission(
                kind="adjustment", creator=creator, brand=brands[n % 3], amount=100 + n,
                currency="EUR", reason="flat fee", due_at=PAID, created_at=PAID,
            )
            for n in range(each)
        ]  # fmt: skip
    Commission.objects.bulk_create(rows)


def assert_settled_once() -> None:
    total = sum(Commission.objects.values_list("amount", flat=True))
    posted = sum(LedgerEntry.objects.filter(kind="settlement").values_list("amount", flat=True))
    assert not Commission.objects.exclude(state="settled").exists()
    assert sum(SettlementLine.objects.values_list("amount", flat=True)) == total == posted


@pytest.mark.django_db(transaction=True)
def test_settlements_at_the_same_moment():
    many(200)

    results = at_once(*[lambda: settlement.settle(PAID + timedelta(days=1))] * 6)

    assert settlement.settle(PAID + timedelta(days=1)).left == 0
    assert sum(result.commissions for result in results) == 400
    assert SettlementRun.objects.count() == 1
    assert_settled_once()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_its_transaction_and_nothing_else():
    many(300)
    at = (PAID + timedelta(days=1)).isoformat()
    command = [sys.executable, "manage.py", "settle", "--as-of", at]
    for delay in (0.0, 0.05, 0.1):
        done = SettlementShard.objects.exclude(done_at=None).count()
        worker = subprocess.Popen(command, cwd=site.BASE_DIR, stdout=-3, stderr=-3)
        while worker.poll() is None:
            if SettlementShard.objects.exclude(done_at=None).count() > done:
                time.sleep(delay)
                os.kill(worker.pid, signal.SIGKILL)
                break
            time.sleep(0.002)
        worker.wait()

    assert settlement.settle(PAID + timedelta(days=1)).left == 0
    assert_settled_once()


def test_no_index_knows_what_the_night_writes():
    # Else PostgreSQL writes to every index of a row that is marked.
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT a.attname FROM pg_index i
               JOIN pg_depend d ON d.objid = i.indexrelid AND d.refobjid = i.indrelid
                    AND d.refobjsubid > 0
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
               WHERE i.indrelid = 'affiliates_commission'::regclass"""
        )
        known = {row[0] for row in cursor.fetchall()}
    assert {"due_at", "is_live"} <= known  # columns, and those of conditions
    assert not known & {"state", "settlement_line_id", "vat_bp"}


def test_what_is_open_is_found_without_the_state():
    settled, pending, held = (make_commission(price=price) for price in (1000, 2000, 4000))
    flag = RiskFlag.objects.create(rule="x", subject="x", opened_at=PAID)
    commissions.hold([held.pk], flag=flag)
    Commission.objects.filter(pk=pending.pk).update(due_at=NIGHT_OVER + timedelta(days=5))

    def found():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM affiliates_commission c WHERE {OPEN_SQL} ORDER BY id")
            return [row[0] for row in cursor.fetchall()]

    assert found() == [settled.pk, pending.pk, held.pk]
    settlement.settle(NIGHT_OVER)
    assert found() == [pending.pk, held.pk]
    commissions.release([held.pk])
    commissions.void([pending.pk])
    assert found() == [held.pk]
    settlement.settle(NIGHT_OVER + timedelta(days=1))
    assert found() == []
