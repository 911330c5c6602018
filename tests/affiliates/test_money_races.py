"""Two that move the same money at one moment: whoever comes second sees what the first did."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from affiliates import commissions, fraud, holds, ledger, payouts, settlement
from affiliates.models import Commission, Payout, PayoutAttempt, PayoutBatch, RiskFlag
from shop import refunds
from shop.models import Payment
from tests.affiliates.factories import (
    NIGHT_OVER,
    PAID,
    make_commission,
    make_creator,
    make_payable,
    make_user,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books")]
FRIDAY = datetime(2026, 11, 20, 5, tzinfo=UTC)
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
DAY = timedelta(days=1)


def while_open(first, second):
    """Do `first`, and end its transaction once `second` waits for it, or is through."""
    pool = ThreadPoolExecutor(1)
    done = threading.Event()

    def beside():
        try:
            return second()
        finally:
            connection.close()
            done.set()

    with transaction.atomic():
        first()
        other = pool.submit(beside)
        while not done.wait(0.02):
            with connection.cursor() as cursor:
                cursor.execute(WAITING)
                if cursor.fetchone()[0]:
                    break
    return other.result(30)


def half_back(sale) -> None:
    order = sale.order_line.brand_order.order
    refunds.refund(order, at=PAID + DAY, amount=order.parts.get().lines.get().gross // 2)


def flag_of(creator) -> RiskFlag:
    return fraud.flag("by_hand", creator, "x", {"n": creator.pk}, PAID)


@pytest.mark.parametrize("step", ["hold", "release", "void"])
def test_a_refund_at_the_same_moment_moves_with_its_sale(step):
    sale = make_commission()
    flag = flag_of(sale.creator)
    if step == "release":
        commissions.hold([sale.pk], flag=flag)
    steps = {
        "hold": lambda: commissions.hold([sale.pk], flag=flag),
        "release": lambda: holds.decide_flag(flag, False, by=make_user(), reason="Fine.", at=PAID),
        "void": lambda: commissions.void([sale.pk]),
    }

    assert while_open(lambda: half_back(sale), steps[step]) == 2

    state = {"hold": "held", "release": "pending", "void": "void"}[step]
    rows = Commission.objects.order_by("pk").values_list("kind", "state", "flag")
    own = flag.pk if step == "hold" else None
    assert list(rows) == [("sale", state, own), ("reversal", state, own)]


def test_a_flag_that_is_decided_at_this_moment_holds_nothing_more():
    sale = make_commission()
    flag = flag_of(sale.creator)

    held = while_open(
        lambda: holds.decide_flag(flag, False, by=make_user(), reason="Fine.", at=PAID),
        lambda: commissions.hold([sale.pk], flag=flag),
    )

    sale.refresh_from_db()
    assert (held, sale.state) == (0, "pending")


# ------------------------------------------------------------------ payouts


def batch_of_two() -> tuple[PayoutBatch, list[Payout]]:
    for _n in range(2):
        make_payable(make_commission(price=34500).creator)
    settlement.settle(NIGHT_OVER)
    (batch,) = payouts.build(FRIDAY)
    return payouts.approve(batch, make_user(is_staff=True), FRIDAY), list(batch.payouts.all())


def test_what_is_cancelled_at_this_moment_is_not_in_the_banks_file():
    batch, (first, second) = batch_of_two()
    admin = make_user(is_staff=True)

    document = while_open(
        lambda: payouts.cancel(first, "not yet", FRIDAY),
        lambda: payouts.export(batch, admin, FRIDAY),
    )

    assert document.content.count(b"<InstdAmt") == 1
    assert [row.payout for row in PayoutAttempt.objects.all()] == [second]
    assert ledger.balance(ledger.creator(first.creator_id), "EUR") == 3421


def test_what_is_exported_at_this_moment_is_not_cancelled():
    batch, (first, _second) = batch_of_two()
    admin = make_user(is_staff=True)

    def too_late():
        with pytest.raises(payouts.NotAllowed):
            payouts.cancel(first, "not yet", FRIDAY)

    while_open(lambda: payouts.export(batch, admin, FRIDAY), too_late)

    assert set(Payout.objects.values_list("state", flat=True)) == {"processing"}


def test_the_last_two_payouts_of_a_batch_end_at_once_and_close_it():
    batch, (first, second) = batch_of_two()
    payouts.export(batch, make_user(is_staff=True), FRIDAY)

    while_open(
        lambda: payouts.confirm(first, FRIDAY),
        lambda: payouts.confirm(second, FRIDAY),
    )

    batch.refresh_from_db()
    assert batch.state == "closed"


# ------------------------------------------------------------------ what nobody can void


def test_a_confirmed_flag_lets_go_what_went_back_of_an_older_sale():
    """A poisoned night holds the reversal of a sale that settled: the shopper has her money."""
    sale = make_commission()
    settlement.settle(NIGHT_OVER)
    refunds.refund(sale.order_line.brand_order.order, at=NIGHT_OVER)
    for _n in range(2):
        commissions.adjust(sale.creator, sale.brand_id, 2**63 - 1, "EUR", "too much", PAID)
    assert settlement.settle(NIGHT_OVER + DAY).set_aside == 3

    flag = RiskFlag.objects.get(rule=fraud.SETTLEMENT_ERROR)
    voided = holds.decide_flag(flag, True, by=make_user(), reason="Typed wrong.", at=NIGHT_OVER)
    settlement.settle(NIGHT_OVER + 2 * DAY)

    assert voided == 2
    rows = Commission.objects.order_by("pk").values_list("kind", "state")
    assert list(rows) == [
        ("sale", "settled"), ("reversal", "settled"), ("adjustment", "void"), ("adjustment", "void")
    ]  # fmt: skip
    assert ledger.balance(ledger.creator(sale.creator_id), "EUR") == 0


def test_the_fridays_own_batch_is_one_of_two_calls_at_once():
    first, second = make_creator(), make_creator()
    for creator in (first, second):
        make_payable(creator)
    make_commission(first, price=34500)
    settlement.settle(NIGHT_OVER)
    (own,) = payouts.build(FRIDAY, date(2026, 11, 20), by_night=True)
    make_commission(second, price=34500)
    settlement.settle(NIGHT_OVER + DAY)

    assert payouts.build(FRIDAY, date(2026, 11, 20), by_night=True) == []
    assert [row.creator for row in own.payouts.all()] == [first]


# ------------------------------------------------------------------ what is earned again


def taken_away(sale) -> RiskFlag:
    """A flag that a person confirmed: what it held is void."""
    flag = flag_of(sale.creator)
    commissions.hold([sale.pk], flag=flag)
    holds.decide_flag(flag, True, by=make_user(), reason="Bought herself.", at=PAID)
    return flag


def lost_to_a_dispute(sale) -> None:
    order = sale.order_line.brand_order.order
    amount = order.parts.get().lines.get().gross // 2
    dispute = refunds.dispute_withdrawn(order, "dp", amount, PAID + DAY)
    Payment.objects.create(
        order=order, gateway="fake", kind="chargeback", amount=amount, currency="EUR",
        dispute=dispute, created_at=PAID + DAY,
    )  # fmt: skip


@pytest.mark.parametrize("goes_back", [half_back, lost_to_a_dispute])
@pytest.mark.parametrize("is_first", [True, False])
def test_what_goes_back_while_a_sale_is_earned_again_goes_off_it(goes_back, is_first):
    sale = make_commission()
    flag = taken_away(sale)
    steps = [
        lambda: goes_back(sale),
        lambda: holds.reverse_flag(flag, by=make_user(), reason="It was not her.", at=PAID + DAY),
    ]

    while_open(*(steps if is_first else reversed(steps)))

    live = Commission.objects.live().values_list("kind", "amount")
    assert sorted(live) == [("reversal", -171), ("sale", 342)]
