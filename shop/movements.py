"""What a provider takes for itself or pays to our bank, and what brands pay in by card."""

import logging
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from shop import gateways, misfits, orders, signals
from shop.gateways import Event, Started
from shop.models import Brand, Movement, TopUp, WebhookEvent

logger = logging.getLogger(__name__)
Kind = Movement.Kind
Outcome = WebhookEvent.Outcome
PREFIX = "TU-"
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
COLLECT_BACK = timedelta(days=35)  # fees for no payment are looked for this far back
ASK_FOR = timedelta(days=30)  # how long a provider is asked for a fee that it only named


# ------------------------------------------------------------ the provider's own


def told(event: Event, row: WebhookEvent) -> bool:
    """Book an event that is about no shopper's payment; return whether it was one."""
    if event.kind in {"payout_paid", "payout_failed"}:
        _paid_out(event, row)
    elif event.kind == "fee":
        row.outcome = Outcome.APPLIED if fees(event, Kind.FEE) else Outcome.IGNORED
    else:
        return False
    return True


def fees(event: Event, kind: str, **cause) -> int:
    """Note the fees that an event names; return how many are new."""
    new = 0
    for fee in event.fees:
        row, fresh = Movement.objects.get_or_create(
            gateway=event.gateway,
            kind=kind,
            reference=fee["reference"],
            defaults={
                "amount": fee["amount"],
                "currency": fee["currency"] or event.currency,
                "created_at": event.at,
                **cause,
            },
        )
        new += fresh
        if fresh:
            _tell(row)
    return new


def _paid_out(event: Event, row: WebhookEvent) -> None:
    """A payout to our bank counts when it is paid; one that failed only if it had been."""
    rows = Movement.objects.filter(gateway=event.gateway, reference=event.reference)
    failed = event.kind == "payout_failed"
    if not event.reference or event.amount <= 0:
        row.outcome, row.note = Outcome.REFUSED, "a payout without id or amount"
        return
    if failed and not rows.filter(kind=Kind.PAYOUT).exists():
        row.outcome, row.note = Outcome.IGNORED, "it was never paid"
        return
    moved, fresh = rows.get_or_create(
        gateway=event.gateway,
        reference=event.reference,
        kind=Kind.PAYOUT_BACK if failed else Kind.PAYOUT,
        defaults={"amount": event.amount, "currency": event.currency, "created_at": event.at},
    )
    row.outcome = Outcome.APPLIED if fresh else Outcome.IGNORED
    if fresh:
        _tell(moved)


def _tell(row: Movement) -> None:
    if row.amount:
        orders.tell(signals.money_moved, movement=row)


def ask_fees(at: datetime) -> int:
    """Ask providers for fees that they only named; return how many were told."""
    found = 0
    unknown = Movement.objects.filter(amount=None, created_at__gte=at - ASK_FOR)
    for pk, gateway, reference in list(unknown.values_list("pk", "gateway", "reference")[:500]):
        try:
            amount, currency = gateways.named(gateway).fee_of(reference)
        except (gateways.NoAnswer, LookupError) as error:
            logger.warning("the fee %s is still unknown: %s", reference, error)
            continue
        with transaction.atomic():
            row = Movement.objects.select_for_update().get(pk=pk)
            if row.amount is None:
                row.amount, row.currency = amount, currency
                row.save(update_fields=["amount", "currency"])
                _tell(row)
                found += 1
    return found


def collect_own_fees(at: datetime) -> int:
    """Book the fees that the provider took for no payment; return how many are new.

    It is asked for the last days again each time, so that a missed day is made up for.
    """
    gateway, new = gateways.current(), 0
    for fee in gateway.own_fees(at - COLLECT_BACK):
        with transaction.atomic():
            row, fresh = Movement.objects.get_or_create(
                gateway=gateway.name,
                kind=Kind.FEE,
                reference=fee.reference,
                defaults={
                    "amount": fee.amount, "currency": fee.currency, "created_at": fee.at,
                },
            )  # fmt: skip
            if fresh:
                _tell(row)
        new += fresh
    return new


# ------------------------------------------------------------ what brands pay in


def begin(
    brand: Brand, amount: int, currency: str, *, by, at: datetime, return_url: str, cancel_url: str
) -> Started:
    """Open a payment page on which a brand pays in. Raises gateways.NoAnswer."""
    gateway = gateways.current()
    number = PREFIX + "".join(secrets.choice(LETTERS) for _n in range(8))
    top_up = TopUp.objects.create(
        number=number, brand=brand, gateway=gateway.name, amount=amount, currency=currency,
        made_by=by, created_at=at,
    )  # fmt: skip
    started = gateway.start(
        number=number,
        amount=amount,
        currency=currency,
        email=by.email,
        language="en",
        key=number,
        return_url=return_url,
        cancel_url=cancel_url,
    )
    TopUp.objects.filter(pk=top_up.pk).update(session=started.reference)
    return started


def top_up_of(event: Event) -> TopUp | None:
    """Return the top-up that an event is about, if it is about one."""
    rows = TopUp.objects.filter(gateway=event.gateway)
    if event.order_number.startswith(PREFIX):
        return rows.filter(number=event.order_number).first()
    return rows.filter(charge=event.charge).first() if event.charge else None


def apply(top_up: TopUp, event: Event, row: WebhookEvent) -> None:
    """Do what an event says to a top-up: paid, failed, or taken back by the card's bank."""
    top_up = TopUp.objects.select_for_update().get(pk=top_up.pk)
    row.outcome = Outcome.APPLIED
    if event.kind == "captured":
        _paid_in(top_up, event, row)
    elif event.kind == "failed":
        TopUp.objects.filter(pk=top_up.pk, state=TopUp.State.OPEN).update(state="failed")
    elif event.kind in {"refunded", "chargeback", "chargeback_won"}:
        _taken_back(top_up, event, row)
    else:
        row.outcome = Outcome.IGNORED


def _paid_in(top_up: TopUp, event: Event, row: WebhookEvent) -> None:
    if top_up.state == TopUp.State.PAID and top_up.charge == event.reference:
        row.outcome, row.note = Outcome.IGNORED, "this charge is booked"
    elif top_up.state == TopUp.State.PAID or (event.amount, event.currency) != (
        top_up.amount,
        top_up.currency,
    ):
        misfits.book(None, event, row)
    else:
        top_up.state, top_up.paid_at, top_up.charge = "paid", event.at, event.reference
        top_up.save(update_fields=["state", "paid_at", "charge"])
        orders.tell(signals.money_moved, top_up=top_up)


def _taken_back(top_up: TopUp, event: Event, row: WebhookEvent) -> None:
    """A dispute that was won is the same movement the other way, under the same reference."""
    if top_up.state != TopUp.State.PAID:
        row.outcome, row.note = Outcome.REFUSED, "this top-up was not paid"
        return
    won = event.kind == "chargeback_won"
    taken = top_up.movements.filter(kind=Kind.TOPUP_BACK, reference=event.reference).first()
    if won and taken is None:
        row.outcome, row.note = Outcome.REFUSED, "no such dispute of this top-up"
        return
    moved, fresh = Movement.objects.get_or_create(
        gateway=event.gateway,
        kind=Kind.TOPUP_BACK,
        reference=f"{event.reference}-won" if won else event.reference,
        defaults={
            "amount": -taken.amount if won else event.amount,
            "currency": top_up.currency,
            "top_up": top_up,
            "created_at": event.at,
        },
    )
    row.outcome = Outcome.APPLIED if fresh else Outcome.IGNORED
    if fresh:
        _tell(moved)
    fees(event, Kind.DISPUTE_FEE, top_up=top_up)
