"""Messages that no provider sent."""

import time

import pytest

from shop.models import Order, WebhookEvent
from tests.shop.factories import make_order, make_variant

pytestmark = pytest.mark.django_db
FORGED = [
    ("fake", {"X-Fake-Signature": "é" * 64}),
    ("fake", {"X-Fake-Signature": ""}),
    ("stripe", {"Stripe-Signature": f"t={int(time.time())},v1=é"}),
    ("stripe", {"Stripe-Signature": "t=²,v1=00"}),
    ("stripe", {"Stripe-Signature": "t=,v1="}),
    ("stripe-connect", {"Stripe-Signature": f"t={int(time.time())},v1=é"}),
    ("stripe-connect", {"Stripe-Signature": "t=²,v1=00"}),
]


@pytest.mark.parametrize(("door", "headers"), FORGED)
def test_a_forged_signature_is_refused_whatever_it_is_made_of(door, headers, client, settings):
    settings.STRIPE_WEBHOOK_SECRET = settings.STRIPE_CONNECT_WEBHOOK_SECRET = "whsec_test"
    order = make_order((make_variant(), 1), paid=False)
    body = {"id": "e1", "type": "captured", "at": "2026-11-25T12:00:00+00:00", "amount": 3450,
            "order": order.number, "currency": "EUR", "reference": "ch_1"}  # fmt: skip
    client.raise_request_exception = False

    answer = client.post(f"/hooks/{door}/", body, "application/json", headers=headers)

    assert answer.status_code == 400
    assert (Order.objects.get().status, WebhookEvent.objects.count()) == ("pending", 0)
