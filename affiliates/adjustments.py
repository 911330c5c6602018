"""Corrections by hand: goodwill, write-offs, top-ups by bank; proposed by one, decided by another.

What we give is booked platform_loss → brand; a creator gets it through an adjustment of that
brand, settled with the next night. The rules as a table: docs/money.md.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates import commissions, ledger, tax
from affiliates.clock import local_day
from affiliates.ledger import Transfer
from affiliates.models import Adjustment
from config.lib import money
from config.lib.money import half_up
from creators.models import Creator
from shop.models import Brand

Kind, State = Adjustment.Kind, Adjustment.State


class NotAllowed(Exception):
    """A step out of order, by the same person, by whom it concerns, or for more than is owed."""


def propose(
    kind: str,
    brand: Brand,
    amount: int,
    currency: str,
    reason: str,
    by: AbstractBaseUser,
    at: datetime,
    *,
    creator: Creator | None = None,
    reference: str = "",
) -> Adjustment:
    """Write down what should be booked; nothing moves until another admin approves.

    Raises ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("an adjustment needs a reason")
    return Adjustment.objects.create(
        kind=kind, brand=brand, creator=creator, amount=amount, currency=currency,
        reason=reason.strip()[:300], reference=reference.strip(), proposed_by=by, proposed_at=at,
    )  # fmt: skip


def _locked(adjustment: Adjustment, by: AbstractBaseUser) -> Adjustment:
    row = Adjustment.objects.select_for_update(of=["self"]).get(pk=adjustment.pk)
    if row.state != State.PROPOSED:
        raise NotAllowed(_("It is decided already: %s.") % row.get_state_display())
    if row.proposed_by_id == by.pk:
        raise NotAllowed(_("Whoever proposed it does not decide it."))
    if _is_hers(row, by):
        raise NotAllowed(_("Whoever it concerns does not decide it."))
    return row


def _is_hers(row: Adjustment, by: AbstractBaseUser) -> bool:
    gets = row.creator is not None and row.creator.user_id == by.pk
    return gets or row.brand.memberships.filter(user=by.pk).exists()


@transaction.atomic
def approve(
    adjustment: Adjustment, by: AbstractBaseUser, at: datetime, decision: str = ""
) -> Adjustment:
    """Book a proposal; `by` is not who made it. Raises NotAllowed."""
    row = _locked(adjustment, by)
    if row.kind == Kind.WRITE_OFF:
        _within_debt(row)
    ledger.post(_transfers(row, at), at)
    if row.creator_id:
        row.commission = commissions.adjust(
            row.creator, row.brand_id, row.amount, row.currency, row.reason, at
        )
    return _decide(row, State.APPROVED, by, at, decision)


@transaction.atomic
def refuse(adjustment: Adjustment, by: AbstractBaseUser, at: datetime, decision: str) -> Adjustment:
    """Close a proposal without booking it; `by` is not who made it. Raises NotAllowed."""
    return _decide(_locked(adjustment, by), State.REFUSED, by, at, decision)


def _decide(row: Adjustment, state: str, by: AbstractBaseUser, at: datetime, decision: str):
    row.state, row.decided_by, row.decided_at, row.decision = state, by, at, decision[:300]
    row.save(update_fields=["state", "decided_by", "decided_at", "decision", "commission"])
    return row


def _within_debt(row: Adjustment) -> None:
    """Only what a brand owes can be written off; its account is locked from here on."""
    owner = ledger.brand(row.brand_id)
    ledger.lock(owner, row.currency)
    owed = -ledger.balance(owner, row.currency)
    if row.amount > owed:
        facts = {
            "brand": row.brand.name,
            "owed": money.display(max(owed, 0), row.currency),
            "amount": money.display(row.amount, row.currency),
        }
        raise NotAllowed(_("%(brand)s owes %(owed)s, less than %(amount)s.") % facts)


def _transfers(row: Adjustment, at: datetime) -> list[Transfer]:
    """Return the entries of a proposal; a correction has none, its commission has."""
    if row.kind == Kind.CORRECTION:
        return []
    owner, amount = ledger.brand(row.brand_id), row.amount
    payer = ledger.BANK if row.kind == Kind.TOP_UP else ledger.LOSS
    if row.kind == Kind.GOODWILL and row.creator_id:  # the night adds VAT; it is ours too
        brand = row.brand
        home_bp = tax.home_vat_bp(local_day(at))
        amount += half_up(amount, tax.vat_bp_of(brand, home_bp))
    return [Transfer(row.kind, payer, owner, amount, row.currency, "adjustment", row.pk)]
