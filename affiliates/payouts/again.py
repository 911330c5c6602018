"""Paying again what failed or came back: a new payout, in a batch of its own, by two people."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates import rails
from affiliates.models import Payout, PayoutMethod
from affiliates.payouts.building import build_again, lock_books
from affiliates.payouts.foureyes import NotAllowed, State, lock_payout

CAME_BACK = (State.FAILED, State.RETURNED)


@transaction.atomic
def again(payout: Payout, by: AbstractBaseUser | None, at: datetime) -> Payout:
    """Pay a creator whose payout failed or came back what she has by now, whatever it is.

    The new payout names the old one, is approved and exported like any other, and is made
    once. Raises NotAllowed, books.OutOfBalance.
    """
    old = lock_payout(payout.pk)  # before the books, as whoever books its end does
    lock_books()
    if old.creator_id is None or old.state not in CAME_BACK:
        raise NotAllowed(_("Only a creator's payout that failed or came back is paid again."))
    if Payout.objects.filter(retries=old).exclude(state=State.CANCELLED).exists():
        raise NotAllowed(_("This payout was paid again before."))
    method = PayoutMethod.objects.filter(creator_id=old.creator_id, replaced_at=None).first()
    rail = method and rails.for_account(method.rail, old.currency)
    batch = rail and build_again(at, rail.name, old.currency, by, [old.creator_id])
    if not batch:
        raise NotAllowed(
            _(
                "This creator cannot be paid now: look at her bank account, her tax facts, an open payout, and whether her brands have paid in."
            )
        )
    new = batch.payouts.get()
    new.retries = old
    new.save(update_fields=["retries"])
    return new
