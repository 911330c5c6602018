"""Money that we owe shoppers: refunds and captures that paid nothing, sent by the provider.

State lies in the payments; asking again with the same key pays once.
"""

import logging
import time
from datetime import datetime

from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from shop import gateways, misfits
from shop.models import Order, Payment

logger = logging.getLogger(__name__)
Kind = Payment.Kind
AT_ONCE = 200


def send_back(at: datetime, seconds: float = 20) -> int:
    """Ask providers to pay what we owe shoppers: refunds and misfits; return how many.

    For some seconds, those first that were tried longest ago: what is refused again and again
    holds up nothing else. Safe to run again and beside itself: the provider pays once per key.
    """
    end = time.monotonic() + seconds
    sent, tried = 0, set()
    while some := [payment for payment in _unsent() if payment.pk not in tried]:
        for payment in some:
            if time.monotonic() > end:
                return sent
            tried.add(payment.pk)
            Payment.objects.filter(pk=payment.pk).update(tried_at=at)
            sent += _send_one(payment, at)
    return sent


def _unsent() -> list[Payment]:
    """Return some of what is to be sent: what was never tried, then what was longest ago."""
    asked = Payment.objects.filter(kind=Kind.REFUND, reference="", external=False)
    asked = asked.filter(refund__isnull=False).exclude(gateway="")
    went = Payment.objects.filter(misfit=OuterRef("pk"))
    misfits_ = Payment.objects.filter(kind=Kind.MISFIT).filter(
        Q(amount__gt=_sum(went.filter(kind__in=[Kind.REFUND, Kind.CHARGEBACK])))
        | Exists(went.filter(kind=Kind.CHARGEBACK_WON))
    )
    first = [F("tried_at").asc(nulls_first=True), "pk"]
    refunds = asked.select_related("order", "refund").order_by(*first)[:AT_ONCE]
    return [*refunds, *misfits_.order_by(*first)[:AT_ONCE]]


def _sum(payments) -> Coalesce:
    sums = payments.order_by().values("misfit").annotate(sum=Sum("amount")).values("sum")
    return Coalesce(Subquery(sums), 0, output_field=BigIntegerField())


def _send_one(payment: Payment, at: datetime) -> bool:
    if payment.kind == Kind.MISFIT:
        return _send_misfit(payment, at)
    key = payment.refund.reference
    reference = _ask(payment, _charge_of(payment.order), payment.amount, key)
    if reference:
        Payment.objects.filter(pk=payment.pk, reference="").update(reference=reference)
    return bool(reference)


def _send_misfit(misfit: Payment, at: datetime) -> bool:
    """Send back what is left; what went back already is part of the key."""
    left = misfits.left(misfit)
    if not left:
        return False
    key = f"misfit-{misfit.pk}" + (f"-{left}" if left < misfit.amount else "")
    reference = _ask(misfit, misfit.reference, left, key)
    if not reference:
        return False
    with transaction.atomic():
        misfit = Payment.objects.select_for_update().get(pk=misfit.pk)
        return misfits.took_back(misfit, Kind.REFUND, left, reference, at, key)


def _ask(payment: Payment, charge: str, amount: int, key: str) -> str:
    """Return the provider's id of a refund, or "" when it did not answer."""
    try:
        gateway = gateways.named(payment.gateway)
        return gateway.refund(charge=charge, amount=amount, currency=payment.currency, key=key)
    except (gateways.NoAnswer, LookupError) as error:
        logger.warning("refund %s was not sent: %s", key, error)
        return ""


def _charge_of(order: Order) -> str:
    return (
        order.payments.filter(kind=Kind.CAPTURE).values_list("reference", flat=True).first() or ""
    )
