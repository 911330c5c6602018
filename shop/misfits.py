"""Captures that pay nothing: late, second, or of a wrong amount. They go back to the shopper.

All that a provider tells about such a charge concerns this payment alone, never the order that
it was meant for. `shop.payback` sends back what is left of it.
"""

import logging

from django.db.models import Sum

from config.lib.http import whole
from shop import orders, signals
from shop.gateways import Event
from shop.models import Order, Payment, WebhookEvent

logger = logging.getLogger(__name__)
Kind = Payment.Kind
Outcome = WebhookEvent.Outcome
BACK = {
    "refunded": Kind.REFUND,
    "chargeback": Kind.CHARGEBACK,
    "chargeback_won": Kind.CHARGEBACK_WON,
}


def book(order: Order | None, event: Event, row: WebhookEvent) -> None:
    """Book a capture that fits no open order."""
    if event.amount > 0:
        payment = Payment.objects.create(
            order=order,
            gateway=event.gateway,
            kind=Kind.MISFIT,
            amount=event.amount,
            currency=event.currency,
            reference=event.reference,
            event_id=event.external_id,
            created_at=event.at,
        )
        orders.tell(signals.payment_astray, payment=payment)
    row.outcome, row.note = Outcome.APPLIED, "a capture that fits no open order"
    logger.warning("misfit capture %s of %s", event.reference, event.gateway)


def of(event: Event) -> Payment | None:
    """Return the misfit that an event is about, if it is about one."""
    if event.kind not in BACK and event.kind not in {"dispute_opened", "chargeback_lost"}:
        return None
    rows = Payment.objects.filter(gateway=event.gateway)
    if event.our_refund.startswith("misfit-"):
        number = event.our_refund.split("-")[1]
        return rows.filter(pk=whole(number) or 0, kind=Kind.MISFIT).first()
    charge = rows.filter(kind=Kind.MISFIT, reference=event.charge) if event.charge else rows.none()
    return charge.first()


def left(misfit: Payment) -> int:
    """Return how much of a misfit the shopper has not got back."""
    sums = dict(misfit.returns.values_list("kind").annotate(sum=Sum("amount")))
    back = sums.get(Kind.REFUND, 0) + sums.get(Kind.CHARGEBACK, 0)
    return max(0, misfit.amount - back + sums.get(Kind.CHARGEBACK_WON, 0))


def apply(misfit: Payment, event: Event, row: WebhookEvent) -> None:
    """Book what became of a misfit: sent back, taken back, or won back."""
    misfit = Payment.objects.select_for_update().get(pk=misfit.pk)
    row.order_id, row.outcome = misfit.order_id, Outcome.APPLIED
    kind = BACK.get(event.kind)
    if kind is None or not event.amount > 0 or event.currency != misfit.currency:
        row.outcome, row.note = Outcome.IGNORED, "nothing moves of this misfit"
    elif not took_back(misfit, kind, event.amount, event.reference, event.at, event.external_id):
        row.outcome, row.note = Outcome.IGNORED, "this is booked"


def took_back(misfit: Payment, kind: str, amount: int, reference: str, at, event_id: str) -> bool:
    """Book one movement of a locked misfit; return whether it is new."""
    payment, fresh = Payment.objects.get_or_create(
        gateway=misfit.gateway,
        kind=kind,
        reference=reference,
        defaults={
            "order_id": misfit.order_id,
            "misfit": misfit,
            "amount": amount,
            "currency": misfit.currency,
            "event_id": event_id,
            "created_at": at,
        },
    )
    if fresh:
        orders.tell(signals.payment_astray, payment=payment)
    return fresh
