"""Approve, and what exporting asks for too: acts of two different people, at any amount."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from affiliates import books, rails
from affiliates.models import Payout, PayoutBatch
from affiliates.rails.sepa import digest

State, BatchState = Payout.State, PayoutBatch.State


class NotAllowed(Exception):
    """A step out of order, or by the same person as the step before; its message is shown."""


def said(row: Payout | PayoutBatch) -> dict[str, str]:
    return {"what": str(row), "state": row.get_state_display()}


def lock_payout(pk: int) -> Payout:
    """Lock a payout, and before it its batch: whoever touches both does so in this order."""
    PayoutBatch.objects.select_for_update(of=("self",)).get(payouts=pk)
    return Payout.objects.select_for_update(of=("self",)).get(pk=pk)


def locked(batch: PayoutBatch, state: str) -> PayoutBatch:
    """Lock a batch that is in this state. Raises NotAllowed."""
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state != state:
        raise NotAllowed(_("%(what)s is %(state)s.") % said(row))
    return row


def refuse_own(batch: PayoutBatch, by: AbstractBaseUser) -> None:
    """Raise NotAllowed where a batch pays whoever is about to act on it."""
    hers = Q(creator__user=by.pk) | Q(brand__memberships__user=by.pk)
    if batch.payouts.filter(hers).exists():
        raise NotAllowed(_("This batch pays you: another admin does this."))


@transaction.atomic
def approve(batch: PayoutBatch, by: AbstractBaseUser, at: datetime) -> PayoutBatch:
    """Let a batch go to the bank; somebody else exports it, and nobody her own.

    Raises NotAllowed, books.OutOfBalance.
    """
    books.require_balance()
    row = locked(batch, BatchState.BUILT)
    refuse_own(row, by)
    row.state, row.approved_by, row.approved_at = BatchState.APPROVED, by, at
    row.save()
    return row


def payouts_of(batch: PayoutBatch, *states: str) -> list[Payout]:
    rows = batch.payouts.filter(state__in=states) if states else batch.payouts.all()
    return list(rows.select_related("method", "creator", "brand").order_by("id"))


def totals(batches: QuerySet[PayoutBatch], what: str) -> list[dict[str, object]]:
    """Return count and sums of the payouts of some batches by `what` and currency.

    `what` is `currency`, or `state` (of the payouts). A row: label, currency, n, amount, vat, sum.
    """
    rows = Payout.objects.filter(batch__in=batches).values(*{what, "currency"})
    rows = rows.annotate(n=Count("id"), net=Sum("amount"), tax=Sum("vat")).order_by(
        what, "currency"
    )
    names = dict(State.choices)
    return [
        {
            "label": names.get(row[what], row[what]), "currency": row["currency"], "n": row["n"],
            "amount": row["net"], "vat": row["tax"], "sum": row["net"] + row["tax"],
        }
        for row in rows
    ]  # fmt: skip


def document(batch: PayoutBatch) -> rails.Document:
    """Return the exported file again; raises NotAllowed without one, or if it would differ."""
    if not batch.file_sha256:
        raise NotAllowed(_("This batch was not exported yet."))
    sent = [one for one in payouts_of(batch) if one.state != State.CANCELLED]
    again = rails.named(batch.rail).document(batch, sent)
    if digest(again) != batch.file_sha256:
        raise NotAllowed(_("The file would differ from the one that was exported."))
    return again
