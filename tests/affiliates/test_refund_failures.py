"""Refunds that the shopper's bank did not take: owed, then paid once, and the books hold."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates import invariants, ledger, sweeping
from affiliates.models import Commission, LedgerEntry
from shop import failures, gateways, movements, payback, payments, refunds
from shop.models import Movement, Payment, RefundFailure
from tests.affiliates.factories import make_brand, make_creator, make_order, make_user
from tests.desk import act, make_desk
from tests.shop import test_stripe
from tests.shop.test_stripe import event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
api = test_stripe.api


def tell(kind, thing, event_id):
    return payments.receive(gateways.named("stripe").parse(*event(kind, thing, event_id)))


def refunded(amount=1000):
    """An order paid by Stripe, of which a part was sent back; its brand, commission and fee."""
    order = make_order({"brand": make_brand(), "creator": make_creator()})
    Payment.objects.filter(order=order).update(gateway="stripe")
    made = refunds.refund(order, at=timezone.now(), amount=amount)
    payback.send_back(timezone.now())
    return order, made


def bounced(made, reference="", key=""):
    return {
        "id": reference or f"re_{made.reference}", "object": "refund", "status": "failed",
        "payment_intent": f"ch_{made.order.number}", "amount": made.amount, "currency": "eur",
        "metadata": {"refund": key or made.reference},
    }  # fmt: skip


def held(owner):
    return ledger.balance(owner, "EUR")


def bystanders(order):
    brand = order.parts.get().brand_id
    fees = LedgerEntry.objects.filter(kind__startswith="fee").count()
    earned = sum(Commission.objects.values_list("amount", flat=True))
    return held(ledger.brand(brand)), fees, earned


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
def test_the_money_is_owed_again_and_nobody_else_notices(api, kind):
    order, made = refunded()
    before, clearing = bystanders(order), held(ledger.CLEARING)

    for n in range(2):  # Stripe tells it in several messages
        tell(kind, bounced(made), f"evt_{n}")

    row = RefundFailure.objects.get()
    assert (row.state, row.amount, row.payment.refund) == ("open", 1000, made)
    assert (held(ledger.SUSPENSE), held(ledger.CLEARING)) == (1000, clearing - 1000)
    assert bystanders(order) == before
    assert payback.send_back(timezone.now()) == 0  # nothing goes out by itself


def test_it_is_sent_again_once_and_its_own_message_is_no_second_refund(api):
    order, made = refunded()
    tell("refund.failed", bounced(made), "evt_1")
    before, admin = bystanders(order), make_user()
    row = RefundFailure.objects.get()
    api.fail = True
    with pytest.raises(gateways.NoAnswer):
        failures.send_again(row, admin, timezone.now())
    with pytest.raises(failures.NotAllowed):  # it may have been paid
        failures.paid_by_bank(row, "T1", admin, timezone.now())
    api.fail = False

    failures.send_again(row, admin, timezone.now())
    with pytest.raises(failures.NotAllowed):
        failures.send_again(row, admin, timezone.now())
    again = bounced(made, f"re_again-{row.pk}", f"again-{row.pk}") | {"status": "succeeded"}
    tell("refund.created", again, "evt_2")

    row.refresh_from_db()
    assert (row.state, row.sent_reference) == ("sent_again", f"re_again-{row.pk}")
    assert (held(ledger.SUSPENSE), order.refunds.count(), bystanders(order)) == (0, 1, before)
    tell("refund.failed", again | {"status": "failed"}, "evt_3")  # and it fails once more
    assert list(RefundFailure.objects.values_list("state", flat=True)) == ["open", "sent_again"]
    assert held(ledger.SUSPENSE) == 1000


def test_a_lost_answer_is_made_up_for_by_the_message(api):
    _order, made = refunded()
    tell("refund.failed", bounced(made), "evt_1")
    row = RefundFailure.objects.get()

    again = bounced(made, "re_x", f"again-{row.pk}") | {"status": "succeeded"}
    tell("refund.created", again, "evt_2")

    row.refresh_from_db()
    assert (row.state, row.sent_reference, held(ledger.SUSPENSE)) == ("sent_again", "re_x", 0)


def test_a_failure_that_comes_first_waits_for_its_refund(api):
    order, _made = refunded()
    thing = {
        "id": "re_desk", "object": "refund", "status": "failed", "amount": 500, "currency": "eur",
        "payment_intent": f"ch_{order.number}", "metadata": {"order": order.number},
    }  # fmt: skip
    assert tell("refund.failed", thing, "evt_1").outcome == ""
    tell("refund.created", thing | {"status": "succeeded"}, "evt_2")

    assert RefundFailure.objects.get().reference == "re_desk"
    assert order.refunds.count() == 2


def test_the_desk_pays_by_bank_with_a_reference_of_its_own(api):
    for n in range(2):
        _order, made = refunded()
        tell("refund.failed", bounced(made), f"evt_{n}")
    desk, (second, first) = make_desk(), list(RefundFailure.objects.all())
    bank = held(ledger.BANK)

    def after(action, row, reference):
        act(desk, RefundFailure, action, [row], reference)
        row.refresh_from_db()
        return row.state

    assert "refunds that failed" in desk.get(reverse("admin:index")).content.decode()
    assert after("paid_by_bank", first, "") == "open"
    assert after("paid_by_bank", first, "TRX-1") == "by_bank"
    assert after("paid_by_bank", second, "TRX-1") == "open"  # one transfer pays one refund
    assert after("send_again", second, "") == "sent_again"
    assert (held(ledger.SUSPENSE), held(ledger.BANK) - bank) == (0, 1000)


@pytest.mark.usefixtures("books_may_break")
def test_what_a_listener_missed_is_found_and_swept(api):
    _order, made = refunded()
    payment = Payment.objects.get(refund=made)
    now = timezone.now()
    RefundFailure.objects.create(
        payment=payment, gateway="stripe", reference="re_lost", amount=1000, currency="EUR",
        failed_at=now, state="by_bank", bank_reference="T", resolved_at=now,
    )  # fmt: skip
    assert list(invariants.check()) == [
        "a refund that failed is booked as it came back and as it was paid"
    ]
    assert [sweeping.sweep(now), sweeping.sweep(now)] == [1, 0]
    assert invariants.check() == {}


def test_fees_for_no_payment_are_read_and_booked_once(api, monkeypatch):
    now = timezone.now()
    pages = [
        {"object": "list", "has_more": True, "data": [
            {"id": "txn_1", "net": -200, "currency": "eur", "created": int(now.timestamp())}]},
        {"object": "list", "has_more": False, "data": [
            {"id": "txn_2", "net": 50, "currency": "eur", "created": int(now.timestamp())}]},
    ]  # fmt: skip
    monkeypatch.setattr(test_stripe.Api, "pages", pages)

    assert [movements.collect_own_fees(now), movements.collect_own_fees(now)] == [2, 0]

    assert list(Movement.objects.values_list("reference", "amount")) == [
        ("txn_2", -50), ("txn_1", 200),
    ]  # fmt: skip
    assert held(ledger.PROVIDER_FEES) == -150
    asked = [path for path, *_rest in api.seen]
    assert "type=stripe_fee" in asked[0] and "starting_after=txn_1" in asked[1]
    api.fail = True
    with pytest.raises(gateways.NoAnswer):
        movements.collect_own_fees(now + timedelta(days=1))
