"""That a payout failed or came back, said by hand: it pays again, so it takes two admins.

The bank's own file (`bankreplies`) needs nobody beside it.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates.models import Payout, PayoutWord
from affiliates.payouts.foureyes import NotAllowed, State, lock_payout, said
from affiliates.payouts.outcomes import fail, returned

STEPS = {
    PayoutWord.Kind.FAILED: (State.PROCESSING, fail),
    PayoutWord.Kind.RETURNED: (State.PAID, returned),
}


@transaction.atomic
def say(payout: Payout, kind: str, reason: str, by: AbstractBaseUser, at: datetime) -> bool:
    """Note what became of a payout; the second admin who says it books it: True.

    Raises NotAllowed for the same admin twice, for her own payout, and out of order.
    """
    starts, step = STEPS[PayoutWord.Kind(kind)]
    row = lock_payout(payout.pk)
    if row.state != starts:
        raise NotAllowed(_("%(what)s is %(state)s.") % said(row))
    if _is_hers(row, by):
        raise NotAllowed(_("This payout is yours: another admin does this."))
    before = row.words.filter(agreed_by=None).first()
    if before is not None and before.kind != kind:  # of a state that is over
        before.delete()
        before = None
    if before is None:
        row.words.create(kind=kind, reason=reason[:300], said_by=by, said_at=at)
        return False
    if before.said_by_id == by.pk:
        raise NotAllowed(_("You said so already: another admin confirms it."))
    before.agreed_by, before.agreed_at = by, at
    before.save(update_fields=["agreed_by", "agreed_at"])
    step(row, before.reason, at)
    return True


def _is_hers(payout: Payout, by: AbstractBaseUser) -> bool:
    if payout.creator is not None:
        return payout.creator.user_id == by.pk
    return payout.brand.memberships.filter(user=by.pk).exists()
