"""What we owe somebody whose account is closed and who cannot be paid: kept, found, given back.

A payout may come back, or a dispute be won, after she was erased. The money stays in her balance,
under her number, and never becomes ours by time. It waits where finance sees it. Who comes for it
shows that it is hers (what the tax office needs is kept as long as anything is owed); one admin
proposes an account, another agrees, and 48 hours later it goes out like any other payout.

    look(creator_id, at)   open or close what concerns one creator
    find(at)               the same for all who are gone; each night
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Sum
from django.utils.translation import gettext as _

from affiliates.models import Payout, PayoutClaim, PayoutMethod, Reclaim, SettlementLine
from affiliates.payouts import methods
from creators.models import Creator

State = Reclaim.State


class NotAllowed(Exception):
    """A step out of order, or by the same person as the step before; its message is shown."""


def owed(creator_id: int) -> dict[str, int]:
    """Return what a creator's balance holds that no payout claims, where it is above zero."""
    claimed = PayoutClaim.objects.filter(line=OuterRef("pk"), released_at=None)
    lines = SettlementLine.objects.filter(~Exists(claimed), creator=creator_id)
    sums = lines.values_list("currency").annotate(sum=Sum("amount")).order_by("currency")
    return {currency: int(amount) for currency, amount in sums if amount > 0}


def find(at: datetime) -> int:
    """Look at everybody who is gone and has lines that no payout claims, or an open row."""
    claimed = PayoutClaim.objects.filter(line=OuterRef("pk"), released_at=None)
    lines = SettlementLine.objects.filter(~Exists(claimed), creator=OuterRef("pk"))
    open_ = Reclaim.objects.filter(creator=OuterRef("pk"), closed_at=None)
    rows = Creator.objects.filter(erased_at__isnull=False)
    rows = rows.filter(Exists(lines) | Exists(open_)).order_by("pk")
    return sum(look(pk, at) for pk in list(rows.values_list("pk", flat=True)))


@transaction.atomic
def look(creator_id: int, at: datetime) -> bool:
    """Open a row for somebody who is gone and cannot be paid, close one that is over.

    Returns whether anything changed; nothing does for who is still here.
    """
    if not Creator.objects.filter(pk=creator_id, erased_at__isnull=False).exists():
        return False
    Creator.objects.select_for_update().get(pk=creator_id)
    row = Reclaim.objects.select_for_update(of=("self",)).filter(
        creator=creator_id, closed_at=None
    ).first()  # fmt: skip
    waits, can_be_paid = bool(owed(creator_id)), _accounts(creator_id).exists()
    if row and row.state == State.AGREED and not can_be_paid:
        _close(row, State.FAILED, at)
        row = None
        if not waits:
            return True
    elif row and not waits and not _on_its_way(creator_id):
        _close(row, State.DONE, at)
        return True
    if row is None and waits and not can_be_paid:
        Reclaim.objects.create(creator_id=creator_id, opened_at=at)
        return True
    return False


def _accounts(creator_id: int):
    rows = PayoutMethod.objects.filter(creator=creator_id, replaced_at=None, refused="")
    return rows.exclude(name_check=PayoutMethod.NameCheck.NONE)


def _on_its_way(creator_id: int) -> bool:
    return Payout.objects.filter(creator=creator_id, state__in=Payout.OPEN).exists()


def _close(row: Reclaim, state: str, at: datetime) -> None:
    row.state, row.closed_at = state, at
    row.save(update_fields=["state", "closed_at"])


def _locked(row: Reclaim, *states: str) -> Reclaim:
    Creator.objects.select_for_update().get(pk=row.creator_id)
    found = Reclaim.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if found.state not in states:
        raise NotAllowed(_("It is at another step: %s.") % found.get_state_display())
    return found


@transaction.atomic
def keep(row: Reclaim, reason: str) -> Reclaim:
    """Note that nobody is to be found: it is kept, and leaves the desk. Raises NotAllowed."""
    row = _locked(row, State.WAITING)
    row.state, row.decision = State.KEPT, reason[:300]
    row.save(update_fields=["state", "decision"])
    return row


@transaction.atomic
def propose(
    row: Reclaim, number: str, holder: str, evidence: str, by: AbstractBaseUser, at: datetime
) -> Reclaim:
    """Propose the account of whoever came for it; another admin decides.

    Raises NotAllowed, ValueError without evidence.
    """
    if not evidence.strip():
        raise ValueError("an account for somebody who is gone needs evidence")
    row = _locked(row, *Reclaim.FREE)
    row.state, row.iban, row.holder, row.evidence = State.PROPOSED, number, holder, evidence[:300]
    row.proposed_by, row.proposed_at = by, at
    row.save()
    return row


@transaction.atomic
def agree(row: Reclaim, by: AbstractBaseUser, at: datetime) -> Reclaim:
    """Take the proposed account: it is used after 48 hours. Raises NotAllowed."""
    row = _locked(row, State.PROPOSED)
    if row.proposed_by_id == by.pk:
        raise NotAllowed(_("Whoever proposed it does not decide it."))
    row.method = methods.change_method(row.creator, row.iban, row.holder, at)
    row.state, row.decided_by, row.decided_at = State.AGREED, by, at
    row.save()
    return row


@transaction.atomic
def refuse(row: Reclaim, by: AbstractBaseUser, reason: str, at: datetime) -> Reclaim:
    """Turn the proposed account down; what is owed waits anew. Raises NotAllowed."""
    row = _locked(row, State.PROPOSED)
    if row.proposed_by_id == by.pk:
        raise NotAllowed(_("Whoever proposed it does not decide it."))
    row.decided_by, row.decided_at, row.decision = by, at, reason[:300]
    row.save(update_fields=["decided_by", "decided_at", "decision"])
    _close(row, State.REFUSED, at)
    look(row.creator_id, at)
    return row
