"""The share of every search page that is kept for small and new creators, in every order.

Follower counts decide who belongs to them and add nothing to anybody's place. Creators who
pass the filter stand on two tracks, small and others, that never share one; a page takes the
best of both, and from the small track at least its share while that lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from creators.models import DirectoryEntry

BELOW = 5_000  # followers on the largest channel
NEW_DAYS = 90  # since the creator got in
KEPT, OF = 3, 12  # places of each page


@dataclass(frozen=True, slots=True)
class Measured:
    """How many creators can be found, and how many of them are small or new."""

    listed: int
    small: int

    @property
    def percent(self) -> int:
        return round(100 * self.small / self.listed) if self.listed else 0


def places(size: int) -> int:
    """Return how many places of a page of `size` are kept."""
    return size * KEPT // OF


def tracks(found: QuerySet[DirectoryEntry], at: datetime) -> tuple[QuerySet, QuerySet]:
    """Return those of `found` who are small or new at `at`, and the others."""
    since = at - timedelta(days=NEW_DAYS)
    small = Q(followers_max__lt=BELOW) | Q(enrolled_at__gte=since)
    large = Q(followers_max__gte=BELOW) & (Q(enrolled_at=None) | Q(enrolled_at__lt=since))
    return found.filter(small), found.filter(large)


def reason(entry: DirectoryEntry, at: datetime) -> str:
    """Return why an entry belongs to the small track: "small", "new" or ""."""
    if entry.followers_max < BELOW:
        return "small"
    is_new = entry.enrolled_at and entry.enrolled_at >= at - timedelta(days=NEW_DAYS)
    return "new" if is_new else ""


def choose(small: Sequence, large: Sequence, key, size: int) -> list:
    """Return the page: the first `size` of both by `key`, at least the kept places from `small`."""
    kept = min(len(small), places(size))
    rest = sorted([*small[kept:], *large], key=key)[: size - kept]
    return sorted([*small[:kept], *rest], key=key)


def measured(at: datetime) -> Measured:
    listed = DirectoryEntry.objects.filter(is_listed=True)
    small, _large = tracks(listed, at)
    counts = listed.aggregate(listed=Count("pk"))
    return Measured(listed=counts["listed"], small=small.count())
