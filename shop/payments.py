"""What payment providers tell us, applied to orders: each message once, in any order.

A message and its effect are one transaction under the order's lock. A message that comes
before the one it needs (a refund before its capture) is kept and applied after it.
"""

import hashlib
import json
import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from shop import failures, holds, misfits, movements, orders, payers, refunds
from shop.gateways import Event
from shop.models import Cart, Dispute, Movement, Order, Payment, PaymentSession, WebhookEvent
from shop.models.orders import PaymentNews

logger = logging.getLogger(__name__)

SLOW_METHODS = timedelta(days=14)  # how long a bank transfer may take after it was started
TRY_AGAIN = timedelta(days=1)  # how long what a bank refused to pay is kept for another try
TAKES_FEE = {"chargeback", "chargeback_won", "chargeback_lost"}
ADDED_LATER = {"fees"}  # facts that events stored before did not have
AFTER_CAPTURE = [
    "refunded", "refund_failed", "dispute_opened", "chargeback", "chargeback_won", "chargeback_lost"
]  # fmt: skip
Kind = Payment.Kind
Outcome = WebhookEvent.Outcome


class AlteredEvent(Exception):
    """An event id that we know came back with other contents."""


@transaction.atomic
def receive(event: Event) -> WebhookEvent:
    """Apply an event; a repeated one changes nothing. Raises AlteredEvent."""
    facts = _facts(event)
    said = {name: value for name, value in facts.items() if name not in {"at", *ADDED_LATER}}
    said |= {name: facts[name] for name in ADDED_LATER if facts[name]}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    row, fresh = WebhookEvent.objects.get_or_create(
        gateway=event.gateway,
        external_id=event.external_id,
        defaults={"kind": event.kind, "body": facts, "body_sha256": digest},
    )
    if not fresh:
        if row.body_sha256 != digest:
            raise AlteredEvent(f"{event.gateway} {event.external_id} came back altered")
        return row
    _route(event, row)
    row.save()
    return row


def _route(event: Event, row: WebhookEvent) -> None:
    """Bring an event to what it is about: the provider itself, a top-up, a misfit, an order."""
    if movements.told(event, row) or failures.told(event, row):
        return
    if top_up := movements.top_up_of(event):
        movements.apply(top_up, event, row)
    elif misfit := misfits.of(event):
        misfits.apply(misfit, event, row)
    elif order := _order_of(event):
        row.order = orders.lock(order)
        _apply(row.order, event, row)
        if event.kind in {"captured", "dispute_opened", "chargeback", "refunded"}:
            _apply_waiting(row.order, event)
    elif event.kind == "captured":
        misfits.book(None, event, row)
    elif event.charge and event.kind in AFTER_CAPTURE:
        row.note = "waits for its charge"
    else:
        row.outcome, row.note = Outcome.IGNORED, "no such order"


def _facts(event: Event) -> dict:
    """Return an event as it is stored; `at` is left out of the comparison of duplicates."""
    facts = asdict(event) | {"at": event.at.isoformat()}
    facts["fingerprint"] = payers.keyed(event.fingerprint) if event.fingerprint else ""
    return facts


def _order_of(event: Event) -> Order | None:
    if event.order_number:
        return Order.objects.filter(number=event.order_number).first()
    charges = Payment.objects.filter(
        gateway=event.gateway, kind=Kind.CAPTURE, reference=event.charge
    )
    payment = charges.exclude(reference="").select_related("order").first()
    return payment.order if payment else None


def _apply(order: Order, event: Event, row: WebhookEvent) -> None:
    """Do what one event says to its locked order; write its fate on `row`."""
    row.outcome, row.note = Outcome.APPLIED, ""
    match event.kind:
        case "captured":
            _captured(order, event, row)
        case "pending":
            _pending(order, event, row)
        case "failed":
            _failed(order, event)
        case "refunded":
            _refunded(order, event, row)
        case "refund_failed":
            if not failures.told(event, row):
                row.outcome, row.note = "", "waits for its refund"
        case "chargeback":
            _chargeback(order, event, row)
        case "dispute_opened":
            _dispute_opened(order, event, row)
        case "chargeback_won":
            _chargeback_won(order, event, row)
        case "chargeback_lost":
            _chargeback_lost(order, event, row)
        case _:
            row.outcome = Outcome.IGNORED
    if event.fees and row.outcome and event.kind in TAKES_FEE:
        dispute = Dispute.objects.filter(reference=_dispute_reference(order, event)).first()
        movements.fees(event, Movement.Kind.DISPUTE_FEE, dispute=dispute)


def _captured(order: Order, event: Event, row: WebhookEvent) -> None:
    known = Payment.objects.filter(
        gateway=event.gateway, kind__in=[Kind.CAPTURE, Kind.MISFIT], reference=event.reference
    )
    if event.reference and known.exists():
        row.outcome, row.note = Outcome.IGNORED, "this charge is booked"
        return
    open_ = order.status == Order.Status.PENDING
    if not open_ or (event.amount, event.currency) != (orders.total(order), order.currency):
        misfits.book(order, event, row)
        return
    order.processing_at, order.payment_news = None, ""
    if event.fingerprint:
        order.payment_fingerprint = payers.keyed(event.fingerprint)
    order.save(update_fields=["processing_at", "payment_news", "payment_fingerprint"])
    payment = _book(order, event, Kind.CAPTURE, ask_payer=not event.fingerprint)
    _session(order, event, PaymentSession.State.PAID)
    orders.mark_paid(order, payment, event.at)


def _book(order: Order | None, event: Event, kind: str, **more) -> Payment:
    return Payment.objects.create(
        order=order,
        gateway=event.gateway,
        kind=kind,
        amount=event.amount,
        currency=event.currency,
        reference=event.reference,
        event_id=event.external_id,
        created_at=event.at,
        **more,
    )


def _pending(order: Order, event: Event, row: WebhookEvent) -> None:
    """A slow method was started: keep the stock until the bank is expected to answer.

    Beyond what one shopper may hold the order is cancelled, and she is told: money that comes
    for it all the same goes back to her.
    """
    states = PaymentSession.State
    page = order.sessions.filter(gateway=event.gateway, reference=event.session).first()
    if order.status != Order.Status.PENDING or (page and page.state != states.OPEN):
        row.outcome, row.note = Outcome.IGNORED, "told after what came of it"
        return
    if page:
        _session(order, event, states.PROCESSING)
    if holds.too_much(order):
        orders.cancel(order, event.at)
        order.refresh_from_db()
        order.payment_news = PaymentNews.UNHELD
        order.save(update_fields=["payment_news"])
        row.note = "more than one shopper may hold"
        return
    order.processing_at = event.at
    order.payment_news = PaymentNews.PROCESSING
    order.expires_at = max(order.expires_at or event.at, event.at + SLOW_METHODS)
    order.save(update_fields=["processing_at", "payment_news", "expires_at"])
    Cart.objects.filter(checkout_key=order.checkout_key).delete()  # it is ordered


def _failed(order: Order, event: Event) -> None:
    """A page is over; if a bank refused after days, the shopper is told and may try again."""
    states = PaymentSession.State
    _session(order, event, states.FAILED)
    works = order.sessions.filter(state=states.PROCESSING).exists()
    if order.status == Order.Status.PENDING and order.processing_at and not works:
        order.processing_at, order.payment_news = None, PaymentNews.FAILED
        order.expires_at = event.at + TRY_AGAIN
        order.save(update_fields=["processing_at", "payment_news", "expires_at"])


def _session(order: Order, event: Event, state: str) -> None:
    rows = order.sessions.exclude(state=PaymentSession.State.PAID)
    if event.session:
        rows.filter(gateway=event.gateway, reference=event.session).update(state=state)


def _refunded(order: Order, event: Event, row: WebhookEvent) -> None:
    if _known(event, Kind.REFUND) or _ours(order, event):
        row.outcome, row.note = Outcome.IGNORED, "this refund is booked"
    elif order.status != Order.Status.PAID:
        row.outcome, row.note = "", "waits for the capture"
    elif not event.amount > 0 or event.currency != order.currency:
        row.outcome, row.note = Outcome.REFUSED, "amount or currency does not fit"
    else:
        refunds.told_by_provider(_book(order, event, Kind.REFUND), event.at)


def _ours(order: Order, event: Event) -> bool:
    """Tell whether a refund is one that we asked for; note the provider's id of it."""
    mine = order.payments.filter(kind=Kind.REFUND, refund__reference=event.our_refund)
    if event.our_refund and (payment := mine.first()):
        if not payment.reference:
            mine.update(reference=event.reference, event_id=event.external_id)
        return True
    return False


def _dispute_opened(order: Order, event: Event, row: WebhookEvent) -> None:
    if order.status != Order.Status.PAID:
        row.outcome, row.note = "", "waits for the capture"
    elif not refunds.dispute_opened(
        order, _dispute_reference(order, event), event.amount, event.at
    ):
        row.outcome, row.note = Outcome.IGNORED, "this dispute is known"


def _chargeback(order: Order, event: Event, row: WebhookEvent) -> None:
    if _known(event, Kind.CHARGEBACK):
        row.outcome, row.note = Outcome.IGNORED, "this dispute is booked"
    elif order.status != Order.Status.PAID:
        row.outcome, row.note = "", "waits for the capture"
    elif not 0 < event.amount <= orders.total(order) or event.currency != order.currency:
        row.outcome, row.note = Outcome.REFUSED, "amount or currency does not fit"
    else:
        reference = _dispute_reference(order, event)
        dispute = refunds.dispute_withdrawn(order, reference, event.amount, event.at)
        _book(order, event, Kind.CHARGEBACK, dispute=dispute)


def _chargeback_won(order: Order, event: Event, row: WebhookEvent) -> None:
    if _known(event, Kind.CHARGEBACK_WON):
        row.outcome, row.note = Outcome.IGNORED, "this dispute is booked as won"
        return
    reference = _dispute_reference(order, event)
    dispute = Dispute.objects.filter(reference=reference, withdrawn_at__isnull=False).first()
    if dispute is None:
        row.outcome, row.note = "", "waits for the dispute"
    elif refunds.dispute_won(dispute, event.at):
        won = Event(**{**asdict(event), "amount": dispute.amount, "currency": dispute.currency})
        _book(order, won, Kind.CHARGEBACK_WON, dispute=dispute)


def _chargeback_lost(order: Order, event: Event, row: WebhookEvent) -> None:
    dispute = Dispute.objects.filter(reference=_dispute_reference(order, event)).first()
    if dispute is None:
        row.outcome, row.note = "", "waits for the dispute"
    elif not refunds.dispute_lost(dispute):
        row.outcome, row.note = Outcome.IGNORED, "this dispute is closed"


def _dispute_reference(order: Order, event: Event) -> str:
    return event.reference or f"dispute-{order.number}"


def _known(event: Event, kind: str) -> bool:
    rows = Payment.objects.filter(gateway=event.gateway, kind=kind, reference=event.reference)
    return bool(event.reference) and rows.exists()


def _apply_waiting(order: Order, event: Event) -> None:
    """Apply the messages of an order that came too early, in the order they make sense."""
    early = WebhookEvent.objects.filter(outcome="", note__startswith="waits")
    own = Q(order=order)
    if event.kind == "captured" and event.reference:
        own |= Q(order=None, gateway=event.gateway, body__charge=event.reference)
    for row in sorted(early.filter(own), key=lambda row: (AFTER_CAPTURE.index(row.kind), row.pk)):
        order.refresh_from_db()
        row.order = order
        event = Event(**row.body | {"at": datetime.fromisoformat(row.body["at"])})
        _apply(order, event, row)
        row.save()
