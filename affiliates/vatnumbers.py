"""Is a creator's VAT number in use? Asked of VIES once, again when it does not answer, and monthly.

VAT is only paid on a number that VIES knows; until then a payout waits.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from affiliates import vies
from affiliates.models import TaxProfile, VatCheck

logger = logging.getLogger(__name__)
State = VatCheck.State
NUMBERED = (TaxProfile.Kind.VAT_LIABLE, TaxProfile.Kind.EU_REVERSE)
AGAIN = timedelta(days=30)  # a number may go out of use
LEASE = timedelta(minutes=2)  # for so long one process asks and the others leave it alone
LONGEST_WAIT = timedelta(hours=6)


def open_check(profile: TaxProfile, at: datetime) -> VatCheck | None:
    """Let the number of a profile be asked about as soon as can be; None if it needs none."""
    if profile.kind not in NUMBERED:
        return None
    return VatCheck.objects.get_or_create(profile=profile, defaults={"next_at": at})[0]


def check_due(at: datetime, most: int = 100) -> int:
    """Ask VIES about up to `most` numbers that are due; return how many were answered."""
    for profile in TaxProfile.objects.filter(kind__in=NUMBERED, vat_check=None)[:most]:
        open_check(profile, at)
    due = VatCheck.objects.filter(next_at__lte=at).order_by("next_at", "profile_id")
    return sum(_one(pk, at) for pk in list(due.values_list("pk", flat=True)[:most]))


def _one(pk: int, at: datetime) -> bool:
    claimed = VatCheck.objects.filter(Q(pk=pk) & Q(next_at__lte=at)).update(
        next_at=at + LEASE, tries=F("tries") + 1
    )
    if not claimed:
        return False
    number = TaxProfile.objects.values_list("vat_number", flat=True).get(pk=pk)
    try:
        answer = vies.checker().check(number)
    except vies.NoAnswer as error:
        _no_answer(pk, str(error), at)
        return False
    VatCheck.objects.filter(pk=pk).update(
        state=State.VALID if answer.valid else State.INVALID, consultation=answer.consultation,
        checked_at=at, reason="", tries=0, next_at=at + AGAIN,
    )  # fmt: skip
    return True


@transaction.atomic
def _no_answer(pk: int, reason: str, at: datetime) -> None:
    """Ask again later; what VIES once said stays until it says something else."""
    row = VatCheck.objects.select_for_update().get(pk=pk)
    if row.checked_at is None:
        row.state = State.UNAVAILABLE
    row.reason = reason[:200]
    row.next_at = at + min(timedelta(minutes=2 ** min(row.tries, 10)), LONGEST_WAIT)
    row.save()
    logger.warning("VIES said nothing of profile %s: %s", pk, reason)


def as_fact(profile: TaxProfile) -> dict[str, str] | None:
    """Return what a self-bill keeps of the check of its creator's number."""
    row = VatCheck.objects.filter(profile=profile, checked_at__isnull=False).first()
    if row is None:
        return None
    return {
        "state": row.state, "consultation": row.consultation,
        "checked_at": row.checked_at.isoformat(),
    }  # fmt: skip
