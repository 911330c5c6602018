"""What rate holds at a moment: announced changes, notice, and the promise to a link.

All pure: basis points and moments in, basis points out. A raise counts at once; a cut
only after notice. So at any moment the rate is the highest of what was last announced
and what an announced cut has not yet taken away.
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
class Rates:
    """Everything that says what one collaboration pays."""

    base_bp: int  # as last announced
    product_bp: dict[int, int]  # rates of their own, as last announced
    changes: tuple[Change, ...] = ()

    def at(self, product_id: int | None, at: datetime) -> int:
        """Return the rate for a product (None: the collaboration's own) at `at`."""
        own = self.product_bp.get(product_id) if product_id is not None else None
        key = product_id if own is not None else None
        bp = self.base_bp if own is None else own
        return rate_at(bp, [c for c in self.changes if c.product_id == key], at)


def rate_at(announced_bp: int, changes: Sequence[Change], at: datetime) -> int:
    """Return the rate at `at`, given the rate last announced and all its changes."""
    later = [c for c in changes if c.announced_at > at]
    known = min(later, key=lambda c: c.announced_at).old_bp if later else announced_bp
    running = [c.old_bp for c in changes if c.announced_at <= at < c.effective_at]
    return max([known, *running])


def next_change_at(changes: Iterable[Change], at: datetime) -> datetime | None:
    """Return when an announced cut next takes effect after `at`."""
    return min((c.effective_at for c in changes if c.effective_at > at), default=None)


def effective_at(old_bp: int, new_bp: int, at: datetime) -> datetime:
    """Return from when a change announced at `at` counts."""
    return at if new_bp >= old_bp else at + NOTICE
