"""What became of a payout: paid, or the money back and its lines free again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from affiliates import events, ledger, rails, selfbilling
from affiliates.ledger import Transfer
from affiliates.models import Payout, PayoutBatch, PayoutClaim
from affiliates.models.payouts import Rail
from affiliates.payouts import reclaims
from affiliates.payouts.foureyes import BatchState, NotAllowed, State, lock_payout, payouts_of, said
from affiliates.payouts.methods import refuse_account


def _lock_payout(payout: Payout, *states: str) -> Payout:
    row = lock_payout(payout.pk)
    if row.state not in states:
        raise NotAllowed(_("%(what)s is %(state)s.") % said(row))
    return row


def _transfers(
    payout: Payout, kinds: tuple[str, str], amount_to: ledger.Owner, vat_to: ledger.Owner,
    source: ledger.Owner,
) -> Iterable[Transfer]:  # fmt: skip
    facts = (payout.currency, "payout", payout.pk)
    yield Transfer(kinds[0], source, amount_to, payout.amount, *facts)
    yield Transfer(kinds[1], source, vat_to, payout.vat, *facts)


def _owner(payout: Payout) -> ledger.Owner:
    if payout.creator_id:
        return ledger.creator(payout.creator_id)
    return ledger.brand(payout.brand_id)


def _paid_from(payout: Payout) -> ledger.Owner:
    """Return where the money of a payout lies: at the provider for Connect, else our bank."""
    return ledger.CLEARING if payout.rail == Rail.CONNECT else ledger.BANK


@transaction.atomic
def confirm(payout: Payout, at: datetime) -> Payout:
    """Book that the bank has paid; the self-bill gets its number now. Safe to repeat."""
    row = _lock_payout(payout, State.PROCESSING, State.PAID)
    if row.state == State.PAID:
        return row
    row.state, row.paid_at = State.PAID, at
    row.save(update_fields=["state", "paid_at"])
    row.attempts.filter(state__in=["sent", "unknown"]).update(state="succeeded", finished_at=at)
    kinds = ("payout_paid", "payout_vat_paid")
    payer = _paid_from(row)
    ledger.post(_transfers(row, kinds, payer, payer, ledger.IN_TRANSIT), at)
    selfbilling.issue(row, at)
    events.tell(events.PAYOUT, [row.pk], at)
    _close(row.batch)
    return row


@transaction.atomic
def confirm_batch(batch: PayoutBatch, at: datetime) -> int:
    """Book that the bank has paid everything of a batch that is on its way."""
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state != BatchState.EXPORTED:
        raise NotAllowed(_("%(what)s is %(state)s.") % said(row))
    return len([confirm(one, at) for one in payouts_of(row, State.PROCESSING)])


@transaction.atomic
def cancel(payout: Payout, reason: str, at: datetime) -> Payout:
    """Take a payout out of its batch before it is exported."""
    return _give_back(_lock_payout(payout, State.PENDING), State.CANCELLED, reason, at)


@transaction.atomic
def fail(payout: Payout, reason: str, at: datetime, code: str = "") -> Payout:
    """Book that the bank refused; only for an outcome that is confirmed.

    `code` is the bank's: one that refuses the account stops the account too.
    """
    row = _lock_payout(payout, State.PROCESSING)
    if _may_still_pay(row):
        raise NotAllowed(_("It may have been paid: its outcome is asked about first."))
    row.attempts.filter(state__in=["sent", "unknown"]).update(
        state="failed", reason=reason[:300], finished_at=at
    )
    refuse_account(row, code)
    return _give_back(row, State.FAILED, reason, at)


def _may_still_pay(payout: Payout) -> bool:
    """Say whether a rail was called for a payout and has not said what became of it."""
    live = payout.attempts.select_for_update().filter(state__in=["sent", "unknown"])
    return rails.named(payout.rail).sends and any(one.tries for one in live)


@transaction.atomic
def returned(payout: Payout, reason: str, at: datetime, code: str = "") -> Payout:
    """Book that the money came back after it was paid, such as from a closed account."""
    row = _lock_payout(payout, State.PAID)
    refuse_account(row, code)
    selfbilling.reverse(row, at)
    return _give_back(row, State.RETURNED, reason, at)


def _give_back(payout: Payout, state: str, reason: str, at: datetime) -> Payout:
    """End a payout that came to nothing: money back in the balance, lines free again."""
    came_back = state == State.RETURNED
    payout.state, payout.reason = state, reason[:300]
    payout.save(update_fields=["state", "reason"])
    source = _paid_from(payout) if came_back else ledger.IN_TRANSIT
    end = "returned" if came_back else "back"
    kinds = (f"payout_{end}", f"payout_vat_{end}")
    ledger.post(_transfers(payout, kinds, _owner(payout), ledger.VAT, source), at)
    payout.claims.filter(released_at=None).update(released_at=at)
    events.tell(events.PAYOUT, [payout.pk], at)
    if payout.creator_id:
        reclaims.look(payout.creator_id, at)  # who is gone cannot give another account
    _close(payout.batch)
    return payout


def _close(batch: PayoutBatch) -> None:
    """Close a batch of which nothing is open any more; it is locked, so the last one sees that."""
    if not batch.payouts.filter(state__in=Payout.OPEN).exists():
        done = BatchState.CLOSED if batch.exported_at else BatchState.CANCELLED
        PayoutBatch.objects.filter(pk=batch.pk).update(state=done)


def claims_of(payout: Payout) -> list[PayoutClaim]:
    """Return the lines that a payout pays or paid, with their brand and night."""
    rows = payout.claims.select_related("line__brand", "line__run")
    return list(rows.order_by("line__run__night", "line_id"))
