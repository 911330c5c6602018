"""Refunds, disputes and messages of providers: exact, once, in any order."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import transaction
from django.db.models import Sum
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop import orders, payback, payments, refunds, signals
from shop.gateways import fake
from shop.models import OrderLine, Payment, Refund, RefundLine, WebhookEvent
from tests.properties import examples
from tests.shop.factories import AT, make_brand, make_order, make_variant, tell

pytestmark = pytest.mark.django_db


def state(order):
    order.refresh_from_db()
    lines = OrderLine.objects.filter(brand_order__order=order).order_by("id")
    kinds = order.payments.order_by("kind", "amount").values_list("kind", "amount")
    back = lines.values_list("refunded", "refunded_gross", "charged_back", "charged_back_gross")
    return order.status, list(kinds), list(back)


def two_lines():
    """An order of 34.50 and 2 × 9.99 of one brand, and 20.00 of another, with shipping."""
    mill, kiln = make_brand(shipping_price=495), make_brand()
    return make_order(
        (make_variant(brand=mill, price=3450), 1),
        (make_variant(brand=mill, price=999), 2),
        (make_variant(brand=kiln, price=2000), 1),
        paid=False,
    )


@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(amounts=st.lists(st.integers(1, 4000), max_size=6))
def test_any_partial_refunds_end_exactly_at_the_whole(amounts):
    with transaction.atomic():
        order = two_lines()
        whole = orders.total(order)
        tell(order, "captured", amount=whole, reference="ch")
        for amount in amounts:
            left = refunds.left(refunds.slots_of(order))
            if amount <= left:
                refunds.refund(order, at=AT, amount=amount)
            else:
                with pytest.raises(refunds.TooMuch):
                    refunds.refund(order, at=AT, amount=amount)
            for line in OrderLine.objects.filter(brand_order__order=order):
                sums = RefundLine.objects.filter(order_line=line).aggregate(
                    Sum("net"), Sum("gross")
                )
                assert (sums["net__sum"] or 0, sums["gross__sum"] or 0) == (
                    line.refunded,
                    line.refunded_gross,
                )
                assert 0 <= line.refunded <= line.net
        if refunds.left(refunds.slots_of(order)):
            refunds.refund(order, at=AT)
        for line in OrderLine.objects.filter(brand_order__order=order):
            assert (line.refunded, line.refunded_gross) == (line.net, line.gross)
        assert Refund.objects.filter(order=order).aggregate(sum=Sum("amount"))["sum"] == whole
        transaction.set_rollback(True)


def test_the_same_reference_refunds_once():
    order = make_order((make_variant(), 1))

    one = refunds.refund(order, at=AT, amount=500, reference="rf_x")
    two = refunds.refund(order, at=AT, amount=500, reference="rf_x")

    assert one == two
    assert order.payments.filter(kind="refund").count() == 1


def test_a_brand_refunds_its_own_part_only():
    order = two_lines()
    tell(order, "captured", amount=orders.total(order), reference="ch")
    mill, kiln = order.parts.order_by("id")

    refunds.refund(order, at=AT, parts=[kiln])

    assert (orders.left_of(kiln), orders.left_of(mill)) == (0, 3450 + 1998 + 495)
    with pytest.raises(refunds.TooMuch):
        refunds.refund(order, at=AT, parts=[kiln], amount=1)


def test_all_orders_of_four_messages_end_alike():
    """The bank won the dispute back, so only the refund remains, whatever came first."""
    ends, variant = [], make_variant(price=3450, stock=24)
    for order_of in permutations(["captured", "refunded", "chargeback", "chargeback_won"]):
        order = make_order((variant, 1), paid=False)
        facts = {
            "captured": {"amount": 3450, "reference": f"ch{order.pk}"},
            "refunded": {"amount": 1000, "reference": f"re{order.pk}"},
            "chargeback": {"amount": 3450, "reference": f"dp{order.pk}"},
            "chargeback_won": {"amount": 3450, "reference": f"dp{order.pk}"},
        }
        for kind in order_of:
            tell(order, kind, **facts[kind])
        ends.append(state(order))

    assert ends[0][0] == "paid"
    assert ends[0][2] == [(826, 1000, 0, 0)]
    assert all(end == ends[0] for end in ends)


def test_a_message_counts_once_and_an_altered_one_not_at_all():
    order = make_order((make_variant(), 1))
    for _again in range(3):
        tell(order, "refunded", amount=100, reference="re1", event_id="ev1")

    with pytest.raises(payments.AlteredEvent):
        tell(order, "refunded", amount=900, reference="re1", event_id="ev1")
    assert Refund.objects.filter(order=order).values_list("amount", flat=True).get() == 100
    assert WebhookEvent.objects.filter(external_id="ev1").count() == 1


@pytest.mark.parametrize("amount", [3449, 3451, 1])
def test_a_wrong_amount_pays_nothing_and_goes_back(amount):
    order = make_order((make_variant(price=3450), 1), paid=False)
    told = []
    signals.payment_astray.connect(
        lambda payment, **_more: told.append(payment.kind), weak=False, dispatch_uid="t"
    )

    tell(order, "captured", amount=amount, reference="ch")
    assert payback.send_back(AT) == 1
    payback.send_back(AT)
    signals.payment_astray.disconnect(dispatch_uid="t")

    assert state(order)[:2] == ("pending", [("misfit", amount), ("refund", amount)])
    assert told == ["misfit", "refund"]


def test_refunds_that_nobody_takes_hold_up_no_other(monkeypatch):
    monkeypatch.setattr(payback, "AT_ONCE", 2)
    order = make_order((make_variant(price=3450), 1))
    for n in range(5):
        refunds.refund(order, at=AT, amount=100 + n)
    owed = Payment.objects.filter(kind="refund").order_by("pk")
    owed.filter(amount__lt=104).update(gateway="gone")  # a provider that we have no more

    assert payback.send_back(AT) == 1
    assert owed.exclude(reference="").get().amount == 104
    assert set(owed.values_list("tried_at", flat=True)) == {AT}
    for n, payment in enumerate(owed.filter(reference="").order_by("-pk")):
        Payment.objects.filter(pk=payment.pk).update(tried_at=AT + timedelta(hours=n))
    refunds.refund(order, at=AT, amount=200)
    assert [payment.amount for payment in payback._unsent()] == [200, 103]
    assert payback.send_back(AT + timedelta(days=1), seconds=-1) == 0  # its time is over


def test_late_and_second_captures_are_misfits():
    late = make_order((make_variant(price=3450), 1), paid=False)
    orders.cancel(late, AT)
    tell(late, "captured", amount=3450, reference="late")
    twice = make_order((make_variant(price=3450), 1))
    tell(twice, "captured", amount=3450, reference="second")

    assert state(late)[:2] == ("cancelled", [("misfit", 3450)])
    assert state(twice)[:2] == ("paid", [("capture", 3450), ("misfit", 3450)])


def test_a_failed_payment_may_still_succeed():
    order = make_order((make_variant(price=3450), 1), paid=False)
    tell(order, "failed", session="s")
    tell(order, "captured", amount=3450, reference="ch")
    tell(order, "failed", session="s")

    assert state(order)[0] == "paid"


def test_refund_then_dispute_counts_nothing_twice():
    order = make_order((make_variant(price=3450), 1))
    refunds.refund(order, at=AT, amount=1000)
    tell(order, "chargeback", amount=3450, reference="dp")

    dispute = order.disputes.get()
    assert list(dispute.lines.values_list("gross", "already_refunded")) == [(2450, 1000)]
    line = OrderLine.objects.get(brand_order__order=order)
    assert line.refunded + line.charged_back == line.net


def test_the_door_checks_the_signature():
    order = make_order((make_variant(price=3450), 1), paid=False)
    headers, body = fake.message(
        "captured", order=order.number, amount=3450, currency="EUR", reference="c"
    )
    client = Client()

    def post(sent, signature):
        return client.post(
            "/hooks/fake/", sent, content_type="application/json",
            headers={fake.HEADER: signature},
        ).status_code  # fmt: skip

    assert post(body.replace(b"3450", b"3451"), headers[fake.HEADER]) == 400
    assert post(body, "") == 400
    assert client.post("/hooks/nobody/").status_code == 404
    assert not Payment.objects.exists()
    assert post(body, headers[fake.HEADER]) == 200
    assert state(order)[0] == "paid"


def test_a_listener_that_fails_does_not_undo_the_sale():
    def broken(**facts):
        raise RuntimeError("broken")

    signals.order_paid.connect(broken, dispatch_uid="broken")
    try:
        order = make_order((make_variant(), 1))
    finally:
        signals.order_paid.disconnect(dispatch_uid="broken")
    assert order.status == "paid"
