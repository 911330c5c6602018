"""Payouts to brands through Stripe: one transfer each, whatever goes wrong on the way."""

import itertools
import json
from datetime import timedelta

import pytest
from django.db import transaction

from affiliates import ledger, payouts, transfers
from affiliates.ledger import Transfer
from affiliates.models import Payout, PayoutAttempt, PayoutBatch
from affiliates.payouts import sending
from tests.affiliates import factories as money
from tests.affiliates import stripe_fake
from tests.affiliates.test_payouts import FRIDAY
from tests.together import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
LATER = timedelta(hours=7)


@pytest.fixture
def stripe(settings):
    with stripe_fake.running(settings) as fake:
        yield fake


def make_batch(*amounts, account="acct_1"):
    """Make a batch of payouts to brands that sold something, booked as `ledger` says."""
    batch = PayoutBatch.objects.create(
        rail="connect", currency="EUR", pay_on=FRIDAY.date(), built_at=FRIDAY, message_id="T-1"
    )
    for amount in amounts:
        brand = money.make_brand(connect_account=account)
        money.make_order({"brand": brand, "price": amount})
        payout = Payout.objects.create(
            batch=batch, brand=brand, amount=amount, currency="EUR", rail="connect",
            created_at=FRIDAY,
        )  # fmt: skip
        source = ("EUR", "payout", payout.pk)
        owner = ledger.brand(brand.pk)
        ledger.post([Transfer("payout", owner, ledger.IN_TRANSIT, amount, *source)], FRIDAY)
    return batch


def let_go(batch):
    payouts.approve(batch, money.make_user(is_staff=True), FRIDAY)
    return payouts.export(batch, money.make_user(is_staff=True), FRIDAY)


@pytest.fixture
def payout(stripe):
    let_go(make_batch(34500))
    return Payout.objects.get()


def state(payout):
    payout.refresh_from_db()
    return payout.state, [one.state for one in payout.attempts.order_by("n")]


def balance(payout) -> int:
    return ledger.balance(ledger.brand(payout.brand_id), "EUR")


def test_brands_are_paid_from_what_lies_at_the_provider(stripe):
    at_provider = 34500 + 2000
    file = let_go(make_batch(34500, 2000))
    assert b"acct_1,345.00,EUR" in file.content
    assert (payouts.send_due(FRIDAY), payouts.send_due(FRIDAY + LATER)) == (2, 0)

    assert {(row.state, row.provider_ref) for row in Payout.objects.all()} == {
        ("paid", "tr_1"), ("paid", "tr_2"),
    }  # fmt: skip
    assert [one["amount"] for one in stripe.transfers] == [34500, 2000]
    assert PayoutBatch.objects.get().state == "closed"
    assert ledger.balance(ledger.CLEARING, "EUR") == -at_provider + at_provider


def test_an_account_that_changes_after_the_build_waits_for_the_next(stripe):
    brand = money.make_brand(connect_account="acct_old")
    money.make_order({"brand": brand, "price": 34500})
    (batch,) = payouts.build(FRIDAY + timedelta(days=60))
    brand.connect_account = "acct_new"
    brand.connect_since = FRIDAY + timedelta(days=60)
    brand.save()

    file = let_go(batch)
    assert payouts.send_due(FRIDAY + timedelta(days=60)) == 1

    assert b"acct_old" in file.content
    assert [one["destination"] for one in stripe.transfers] == ["acct_old"]
    assert payouts.document(PayoutBatch.objects.get()) == file


@pytest.mark.parametrize("fault", ["closed after", "500 after"])
def test_an_unknown_outcome_is_asked_about_and_never_sent_under_a_new_key(stripe, payout, fault):
    stripe.faults = [fault]
    assert payouts.send_due(FRIDAY) == 0
    assert state(payout) == ("processing", ["unknown"])
    with pytest.raises(payouts.NotAllowed):
        payouts.retry(payout, FRIDAY)
    with pytest.raises(payouts.NotAllowed):
        payouts.fail(payout, "impatient", FRIDAY)

    assert payouts.send_due(FRIDAY + LATER) == 1
    assert state(payout) == ("paid", ["succeeded"])
    assert (len(stripe.transfers), stripe.calls[-1][0]) == (1, "GET")


def test_what_never_arrived_is_sent_again_under_the_same_key(stripe, payout):
    stripe.faults = ["closed before", "409", "closed before"]
    for n in range(1, 5):
        payouts.send_due(FRIDAY + n * timedelta(hours=1))
    assert state(payout) == ("paid", ["succeeded"])
    assert len(stripe.transfers) == 1
    assert {key for _method, key in stripe.calls} == {f"thousand-payout-{payout.pk}-1"}


def test_a_replayed_error_gives_way_to_the_next_attempt_once_the_key_is_old(stripe, payout):
    stripe.faults = ["500 before"]
    for hours in (0, 7, 14, 21):
        payouts.send_due(FRIDAY + timedelta(hours=hours))
    assert state(payout) == ("processing", ["unknown"])
    payouts.send_due(FRIDAY + timedelta(hours=28))
    assert state(payout) == ("processing", ["failed"])
    assert balance(payout) == 0  # the payout is still on its way

    payouts.retry(payout, FRIDAY + timedelta(hours=29))
    payouts.send_due(FRIDAY + timedelta(hours=29))
    assert state(payout) == ("paid", ["failed", "succeeded"])
    assert len(stripe.transfers) == 1


def test_too_many_requests_wait_as_long_as_asked(stripe, payout):
    stripe.faults = ["429", "401"]
    payouts.send_due(FRIDAY)
    attempt = PayoutAttempt.objects.get()
    assert (attempt.state, attempt.next_at) == ("sent", FRIDAY + timedelta(seconds=7))
    assert payouts.send_due(FRIDAY + timedelta(seconds=6)) == 0
    payouts.send_due(FRIDAY + timedelta(seconds=7))
    payouts.send_due(FRIDAY + timedelta(minutes=9))
    assert state(payout) == ("paid", ["succeeded"])
    assert [method for method, _key in stripe.calls] == ["POST"] * 3


def test_a_refusal_fails_the_attempt_and_not_the_payout(stripe, payout):
    stripe.balance = 100
    assert payouts.send_due(FRIDAY) == 1
    assert state(payout) == ("processing", ["failed"])
    assert "balance_insufficient" in payout.attempts.get().reason
    assert (balance(payout), payouts.send_due(FRIDAY + LATER)) == (0, 0)

    stripe.balance = 10**6
    payouts.retry(payout, FRIDAY)
    payouts.send_due(FRIDAY)
    assert state(payout) == ("paid", ["failed", "succeeded"])
    with pytest.raises(payouts.NotAllowed):
        payouts.retry(payout, FRIDAY)


def test_giving_up_gives_the_money_back(stripe):
    let_go(make_batch(34500, account="acct_closed"))
    payout = Payout.objects.get()
    payouts.send_due(FRIDAY)
    payouts.fail(payout, "the account is closed", FRIDAY)
    assert (state(payout), balance(payout)) == (("failed", ["failed"]), 34500)


def test_a_process_that_dies_in_the_call_leaves_it_to_be_asked_about(stripe, payout):
    attempt = sending._claim(payout.attempts.get().pk, FRIDAY)
    sending._call(attempt, FRIDAY)  # paid, and then the process is gone
    assert state(payout) == ("processing", ["sent"])
    assert payouts.send_due(FRIDAY) == 0  # its lease still runs
    assert payouts.send_due(FRIDAY + timedelta(minutes=3)) == 1
    assert (state(payout), len(stripe.transfers)) == (("paid", ["succeeded"]), 1)


def test_an_answer_with_another_amount_is_for_a_person(stripe, payout):
    stripe.faults = ["closed after"]
    payouts.send_due(FRIDAY)
    stripe.transfers[0]["amount"] = 1
    payouts.send_due(FRIDAY + LATER)
    assert state(payout) == ("processing", ["unknown"])
    assert "differs" in payout.attempts.get().reason


@pytest.mark.django_db(transaction=True)
def test_four_senders_at_once_make_one_transfer_each(settings):
    with stripe_fake.running(settings) as stripe:
        let_go(make_batch(*[5000] * 6))

        sent = at_once(*[lambda: payouts.send_due(FRIDAY)] * 4)

        assert len(stripe.transfers) == sum(sent) == 6
        assert Payout.objects.filter(state="paid").count() == 6


# ------------------------------------------------------------------ messages

URL = "/hooks/stripe-connect/"


def tell(client, kind, transfer, event_id="evt_1"):
    raw, signature = stripe_fake.message(kind, transfer, event_id)
    return client.post(
        URL, raw, content_type="application/json", headers={"Stripe-Signature": signature}
    )


def test_messages_in_any_order_and_twice_end_the_same(client, stripe, payout):
    stripe.faults = ["closed after"]
    payouts.send_due(FRIDAY)
    (made,) = stripe.transfers
    created = ("transfer.created", dict(made), "evt_1")
    back = ("transfer.reversed", dict(stripe.reverse(made)), "evt_2")
    updated = ("transfer.updated", dict(made), "evt_3")
    ends = set()
    for order in itertools.permutations([created, back, updated, created]):
        with transaction.atomic():
            for one in order:
                assert tell(client, *one).status_code == 200
            payouts.send_due(FRIDAY + LATER)
            ends.add((*state(payout)[:1], balance(payout), payout.provider_ref))
            transaction.set_rollback(True)
    assert ends == {("returned", 34500, "tr_1")}


def test_a_message_may_be_faster_than_the_answer(client, stripe, payout):
    attempt = sending._claim(payout.attempts.get().pk, FRIDAY)
    outcome = sending._call(attempt, FRIDAY)
    assert tell(client, "transfer.created", stripe.transfers[0]).content == b"applied"
    assert sending.record(attempt, outcome, FRIDAY) is False
    assert state(payout) == ("paid", ["succeeded"])


def test_what_succeeded_after_all_drops_the_next_attempt(client, stripe, payout):
    stripe.faults = ["closed after"]
    payouts.send_due(FRIDAY)
    (made,) = stripe.transfers
    stripe.transfers.clear()  # its list is behind
    payouts.send_due(FRIDAY + timedelta(hours=25))
    assert state(payout) == ("processing", ["failed"])
    payouts.retry(payout, FRIDAY)

    assert tell(client, "transfer.created", made).content == b"applied"
    assert state(payout) == ("paid", ["succeeded", "failed"])
    assert payouts.send_due(FRIDAY + LATER) == 0


def test_what_does_not_fit_is_kept_and_books_nothing(client, stripe, payout):
    payouts.send_due(FRIDAY)
    (made,) = stripe.transfers
    for n, (changed, answer) in enumerate(
        [({"amount": 34501}, b"refused"), ({"currency": "usd"}, b"refused"),
         ({"destination": "acct_2"}, b"refused"), ({"amount_reversed": 5}, b"refused"),
         ({"transfer_group": "another"}, b"ignored")]
    ):  # fmt: skip
        assert tell(client, "transfer.updated", made | changed, f"evt_{n}").content == answer
    assert state(payout) == ("paid", ["succeeded"])


def test_only_stripe_is_listened_to(client, stripe, payout):
    raw, signature = stripe_fake.message("transfer.created", {"transfer_group": "x"}, "evt_1")
    for body, header in [
        (raw, ""),
        (raw + b" ", signature),
        (raw, "t=1,v1=00"),
        (b"[]", signature),
    ]:
        answer = client.post(
            URL, body, content_type="application/json", headers={"Stripe-Signature": header}
        )
        assert answer.status_code == 400
    assert tell(client, "transfer.created", {"transfer_group": "x"}).status_code == 200
    assert tell(client, "transfer.created", {"transfer_group": "y"}).status_code == 409
    assert not transfers.WebhookEvent.objects.exclude(external_id="evt_1").exists()
    assert json.loads(raw)["id"] == "evt_1"
