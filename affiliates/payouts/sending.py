"""Payouts over a rail that is called: each attempt under its own key, asked about when unclear.

What is known is stored before and after each call, so a process that dies in between leaves
an attempt that was tried, and the next one asks first. An outcome that is unknown is never
sent again under another key; only an attempt that failed for certain is followed by a next.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from affiliates import rails
from affiliates.models import Payout, PayoutAttempt
from affiliates.payouts.foureyes import NotAllowed, State, lock_payout
from affiliates.payouts.outcomes import confirm
from affiliates.rails import Outcome, Result

logger = logging.getLogger(__name__)
Attempt = PayoutAttempt.State
LIVE = (Attempt.SENT, Attempt.UNKNOWN)
LEASE = timedelta(minutes=2)  # for so long one process calls and the others leave it alone
LONGEST_WAIT = timedelta(hours=6)


def send_due(at: datetime, most: int = 100) -> int:
    """Call the rail for up to `most` attempts that are due; return how many have an end now."""
    due = PayoutAttempt.objects.filter(next_at__lte=at, state__in=LIVE).order_by("next_at", "id")
    return sum(_one(pk, at) for pk in list(due.values_list("pk", flat=True)[:most]))


def _one(pk: int, at: datetime) -> bool:
    attempt = _claim(pk, at)
    if attempt is None:
        return False
    outcome = _call(attempt, at)
    return record(attempt, outcome, at)


def _claim(pk: int, at: datetime) -> PayoutAttempt | None:
    """Write down that a call begins, before it does; None if another process makes it."""
    claimed = PayoutAttempt.objects.filter(pk=pk, next_at__lte=at, state__in=LIVE).update(
        next_at=at + LEASE, tries=F("tries") + 1
    )
    if not claimed:
        return None
    return PayoutAttempt.objects.select_related("payout__brand").get(pk=pk)


def _call(attempt: PayoutAttempt, at: datetime) -> Outcome:
    """Send an attempt; one that was tried before is asked about first.

    What the provider does not know is sent again under the same key while that key is sure
    to pay once only, and has failed after that.
    """
    rail = rails.named(attempt.payout.rail)
    if attempt.tries > 1:
        found = rail.find(attempt)
        is_safe = at < attempt.sent_at + timedelta(hours=rail.safe_hours)
        if found.result != Result.FAILED or not is_safe:
            return found
    return rail.send(attempt)


@transaction.atomic
def record(attempt: PayoutAttempt, outcome: Outcome, at: datetime) -> bool:
    """Store what a call led to; return whether the attempt has come to its end."""
    payout = lock_payout(attempt.payout_id)
    row = PayoutAttempt.objects.select_for_update().get(pk=attempt.pk)
    paid_after_all = row.state == Attempt.FAILED and outcome.result == Result.SUCCEEDED
    if row.state not in LIVE and not paid_after_all:
        return False  # a message of the provider was faster
    row.reason = outcome.reason[:300]
    if outcome.result == Result.SUCCEEDED:
        _succeed(payout, row, outcome.reference, at)
        return True
    if outcome.result == Result.FAILED:
        row.state, row.next_at, row.finished_at = Attempt.FAILED, None, at
        logger.error("%s failed: %s", row, row.reason)
    elif outcome.result == Result.LATER:
        row.next_at = at + timedelta(seconds=outcome.wait_s)
        row.tries -= 1  # the provider did not look at it: nothing to ask about
    else:
        row.state = Attempt.UNKNOWN
        row.next_at = at + min(timedelta(minutes=2 ** min(row.tries, 10)), LONGEST_WAIT)
        logger.warning("%s is unknown: %s", row, row.reason)
    row.save()
    return row.state == Attempt.FAILED


def _succeed(payout: Payout, row: PayoutAttempt, reference: str, at: datetime) -> None:
    """Book a payment that was made; a later attempt that was not called yet is dropped."""
    later = list(payout.attempts.filter(n__gt=row.n).select_for_update())
    if any(one.tries or one.state == Attempt.SUCCEEDED for one in later):
        logger.error("%s succeeded late, a later attempt may have paid too", row)
        raise NotAllowed(_("A later attempt may have paid too: a person must look."))
    for one in later:
        one.state, one.next_at, one.finished_at = Attempt.FAILED, None, at
        one.reason = "an earlier attempt paid"
        one.save()
    row.state, row.next_at, row.finished_at = Attempt.UNKNOWN, None, None
    row.save()
    payout.provider_ref = reference
    payout.save(update_fields=["provider_ref"])
    confirm(payout, at)


@transaction.atomic
def retry(payout: Payout, at: datetime) -> PayoutAttempt:
    """Open the next attempt of a payout whose last one failed for certain. Raises NotAllowed."""
    row = Payout.objects.select_for_update(of=["self"]).get(pk=payout.pk)
    last = row.attempts.order_by("-n").first()
    if row.state != State.PROCESSING or last is None or last.state != Attempt.FAILED:
        said = _("Only a payout on its way whose last attempt failed is sent again.")
        raise NotAllowed(said)
    return PayoutAttempt.objects.create(
        payout=row, n=last.n + 1, idempotency_key=rails.reference(row, last.n + 1),
        sent_at=at, next_at=at,
    )  # fmt: skip
