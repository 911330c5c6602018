"""Refunds that failed: the money is with the provider again, and the shopper is still owed it.

The refund stands: lines, commissions and fees stay as it left them. What failed waits for a
person, who sends it again to where it came from or pays it from our bank.
"""

import logging
import re
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from shop import gateways, orders, signals
from shop.gateways import Event
from shop.models import Payment, RefundFailure, WebhookEvent

logger = logging.getLogger(__name__)
State = RefundFailure.State
Outcome = WebhookEvent.Outcome
AGAIN = re.compile(r"again-(\d+)\Z")  # the key, and so Refund.reference, of what is sent again
ANSWERS_WITHIN = timedelta(hours=24)  # in which a provider tells what it did


class NotAllowed(Exception):
    """It is resolved already, or cannot be resolved so; its message is shown."""


def told(event: Event, row: WebhookEvent) -> bool:
    """Apply what an event says about refunds that failed, or went again; return whether it did.

    A failure that comes before its refund is left for `payments`, which keeps it waiting.
    """
    if event.kind == "refunded" and (again := _again_of(event)):
        _went(again, event.reference, event.at, None)
        row.order_id, row.outcome = again.payment.order_id, Outcome.APPLIED
        return True
    if event.kind != "refund_failed":
        return False
    payment = _payment_of(event)
    if payment is None:
        return False
    row.order_id = payment.order_id
    fresh = _failed(payment, event)
    row.outcome = Outcome.APPLIED if fresh else Outcome.IGNORED
    return True


def _again_of(event: Event) -> RefundFailure | None:
    """Return the failure whose second refund an event is about."""
    rows = RefundFailure.objects.filter(gateway=event.gateway).select_related("payment")
    if found := AGAIN.match(event.our_refund):
        return rows.filter(pk=int(found[1])).first()
    return rows.filter(sent_reference=event.reference).first() if event.reference else None


def _payment_of(event: Event) -> Payment | None:
    """Return the refund that an event says failed: ours, the provider's, or one sent again."""
    if again := _again_of(event):
        _went(again, event.reference, event.at, None)  # it had left, if nobody told us so far
        return again.payment
    rows = Payment.objects.filter(gateway=event.gateway, kind=Payment.Kind.REFUND)
    found = rows.filter(reference=event.reference).first() if event.reference else None
    if found is None and event.our_refund:
        found = rows.filter(refund__reference=event.our_refund).first()
    return found


@transaction.atomic
def _failed(payment: Payment, event: Event) -> bool:
    row, fresh = RefundFailure.objects.get_or_create(
        gateway=event.gateway,
        reference=event.reference,
        defaults={
            "payment": payment,
            "amount": payment.amount,
            "currency": payment.currency,
            "failed_at": event.at,
        },
    )
    if fresh:
        logger.warning("refund %s failed", row.reference)
        orders.tell(signals.refund_bounced, failure=row)
    return fresh


def send_again(failure: RefundFailure, by: AbstractBaseUser, at: datetime) -> RefundFailure:
    """Ask the provider to pay it to where it came from; asked twice, it pays once.

    That it is asked is written down first: without an answer it may have been paid. Raises
    NotAllowed, gateways.NoAnswer.
    """
    open_ = RefundFailure.objects.filter(pk=failure.pk, state=State.OPEN)
    if not open_.update(asked_at=at):
        raise NotAllowed(_("It is resolved already."))
    sent = gateways.named(failure.gateway).refund(
        charge=_charge_of(failure.payment),
        amount=failure.amount,
        currency=failure.currency,
        key=f"again-{failure.pk}",
    )
    return _went(failure, sent, at, by)


@transaction.atomic
def _went(
    failure: RefundFailure, reference: str, at: datetime, by: AbstractBaseUser | None
) -> RefundFailure:
    """Note that it was sent again; told twice, it is booked once."""
    row = RefundFailure.objects.select_for_update().get(pk=failure.pk)
    if row.state == State.BY_BANK:
        logger.error("refund %s was paid by bank and by its provider", row.reference)
    if row.state != State.OPEN:
        return row
    row.state, row.sent_reference, row.resolved_at, row.resolved_by = (
        State.SENT_AGAIN, reference, at, by,
    )  # fmt: skip
    row.save()
    orders.tell(signals.refund_bounced, failure=row)
    return row


@transaction.atomic
def paid_by_bank(
    failure: RefundFailure, reference: str, by: AbstractBaseUser, at: datetime
) -> RefundFailure:
    """Note that our bank paid the shopper, under the reference of that transfer."""
    row = RefundFailure.objects.select_for_update().get(pk=failure.pk)
    if row.state != State.OPEN:
        raise NotAllowed(_("It is resolved already."))
    if row.asked_at and at < row.asked_at + ANSWERS_WITHIN:
        raise NotAllowed(_("The provider may have paid it: try again, or wait a day."))
    reference = reference.strip()[:120]
    if not reference:
        raise NotAllowed(_("Type the reference of the bank transfer."))
    row.state, row.bank_reference, row.resolved_at, row.resolved_by = (
        State.BY_BANK, reference, at, by,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NotAllowed(_("Another refund has this bank reference.")) from error
    orders.tell(signals.refund_bounced, failure=row)
    return row


def _charge_of(payment: Payment) -> str:
    """Return the provider's id of the payment that a refund gives back."""
    if payment.misfit_id:
        return payment.misfit.reference
    captures = payment.order.payments.filter(kind=Payment.Kind.CAPTURE)
    return captures.values_list("reference", flat=True).first() or ""
