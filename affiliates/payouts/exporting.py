"""Export: the second person's act, after which the money is on its way."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates import books, events, rails
from affiliates.models import Payout, PayoutAttempt, PayoutBatch
from affiliates.payouts import rechecks
from affiliates.payouts.building import lock_books
from affiliates.payouts.foureyes import BatchState, NotAllowed, State, locked, refuse_own
from affiliates.rails.sepa import digest


@transaction.atomic
def export(batch: PayoutBatch, by: AbstractBaseUser, at: datetime) -> rails.Document | None:
    """Return the file for the bank; from now on the payouts are on their way.

    What may not go out any more leaves the batch first (`rechecks`); None: nothing is left.
    A rail that is called gets its attempts now and is called when this is committed
    (`sending`): the file is then the list of them. Raises NotAllowed for the person who
    approved, rails.Refused when the file is not valid, books.OutOfBalance.
    """
    books.require_balance()
    row = locked(batch, BatchState.APPROVED)
    if row.approved_by_id == by.pk:
        raise NotAllowed(_("Whoever approved a batch does not export it."))
    refuse_own(row, by)
    waiting = _locked_payouts(row)
    rechecks.lock_accounts(waiting)
    rail = rails.named(row.rail)
    row.file_schema, row.file_debtor = rail.schema(), rail.debtor()
    why = rechecks.stopped(waiting, at)
    document = _document(row, waiting, why)  # takes its time: nobody waits for it yet
    lock_books()
    if (now := rechecks.stopped(waiting, at)) != why:
        why, document = now, _document(row, waiting, now)
    rechecks.take_out(waiting, why, by, at)
    if document is None:
        return None
    PayoutAttempt.objects.bulk_create(
        PayoutAttempt(
            payout=one, n=1, idempotency_key=rails.reference(one), sent_at=at,
            next_at=at if rail.sends else None,
        )
        for one in _without(waiting, why)
    )  # fmt: skip
    row.payouts.filter(state=State.PENDING).update(state=State.PROCESSING)
    events.tell_batch(row.pk, at)
    row.state, row.exported_by, row.exported_at = BatchState.EXPORTED, by, at
    row.file_sha256 = digest(document)
    row.save()
    return document


def _locked_payouts(batch: PayoutBatch) -> list[Payout]:
    """Lock what still waits in a batch: what is cancelled at this moment is not in the file."""
    rows = batch.payouts.filter(state=State.PENDING).select_for_update(of=("self",))
    return list(rows.select_related("method", "creator", "brand").order_by("id"))


def _without(payouts: list[Payout], out: Collection[int]) -> list[Payout]:
    return [one for one in payouts if one.pk not in out]


def _document(
    batch: PayoutBatch, payouts: list[Payout], out: Collection[int]
) -> rails.Document | None:
    """Return the file without what stays here; None where all of it does."""
    left = _without(payouts, out)
    if payouts and not left:
        return None
    return rails.named(batch.rail).document(batch, left)
