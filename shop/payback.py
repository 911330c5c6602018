"""Money that we owe shoppers: refunds and captures that paid nothing, sent by the provider.

State lies in the payments; asking again with the same key pays once.
"""

import logging
from datetime import datetime

from django.db import transaction

from shop import gateways, orders, signals
from shop.models import Order, Payment

logger = logging.getLogger(__name__)
Kind = Payment.Kind


def send_back(at: datetime) -> int:
    """Ask providers to pay what we owe shoppers: refunds and misfits; return how many.

    Safe to run again and beside itself: the provider pays once per key.
    """
    sent = 0
    for payment in _unsent():
        sent += _send_one(payment, at)
    return sent


def _unsent() -> list[Payment]:
    asked = Payment.objects.filter(kind=Kind.REFUND, reference="", external=False)
    asked = asked.filter(refund__isnull=False).exclude(gateway="")
    back = Payment.objects.filter(kind=Kind.REFUND, event_id__startswith="misfit-")
    done = set(back.values_list("event_id", flat=True))
    misfits = Payment.objects.filter(kind=Kind.MISFIT)
    return [
        *asked.select_related("order")[:200],
        *(p for p in misfits if f"misfit-{p.pk}" not in done),
    ]


def _send_one(payment: Payment, at: datetime) -> bool:
    is_misfit = payment.kind == Kind.MISFIT
    key = f"misfit-{payment.pk}" if is_misfit else payment.refund.reference
    try:
        gateway = gateways.named(payment.gateway)
        charge = payment.reference if is_misfit else _charge_of(payment.order)
        reference = gateway.refund(
            charge=charge, amount=payment.amount, currency=payment.currency, key=key
        )
    except (gateways.NoAnswer, LookupError) as error:
        logger.warning("refund %s was not sent: %s", key, error)
        return False
    if is_misfit:
        with transaction.atomic():
            Payment.objects.select_for_update().get(pk=payment.pk)
            back, fresh = Payment.objects.get_or_create(
                gateway=payment.gateway,
                kind=Kind.REFUND,
                reference=reference,
                defaults={
                    "order": payment.order,
                    "amount": payment.amount,
                    "currency": payment.currency,
                    "event_id": key,
                    "created_at": at,
                },
            )
            if fresh:
                orders.tell(signals.payment_astray, payment=back)
    else:
        Payment.objects.filter(pk=payment.pk, reference="").update(reference=reference)
    return True


def _charge_of(order: Order) -> str:
    return (
        order.payments.filter(kind=Kind.CAPTURE).values_list("reference", flat=True).first() or ""
    )
