"""What rate holds at a moment: announced changes, notice, and the promise to a link.

All pure: basis points and moments in, basis points out. A raise counts at once; a cut
only after notice. So at any moment the rate is the highest of what was last announced
and what an announced cut has not yet taken away; through a link no cut counts in the first
30 days after it was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NOTICE = timedelta(days=7)  # between announcing a cut and its beginning
LOCK = timedelta(days=30)  # how long a link keeps the rate that it was taken at
LOWEST_BP, HIGHEST_BP, SUGGESTED_BP = 100, 8_000, 1_500


@dataclass(frozen=True, slots=True)
class Change:
    """One announced rate; `product_id` None: of the whole collaboration."""

    old_bp: int
    new_bp: int
    announced_at: datetime
    effective_at: datetime
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """When a link was taken, and until when no later cut counts for it."""

    at: datetime
    locked_until: datetime


@dataclass(frozen=True, slots=True)
class Rates:
    """Everything that says what one collaboration pays."""

    base_bp: int  # as last announced
    product_bp: dict[int, int]  # rates of their own, as last announced
    changes: tuple[Change, ...] = ()

    def at(self, product_id: int | None, at: datetime, taken: Taken | None = None) -> int:
        """Return the rate for a product (None: the collaboration's own) at `at`.

        `taken`: what it is through one link. A product earned the collaboration's rate
        until its own was announced.
        """
        base = [c for c in self.changes if c.product_id is None]
        own = self.product_bp.get(product_id) if product_id is not None else None
        if own is None:
            return rate_at(self.base_bp, base, at, taken)
        changes = [c for c in self.changes if c.product_id == product_id]
        if changes:
            began = min(c.announced_at for c in changes)
            changes += [c for c in base if c.announced_at < began]
        return rate_at(own, changes, at, taken)


def rate_at(
    announced_bp: int, changes: Sequence[Change], at: datetime, taken: Taken | None = None
) -> int:
    """Return the rate at `at`, given the rate last announced and all its changes."""
    later = [c for c in changes if c.announced_at > at]
    known = min(later, key=lambda c: c.announced_at).old_bp if later else announced_bp
    running = [c.old_bp for c in changes if c.announced_at <= at < _counts_from(c, taken)]
    return max([known, *running])


def _counts_from(change: Change, taken: Taken | None) -> datetime:
    """Return from when a change counts: for a link not before its lock ends."""
    if taken is None or change.effective_at <= taken.at:
        return change.effective_at
    return max(change.effective_at, taken.locked_until)


def next_change_at(changes: Iterable[Change], at: datetime) -> datetime | None:
    """Return when an announced cut next takes effect after `at`."""
    return min((c.effective_at for c in changes if c.effective_at > at), default=None)


def effective_at(old_bp: int, new_bp: int, at: datetime) -> datetime:
    """Return from when a change announced at `at` counts."""
    return at if new_bp >= old_bp else at + NOTICE
