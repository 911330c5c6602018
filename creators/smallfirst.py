"""The share of every search page that is kept for small and new creators, in every order.

Follower counts decide who belongs to them and add nothing to anybody's place. Creators who
pass the filter stand on two tracks, small and others, that never share one; a page takes the
best of both, and from the small track at least its share while that lasts. A small or new
creator is on it who passes the floor (`fitness.FLOOR`, `fitness.SCORE_FLOOR`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from creators import fitness
from creators.models import DirectoryEntry, DirectoryIndex

BELOW = 5_000  # followers on the largest channel
NEW_DAYS = 90  # since the creator got in
KEPT, OF = 3, 12  # places of each page
NAME = "kept"  # of the bitmap of the small track
FLOOR_FACET = "ok"  # the facet of those who pass the floor
SQL = f"(followers_max < {BELOW} OR enrolled_at >= %(since)s)"


@dataclass(frozen=True, slots=True)
class Measured:
    """How many creators can be found, and how many of them are small or new."""

    listed: int
    small: int

    @property
    def percent(self) -> int:
        return round(100 * self.small / self.listed) if self.listed else 0


def since(at: datetime) -> datetime:
    """Return from when on a creator who got in is new at `at`."""
    return at - timedelta(days=NEW_DAYS)


def places(size: int) -> int:
    """Return how many places of a page of `size` are kept."""
    return size * KEPT // OF


def tracks(found: QuerySet[DirectoryEntry], at: datetime) -> tuple[QuerySet, QuerySet]:
    """Return those of `found` who are small or new at `at`, and the others."""
    day = since(at)
    small = Q(followers_max__lt=BELOW) | Q(enrolled_at__gte=day)
    large = Q(followers_max__gte=BELOW) & (Q(enrolled_at=None) | Q(enrolled_at__lt=day))
    return found.filter(small), found.filter(large)


def reason(entry: DirectoryEntry, at: datetime) -> str:
    """Return why an entry is helped: "small", "new" or ""."""
    if entry.followers_max < BELOW:
        return "small"
    is_new = entry.enrolled_at and entry.enrolled_at >= since(at)
    return "new" if is_new else ""


def is_kept(entry: DirectoryEntry, at: datetime) -> bool:
    """Say whether an entry stands on the small track: small or new, and above the floor."""
    return bool(reason(entry, at)) and fitness.passes(entry.fit, entry.score)


def on_track(at: datetime) -> Q:
    """Return the condition of `is_kept`."""
    known = Q(score=None) | Q(score__gte=fitness.SCORE_FLOOR)
    is_small = Q(followers_max__lt=BELOW) | Q(enrolled_at__gte=since(at))
    return is_small & known & Q(fit__gte=fitness.FLOOR)


def choose(small: Sequence, large: Sequence, key: Callable, size: int) -> list:
    """Return the page: the first `size` of both by `key`, at least the kept places from `small`."""
    kept = min(len(small), places(size))
    rest = sorted([*small[kept:], *large], key=key)[: size - kept]
    return sorted([*small[:kept], *rest], key=key)


def measured(at: datetime) -> Measured:
    """Return the share of small and new ones: of the last index, else counted now."""
    if index := DirectoryIndex.objects.order_by("-id").first():
        return Measured(listed=index.size, small=index.kept)
    listed = DirectoryEntry.objects.filter(is_listed=True)
    small, _large = tracks(listed, at)
    counts = listed.aggregate(listed=Count("pk"))
    return Measured(listed=counts["listed"], small=small.count())
