"""How long a click counts under an offer, and how long its sales wait: changes with notice.

Better for creators (a longer window, a shorter wait) counts at once. Worse counts as a lower rate
does: after notice, and for a link not in the first 30 days after it was taken.

Reads `offer.term_changes`: prefetch it where many offers are asked.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from affiliates import rates
from affiliates.models import Collaboration, TermChange
from affiliates.rates import Change, Taken

Term = TermChange.Term
SIGN = {Term.WINDOW: 1, Term.HOLD: -1}  # so that more is always better for the creator


def window(offer: Collaboration, at: datetime, taken: Taken | None = None) -> int:
    """Return how many days a click counts at `at`; `taken`: through one link."""
    return _at(offer, Term.WINDOW, at, taken)


def hold(offer: Collaboration, at: datetime, taken: Taken | None = None) -> int:
    """Return how many days after delivery what was paid at `at` clears."""
    return _at(offer, Term.HOLD, at, taken)


def both(offer: Collaboration, at: datetime, taken: Taken | None = None) -> dict[str, int]:
    """Return the days that hold at `at`, by the names of their terms."""
    return {
        Term.WINDOW.value: window(offer, at, taken),
        Term.HOLD.value: hold(offer, at, taken),
    }


def _at(offer: Collaboration, term: Term, at: datetime, taken: Taken | None) -> int:
    sign = SIGN[term]
    changes = [
        Change(sign * one.old, sign * one.new, one.announced_at, one.effective_at)
        for one in offer.term_changes.all()
        if one.term == term
    ]
    return sign * rates.rate_at(sign * getattr(offer, term), changes, at, taken)


@transaction.atomic
def change(
    offer: Collaboration, at: datetime, *, window_days: int, hold_days: int, min_followers: int
) -> list[TermChange]:
    """Announce new terms; return what changes about days. Followers count at once, for new links."""
    row = Collaboration.objects.select_for_update().get(pk=offer.pk)
    found = []
    for term, new in ((Term.WINDOW, window_days), (Term.HOLD, hold_days)):
        old = getattr(row, term)
        if old == new:
            continue
        begins = rates.effective_at(SIGN[term] * old, SIGN[term] * new, at)
        found.append(
            TermChange.objects.create(
                collaboration=row, term=term, old=old, new=new, announced_at=at,
                effective_at=begins,
            )
        )  # fmt: skip
        setattr(row, term, new)
    row.min_followers = min_followers
    row.save(update_fields=["window_days", "hold_days", "min_followers"])
    return found


def longest_window(offer: Collaboration, at: datetime) -> int:
    """Return the most days that any click made until `at` may still count."""
    since = at - rates.NOTICE - rates.LOCK
    cut = [
        one.old
        for one in offer.term_changes.all()
        if one.term == Term.WINDOW and one.announced_at > since
    ]
    return max([offer.window_days, *cut])
