"""Money that goes back: the commission follows, once, before and after the night."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliates import commissions, ledger, settlement
from affiliates.models import Commission, LedgerEntry, RiskFlag
from config.lib.money import half_up
from shop import refunds
from shop.models import Dispute, Order, Payment
from tests.affiliates.factories import (
    DELIVERED,
    NIGHT_OVER,
    deliver,
    make_brand,
    make_commission,
    make_creator,
    make_order,
    pay,
)
from tests.properties import examples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
LATER = NIGHT_OVER + timedelta(days=1)


def order_of(commission) -> Order:
    return commission.order_line.brand_order.order


def chargeback(order: Order, reference: str, amount: int, at=DELIVERED) -> Dispute:
    """Take money back as the shop does when its provider tells."""
    dispute = refunds.dispute_withdrawn(order, reference, amount, at)
    book(order, "chargeback", dispute, at)
    return dispute


def win(dispute: Dispute, at=DELIVERED) -> None:
    refunds.dispute_won(dispute, at)
    book(dispute.order, "chargeback_won", dispute, at)


def book(order, kind, dispute, at):
    Payment.objects.create(
        order=order, gateway="fake", kind=kind, amount=dispute.amount, currency=order.currency,
        reference=f"{kind}-{dispute.reference}", dispute=dispute, created_at=at,
    )  # fmt: skip


def earned(commission) -> int:
    rows = Commission.objects.live().filter(order_line=commission.order_line)
    return sum(rows.values_list("amount", flat=True))


def balance(commission) -> int:
    return ledger.balance(ledger.creator(commission.creator_id), "EUR")


def test_a_full_refund_before_the_night_leaves_nothing():
    commission = make_commission()
    refunds.refund(order_of(commission), at=DELIVERED)

    sale, reversal = Commission.objects.order_by("id")
    assert (sale.amount, reversal.amount, reversal.state) == (342, -342, "pending")
    assert reversal.due_at == sale.due_at
    settlement.settle(NIGHT_OVER)
    assert balance(commission) == 0


def test_a_refund_after_the_night_is_carried():
    commission = make_commission()
    settlement.settle(NIGHT_OVER)
    refunds.refund(order_of(commission), at=NIGHT_OVER, amount=1725)
    settlement.settle(LATER)

    assert balance(commission) == 342 - 171 == earned(commission)


def test_the_whole_sale_leaves_the_books_as_they_were():
    brand = make_brand()
    order = make_order({"brand": brand, "creator": make_creator(), "price": 3450}, shipping=495)
    refunds.refund(order, at=DELIVERED)
    settlement.settle(NIGHT_OVER)

    for owner in (ledger.brand(brand.pk), ledger.CLEARING, ledger.REVENUE, ledger.VAT):
        assert ledger.balance(owner, "EUR") == 0


def test_refund_and_chargeback_never_take_twice():
    commission = make_commission()
    order = order_of(commission)
    refunds.refund(order, at=DELIVERED)
    chargeback(order, "dp_1", 3450)

    assert earned(commission) == 0
    assert ledger.balance(ledger.brand(commission.brand_id), "EUR") == 0
    assert ledger.balance(ledger.LOSS, "EUR") == -3450


def test_a_chargeback_that_is_won_gives_back():
    commission = make_commission()
    order = order_of(commission)
    settlement.settle(NIGHT_OVER)
    before = ledger.balance(ledger.brand(commission.brand_id), "EUR")
    dispute = chargeback(order, "dp_1", 3450, NIGHT_OVER)
    settlement.settle(LATER)
    assert balance(commission) == 0

    win(dispute, LATER)
    settlement.settle(LATER + timedelta(days=1))
    assert balance(commission) == earned(commission) == 342
    assert ledger.balance(ledger.brand(commission.brand_id), "EUR") == before


def test_a_refund_told_during_a_dispute_is_our_loss_until_it_is_won():
    commission = make_commission()
    order = order_of(commission)
    dispute = chargeback(order, "dp_1", 3450)
    payment = Payment.objects.create(
        order=order, gateway="fake", kind="refund", amount=1000, currency="EUR",
        reference="re_1", created_at=DELIVERED,
    )  # fmt: skip
    refunds.told_by_provider(payment, DELIVERED)
    assert ledger.balance(ledger.LOSS, "EUR") == -1000

    win(dispute)
    assert ledger.balance(ledger.LOSS, "EUR") == 0
    assert earned(commission) == half_up(2851 - order.refunds.get().lines.get().net, 1200)


def test_a_held_sale_holds_its_reversal():
    creator = make_creator()
    order = make_order({"brand": make_brand(), "creator": creator}, email=creator.user.email)
    refunds.refund(order, at=DELIVERED, amount=1000)

    sale, reversal = Commission.objects.order_by("id")
    assert (sale.state, reversal.state, reversal.flag) == ("held", "held", sale.flag)


@pytest.mark.parametrize("act", ["void", "hold"])
def test_a_reversal_of_a_settled_sale_stays_whatever_is_done_to_the_sale(act):
    sale = make_commission()
    settlement.settle(NIGHT_OVER)
    refunds.refund(order_of(sale), at=NIGHT_OVER, amount=1725)
    flag = RiskFlag.objects.create(rule="x", subject="x", evidence_hash="x", opened_at=DELIVERED)

    facts = {"flag": flag} if act == "hold" else {}
    assert getattr(commissions, act)([sale.pk], **facts) == 0
    if act == "void":
        ids = Commission.objects.values_list("pk", flat=True)
        assert commissions.void(ids) == 0
    assert earned(sale) == 171


def test_a_reversal_goes_with_its_unsettled_sale_and_never_alone():
    sale = make_commission()
    refunds.refund(order_of(sale), at=DELIVERED, amount=1725)
    reversal = Commission.objects.get(kind="reversal")
    assert commissions.void([reversal.pk]) == 0
    assert commissions.void([sale.pk]) == 2


def test_a_refund_at_an_old_rate_keeps_that_rate():
    creator, brand = make_creator(), make_brand()
    old = make_order({"brand": brand, "creator": creator, "rate_bp": 2000})
    make_order({"brand": brand, "creator": creator, "rate_bp": 1000})
    refunds.refund(old, at=DELIVERED)

    reversal = Commission.objects.get(kind="reversal")
    assert (reversal.rate_bp, reversal.amount) == (2000, -half_up(2851, 2000))


def test_the_fee_that_comes_back_carries_the_vat_that_was_charged():
    """The brand gets a VAT number abroad between the sale and its refund."""
    brand = make_brand()
    order = make_order({"brand": brand, "creator": make_creator()}, paid=False)
    order.parts.update(seller={"country": "NL", "vat_number": brand.vat_number})
    pay(order)
    brand.country, brand.vat_number = "DE", "DE136695976"
    brand.save()
    refunds.refund(order, at=DELIVERED)

    assert ledger.balance(ledger.VAT, "EUR") == ledger.balance(ledger.REVENUE, "EUR") == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.integers(1, 9000)),
        st.tuples(st.just("chargeback"), st.integers(1, 9000)),
        st.tuples(st.just("win"), st.integers(0, 3)),
        st.tuples(st.just("night"), st.just(0)),
    ),
    min_size=1, max_size=7,
)  # fmt: skip


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, prices=st.lists(st.integers(1, 3000), min_size=1, max_size=3))
def test_any_history_keeps_the_books(steps, prices):
    from affiliates import invariants
    from shop import orders

    creator, brands = make_creator(), [make_brand(), make_brand()]
    order = make_order(
        *[
            {"brand": brands[n % 2], "creator": creator if n < 2 else None, "price": price}
            for n, price in enumerate(prices)
        ],
        shipping=50,
    )
    deliver(order)
    at, disputes = NIGHT_OVER, []
    for n, (step, number) in enumerate(steps):
        left = sum(orders.left_of(part) for part in order.parts.all())
        at += timedelta(days=1)
        if step == "refund" and left:
            refunds.refund(order, at=at, amount=min(number, left))
        elif step == "chargeback":
            taken = sum(d.amount for d in disputes if d.state == "withdrawn")
            amount = min(number, orders.total(order) - taken)
            if amount > 0:
                disputes.append(chargeback(order, f"dp_{order.pk}_{n}", amount, at))
        elif step == "win" and number < len(disputes):
            disputes[number].refresh_from_db()
            if not disputes[number].reinstated_at:
                win(disputes[number], at)
                disputes[number].refresh_from_db()
        elif step == "night":
            settlement.settle(at)
        assert invariants.check() == {}
    posted = {e.kind for e in LedgerEntry.objects.filter(source_kind="refund_line")}
    assert posted <= {"refund", "refund_late", "fee_refund", "fee_vat_refund"}
