"""Which card or bank account paid an order: a keyed mark that compares and tells nothing else.

A provider that does not say it with the payment is asked afterwards; what is asked for lies
in the payments, so asking again is safe.
"""

import hashlib
import hmac
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from shop import gateways, orders, signals
from shop.models import Order, Payment

logger = logging.getLogger(__name__)
ASK_FOR = timedelta(days=30)  # a commission is due 15 days after delivery at the earliest


def keyed(fingerprint: str) -> str:
    """Return a keyed hash of a payment fingerprint: comparable, not reversible."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"fingerprint:" + fingerprint.encode(), hashlib.sha256).hexdigest()


def ask(at: datetime) -> int:
    """Ask providers who paid what was captured lately; return how many answered."""
    unknown = Payment.objects.filter(ask_payer=True, created_at__gte=at - ASK_FOR)
    rows = unknown.order_by("created_at").values_list("pk", "gateway", "reference")
    answered = 0
    for pk, gateway, charge in list(rows[:500]):
        try:
            found = gateways.named(gateway).fingerprint_of(charge)
        except (gateways.NoAnswer, LookupError) as error:
            logger.warning("who paid %s is still unknown: %s", charge, error)
            continue
        answered += _note(pk, found)
    return answered


def _note(pk: int, found: str) -> bool:
    """Store what one provider answered and tell it, in one transaction."""
    with transaction.atomic():
        payment = Payment.objects.get(pk=pk)
        order = orders.lock(payment.order)
        if not Payment.objects.filter(pk=pk, ask_payer=True).update(ask_payer=False):
            return False
        if found:
            Order.objects.filter(pk=order.pk).update(payment_fingerprint=keyed(found))
            order.refresh_from_db()
            signals.payer_known.send(sender=Order, order=order)  # undone if a listener fails
    return True
