"""What providers keep, pay to our bank, and let brands pay in: noted once, whatever comes first."""

from itertools import permutations

import pytest
from django.db import transaction

from config.lib import stripe
from shop import gateways, misfits, movements, payback, payments
from shop.gateways import fake
from shop.models import Movement, Payment, TopUp, WebhookEvent
from tests.shop.factories import AT, make_brand, make_order, make_user, make_variant, tell
from tests.shop.test_stripe import SECRET, api, event, paid

__all__ = ["api"]
pytestmark = pytest.mark.django_db


def told(kind, **facts):
    """Bring a message that is about no order through the fake gateway."""
    facts = {"order": "", "amount": 0, "currency": "EUR"} | facts
    return payments.receive(gateways.named("fake").parse(*fake.message(kind, **facts)))


def moved():
    rows = Movement.objects.order_by("id")
    return [(row.kind, row.amount, row.currency, row.reference) for row in rows]


def fee(amount, reference="txn_1"):
    return {"reference": reference, "amount": amount, "currency": "EUR"}


def top_up(amount=5000, brand=None):
    owner = make_user()
    brand = brand or make_brand(owner=owner)
    movements.begin(
        brand, amount, "EUR", by=owner, at=AT, return_url="https://x.example/b",
        cancel_url="https://x.example/b",
    )  # fmt: skip
    return TopUp.objects.latest("id")


def test_a_fee_is_noted_once_however_often_it_is_told():
    told("fee", reference="ch_1", fees=[fee(77)])
    told("fee", reference="ch_1", fees=[fee(77)])
    told("fee", reference="ch_2", fees=[fee(0, "txn_2")])

    assert moved() == [("fee", 77, "EUR", "txn_1"), ("fee", 0, "EUR", "txn_2")]


def test_a_fee_that_was_only_named_is_asked_for(api):
    charge = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": 3450,
              "currency": "eur", "balance_transaction": "txn_9"}  # fmt: skip
    payments.receive(gateways.named("stripe").parse(*event("charge.succeeded", charge)))
    assert moved() == [("fee", None, "EUR", "txn_9")]

    api.fail = True
    assert movements.ask_fees(AT) == 0
    api.fail = False
    Movement.objects.update(created_at=AT)
    assert (movements.ask_fees(AT), movements.ask_fees(AT)) == (1, 0)
    assert moved() == [("fee", 82, "EUR", "txn_9")]
    assert api.seen[-1][0] == "/v1/balance_transactions/txn_9"


def test_a_dispute_brings_its_fee_and_a_won_one_takes_it_back():
    order = make_order((make_variant(price=3450), 1))
    tell(order, "dispute_opened", amount=3450, reference="dp", fees=[fee(1500)])
    assert moved() == []
    tell(order, "chargeback", amount=3450, reference="dp", fees=[fee(1500)])
    back = fee(-1500, "txn_2")
    tell(order, "chargeback_won", amount=3450, reference="dp", fees=[fee(1500), back])

    assert moved() == [
        ("dispute_fee", 1500, "EUR", "txn_1"), ("dispute_fee", -1500, "EUR", "txn_2"),
    ]  # fmt: skip
    assert Movement.objects.filter(dispute=order.disputes.get()).count() == 2


def test_payouts_to_our_bank_count_when_paid():
    told("payout_failed", reference="po_0", amount=900)
    told("payout_paid", reference="po_1", amount=1100)
    told("payout_paid", reference="po_1", amount=1100)
    told("payout_failed", reference="po_1", amount=1100)
    told("payout_paid", reference="po_2", amount=0)

    assert moved() == [("payout", 1100, "EUR", "po_1"), ("payout_back", 1100, "EUR", "po_1")]


def test_events_of_a_brands_own_account_are_not_ours(api):
    payout = {"id": "po_1", "object": "payout", "amount": 1100, "currency": "eur"}
    headers, raw = event("payout.paid", payout)
    theirs = raw[:-1] + b', "account": "acct_7"}'
    stamp = int(headers["Stripe-Signature"].split(",")[0][2:])
    signed = {"Stripe-Signature": stripe.sign(theirs, SECRET, stamp)}
    payments.receive(gateways.named("stripe").parse(signed, theirs))
    assert moved() == []


# ------------------------------------------------------------ disputes that end


@pytest.mark.parametrize(
    "order_of", list(permutations(["captured", "chargeback", "chargeback_lost"]))
)
def test_a_lost_dispute_is_closed_whatever_comes_first(order_of):
    order = make_order((make_variant(price=3450), 1), paid=False)
    for kind in order_of:
        reference = "ch" if kind == "captured" else "dp"
        tell(order, kind, amount=3450, reference=reference)

    assert order.disputes.get().state == "lost"
    assert not WebhookEvent.objects.filter(outcome="").exists()


def test_a_lost_dispute_may_still_be_won():
    order = make_order((make_variant(price=3450), 1))
    for kind in ("dispute_opened", "chargeback", "chargeback_lost", "chargeback_won"):
        tell(order, kind, amount=3450, reference="dp")
    tell(order, "chargeback_lost", amount=3450, reference="dp")

    assert order.disputes.get().state == "won"


def test_what_comes_before_its_charge_waits_for_it(api):
    order = make_order((make_variant(price=3450), 1), paid=False)
    dispute = {"id": "dp_1", "object": "dispute", "payment_intent": "pi_1", "amount": 3450,
               "currency": "eur"}  # fmt: skip
    gateway = gateways.named("stripe")
    payments.receive(gateway.parse(*event("charge.dispute.funds_withdrawn", dispute, "e1")))
    assert WebhookEvent.objects.get().note == "waits for its charge"
    payments.receive(gateway.parse(*event("checkout.session.completed", paid(order), "e2")))

    assert order.disputes.get().state == "withdrawn"


# ------------------------------------------------------------ misfits


def second_capture(amount=3450):
    order = make_order((make_variant(price=3450), 1))
    tell(order, "captured", amount=amount, reference="second")
    return order, Payment.objects.get(kind="misfit")


def untouched(order) -> bool:
    """Say whether nothing was taken from the order's own payment."""
    return not (order.refunds.exists() or order.disputes.exists())


@pytest.mark.parametrize("kind", ["refunded", "chargeback"])
def test_what_happens_to_a_second_capture_leaves_the_order_alone(kind):
    order, misfit = second_capture()
    tell(order, kind, amount=3450, charge="second", reference="x1")

    assert untouched(order)
    assert misfits.left(misfit) == 0
    assert payback.send_back(AT) == 0


def test_the_message_about_our_own_refund_may_be_faster_than_its_answer():
    order, misfit = second_capture()
    reference = fake.FakeGateway().refund(
        charge="second", amount=3450, currency="EUR", key=f"misfit-{misfit.pk}"
    )
    tell(order, "refunded", amount=3450, reference=reference, our_refund=f"misfit-{misfit.pk}")

    assert payback.send_back(AT) == 0
    assert untouched(order)
    assert Payment.objects.filter(misfit=misfit).count() == 1


def test_only_what_is_left_of_a_misfit_is_sent_back():
    order, misfit = second_capture()
    tell(order, "refunded", amount=1000, charge="second", reference="re_1")
    assert (payback.send_back(AT), payback.send_back(AT)) == (1, 0)

    amounts = Payment.objects.filter(misfit=misfit).order_by("id").values_list("amount", flat=True)
    assert list(amounts) == [1000, 2450]


def test_a_misfit_whose_dispute_was_won_goes_back_again():
    order, misfit = second_capture()
    tell(order, "chargeback", amount=3450, charge="second", reference="dp_1")
    assert payback.send_back(AT) == 0
    tell(order, "chargeback_won", amount=3450, charge="second", reference="dp_1")

    assert misfits.left(misfit) == 3450
    assert (payback.send_back(AT), payback.send_back(AT)) == (1, 0)


# ------------------------------------------------------------ top-ups


def test_a_top_up_is_paid_once():
    row = top_up(5000)
    for n in range(3):
        told("captured", order=row.number, amount=5000, reference="ch_t", event_id=f"e{n}")
    row.refresh_from_db()

    assert (row.state, row.charge) == ("paid", "ch_t")
    assert not Payment.objects.exists()


@pytest.mark.parametrize(("amount", "currency"), [(4999, "EUR"), (5000, "USD")])
def test_a_top_up_of_another_amount_goes_back(amount, currency):
    row = top_up(5000)
    told("captured", order=row.number, amount=amount, currency=currency, reference="ch_t")

    row.refresh_from_db()
    assert row.state == "open"
    assert Payment.objects.get().kind == "misfit"
    assert payback.send_back(AT) == 1


def test_a_second_payment_of_a_top_up_goes_back():
    row = top_up(5000)
    told("captured", order=row.number, amount=5000, reference="ch_1")
    told("captured", order=row.number, amount=5000, reference="ch_2")

    assert Payment.objects.get().reference == "ch_2"


def test_a_top_up_that_is_disputed_is_taken_back_and_may_be_won():
    row = top_up(5000)
    told("captured", order=row.number, amount=5000, reference="ch_t")
    for _twice in range(2):
        told("chargeback", charge="ch_t", amount=5000, reference="dp", fees=[fee(1500)])
    told("chargeback_won", charge="ch_t", amount=5000, reference="dp")

    assert moved() == [
        ("topup_back", 5000, "EUR", "dp"), ("dispute_fee", 1500, "EUR", "txn_1"),
        ("topup_back", -5000, "EUR", "dp-won"),
    ]  # fmt: skip


def test_a_failed_top_up_may_still_be_paid():
    row = top_up(5000)
    told("failed", order=row.number)
    row.refresh_from_db()
    assert row.state == "failed"

    told("captured", order=row.number, amount=5000, reference="ch_t")
    row.refresh_from_db()
    assert row.state == "paid"


def test_events_stored_before_fees_were_known_are_still_the_same():
    order = make_order((make_variant(), 1), paid=False)
    with transaction.atomic():
        tell(order, "captured", amount=3450, reference="c", event_id="old")
    row = WebhookEvent.objects.get(external_id="old")
    row.body.pop("fees")
    row.save()

    assert tell(order, "captured", amount=3450, reference="c", event_id="old") == row
