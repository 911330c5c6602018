"""Commissions: born with the payment, due by the calendar, reversed by cumulative target."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliates import commissions, funding, ledger, sweeping
from affiliates.clock import PAUSED
from affiliates.models import Commission
from config.lib.money import half_up
from shop import troubles
from tests.affiliates.factories import (
    DELIVERED,
    DUE,
    PAID,
    deliver,
    make_brand,
    make_commission,
    make_creator,
    make_order,
    make_user,
)  # fmt: skip

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_the_worked_example_of_the_rules():
    """€34.50 at 21 % VAT and 12 %: net 28.51, commission 3.42."""
    commission = make_commission(price=3450)

    assert (commission.base, commission.rate_bp, commission.amount) == (2851, 1200, 342)
    assert (commission.state, commission.due_at) == ("pending", DUE)


def test_the_books_of_a_sale():
    brand = make_brand()
    make_order({"brand": brand, "creator": make_creator(), "price": 3450}, shipping=495)

    assert ledger.balance(ledger.CLEARING, "EUR") == -3945
    assert ledger.balance(ledger.REVENUE, "EUR") == 143  # 5 % of 28.51
    assert ledger.balance(ledger.VAT, "EUR") == 30
    assert ledger.balance(ledger.brand(brand.pk), "EUR") == 3945 - 143 - 30


def test_a_line_that_nobody_sold_pays_no_fee():
    brand = make_brand()
    make_order({"brand": brand, "price": 3450})

    assert ledger.balance(ledger.brand(brand.pk), "EUR") == 3450


@pytest.mark.parametrize(
    ("delivered", "hold", "expected"),
    [
        (datetime(2026, 11, 4, 15, tzinfo=UTC), 15, datetime(2026, 11, 18, 23, tzinfo=UTC)),
        (datetime(2026, 10, 20, 21, 59, tzinfo=UTC), 15, datetime(2026, 11, 3, 23, tzinfo=UTC)),
        (datetime(2026, 10, 20, 22, 1, tzinfo=UTC), 15, datetime(2026, 11, 4, 23, tzinfo=UTC)),
        (datetime(2027, 3, 1, 12, tzinfo=UTC), 30, datetime(2027, 3, 30, 22, tzinfo=UTC)),
        (datetime(2028, 2, 14, 12, tzinfo=UTC), 15, datetime(2028, 2, 28, 23, tzinfo=UTC)),
        (None, 15, datetime(2026, 12, 16, 23, tzinfo=UTC)),
    ],
)
def test_due_dates_count_calendar_days(delivered, hold, expected):
    assert commissions.due(PAID, delivered, hold) == expected


def test_an_open_return_pauses_and_a_closed_one_resumes():
    commission = make_commission()
    part = commission.order_line.brand_order
    row = part.returns.create(asked_at=DELIVERED)
    commissions.reschedule(part)
    commission.refresh_from_db()
    assert commission.due_at == PAUSED

    row.closed_at = DELIVERED + timedelta(days=1)
    row.save()
    commissions.reschedule(part)
    commission.refresh_from_db()
    assert commission.due_at == DUE


def test_a_late_delivery_report_moves_the_due_date():
    commission = make_commission(delivered=None)
    assert commission.due_at == datetime(2026, 12, 16, 23, tzinfo=UTC)

    deliver(commission.order_line.brand_order.order)
    commission.refresh_from_db()
    assert commission.due_at == DUE


def test_her_own_purchase_earns_nothing():
    creator, brand = make_creator(), make_brand()
    make_order({"brand": brand, "creator": creator}, buyer=creator.user)

    assert Commission.objects.count() == 0


def test_the_same_mail_is_held_with_a_flag():
    creator = make_creator()
    make_order(
        {"brand": make_brand(), "creator": creator},
        email=creator.user.email.upper().replace("@", "+shop@"),
    )

    commission = Commission.objects.get()
    assert (commission.state, commission.flag.rule) == ("held", "same_mail")


def test_paying_again_changes_nothing():
    from affiliates import bookings

    commission = make_commission()
    order = commission.order_line.brand_order.order
    entries = list(ledger.LedgerEntry.objects.values())

    assert bookings.paid(order, order.paid_at) == 0
    assert list(ledger.LedgerEntry.objects.values()) == entries


@given(
    net=st.integers(0, 10**9), rate=st.integers(100, 8000),
    parts=st.lists(st.integers(0, 10**9), max_size=6),
)  # fmt: skip
def test_reversals_end_at_nothing(net, rate, parts):
    standing, gone = half_up(net, rate), 0
    for part in parts:
        gone = min(net, gone + part)
        standing += commissions.reversal(net, gone, rate, standing)
        assert standing == half_up(net - gone, rate) >= 0
    standing += commissions.reversal(net, net, rate, standing)
    assert standing == 0


@pytest.mark.parametrize("upheld", [True, False])
def test_a_trouble_pauses_the_commission_until_it_is_decided(upheld):
    commission = make_commission(price=3450)
    part, line = commission.order_line.brand_order, commission.order_line
    due_at = commission.due_at
    trouble = troubles.ask(part, "damaged", {line.pk: 1}, "", DELIVERED)
    commission.refresh_from_db()
    assert commission.due_at == PAUSED
    assert funding.of(part.brand, at=due_at + timedelta(days=30)).open_windows == 3450

    troubles.run_clocks(trouble.answer_by)
    troubles.decide(trouble, upheld, by=make_user(), reason="Seen.", at=trouble.answer_by)

    rows = Commission.objects.filter(order_line=line)
    assert set(rows.values_list("due_at", flat=True)) == {due_at}
    assert sum(rows.values_list("amount", flat=True)) == (0 if upheld else commission.amount)
    assert ledger.balance(ledger.CLEARING, "EUR") == (0 if upheld else -3450)
    assert funding.of(part.brand, at=due_at + timedelta(days=30)).open_windows == 0


def test_the_sweep_pauses_and_resumes_what_a_lost_signal_left():
    commission = make_commission()
    row = commission.order_line.brand_order.returns.create(asked_at=DELIVERED)

    assert [sweeping.sweep(DELIVERED, since=DELIVERED) for _n in "ab"] == [1, 0]
    commission.refresh_from_db()
    assert commission.due_at == PAUSED
    row.closed_at = DELIVERED
    row.save()
    assert [sweeping.sweep(DELIVERED, since=DELIVERED) for _n in "ab"] == [1, 0]
    commission.refresh_from_db()
    assert commission.due_at == DUE
