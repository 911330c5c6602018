"""The index of the search: creators numbered by each order, and per facet a bitmap of numbers.

`build` writes it, in one statement's view of the table; the search reads it together with every
entry that changed since (`changed_in` not before `horizon`), so it is never out of date.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from zoneinfo import ZoneInfo

from django.conf import settings

from config.lib import prepared
from creators.directory import masks
from creators.directory.words import LISTS
from creators.models import DirectoryEntry, DirectoryGone, DirectoryIndex

SORTS = ("fit", "engagement", "score", "followers", "newest")  # by most of it; see `key`
FROM_SIZE = 2_000  # fewer are read as they are
WORTH = 0.005  # of the creators changed: time for a new index
CACHE_BYTES = 48_000_000  # of bitmaps, per process
ARRAYS = ("ids", "places")  # names in each order; the rest are bitmaps
LATEST = """
SELECT i.id, i.built_in, i.horizon, i.seed, i.size,
       (SELECT max(entry.changed_in) FROM creators_directoryentry entry) >= i.horizon,
       (SELECT array_agg(gone.creator_id) FROM creators_directorygone gone
        WHERE gone.changed_in >= i.horizon)
FROM creators_directoryindex i ORDER BY i.id DESC LIMIT 1
"""
BITS = """
SELECT kept."order", kept.name, kept.bits
FROM unnest(%s::varchar[], %s::varchar[]) AS asked ("order", name)
JOIN creators_directorybits kept ON kept.index_id = %s
    AND kept."order" = asked."order" AND kept.name = asked.name
"""
_kept = masks.Kept(CACHE_BYTES)


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest index; `gone` are those whose entries were deleted since."""

    id: int
    built_in: int
    horizon: int
    seed: str
    size: int
    is_behind: bool  # some entries changed since
    gone: tuple[int, ...] = ()

    def bits(self, order: str, names: Iterable[str]) -> dict[str, int]:
        """Return bitmaps by name; a facet that nobody has is empty. At most one query."""
        return {name: bits for (_order, name), bits in self._load((order, n) for n in names)}

    def arrays(self, order: str) -> tuple[array, array]:
        """Return creator by number, and number + 1 by creator (0: has none)."""
        (_ids, ids), (_places, places) = self._load([(order, "ids"), (order, "places")])
        return ids, places

    def said(self, order: str, names: Iterable[str]) -> tuple[dict[str, int], dict[str, array]]:
        """Return bitmaps and lists of creators by name of word: one of both is empty, or both."""
        asked = list(names)
        found = self._load([*((order, n) for n in asked), *((LISTS, n) for n in asked)])
        values = [value for _key, value in found]
        return (
            dict(zip(asked, values[: len(asked)], strict=True)),
            dict(zip(asked, values[len(asked) :], strict=True)),
        )

    def _load(self, keys: Iterable[tuple[str, str]]) -> list[tuple[tuple[str, str], object]]:
        """Return what is kept under each order and name, in turn."""
        # By its transaction too: a restored database gives ids again.
        mine = (self.id, self.built_in)
        found = {key: _kept.get((*mine, *key)) for key in keys}
        if missing := [key for key, value in found.items() if value is None]:
            stored = _stored(self.id, missing)
            for key in missing:
                raw = stored.get(key, b"")
                found[key] = _read(key, raw)
                _kept.put((*mine, *key), found[key], len(raw) + 64)
        return list(found.items())


def _read(key: tuple[str, str], raw: bytes) -> int | array:
    order, name = key
    if order == LISTS or name in ARRAYS:
        return array("I", bytes(raw))
    return int.from_bytes(raw, "little")


def _stored(index_id: int, keys: list[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
    """Return stored bits by order and name."""
    orders, names = map(list, zip(*keys, strict=True))
    found = prepared.rows(BITS, [orders, names, index_id], binary=True)
    return {(order, name): bits for order, name, bits in found}


def latest(at: datetime) -> Latest:
    """Return the newest index; an empty one while there is none. One query."""
    found = prepared.rows(LATEST)
    if not found:
        return Latest(0, 0, 0, seed_of(at), 0, True)
    *facts, gone = found[0]
    return Latest(*facts, tuple(gone or ()))


def seed_of(at: datetime) -> str:
    """Return what sorts creators of equal fit: it changes on Monday, and anybody can compute it."""
    return at.astimezone(ZoneInfo(settings.MARKET_TIME_ZONE)).strftime("%G-W%V")


def tie(seed: str, creator_id: int) -> str:
    """Return her lot among creators of equal fit; the lowest comes first."""
    return md5(f"{seed}:{creator_id}".encode(), usedforsecurity=False).hexdigest()[:8]


def key(order: str, seed: str, entry: DirectoryEntry) -> tuple:
    """Return what sorts an entry; `building` says the same of all of them at once."""
    if order == "fit":
        return (-entry.fit, tie(seed, entry.creator_id), -entry.creator_id)
    if order == "newest":
        return (-entry.creator_id,)
    if order == "engagement":
        # Its place among channels of the same platform and size: else views are beside reactions.
        values = (entry.engagement_pct, entry.engagement_bp)
        return (*((value is None, -(value or 0)) for value in values), -entry.creator_id)
    value = {
        "score": entry.score,
        "followers": entry.followers_max,
    }[order]
    return (value is None, -(value or 0), -entry.creator_id)


def number(at: datetime, *, from_size: int = FROM_SIZE) -> int:
    """Build an index if enough has changed since the last one; return how many it numbers."""
    newest = DirectoryIndex.objects.order_by("-id").first()
    listed = DirectoryEntry.objects.filter(is_listed=True)
    if newest is None:
        return build(at) if listed[: from_size + 1].count() > from_size else 0
    changed = DirectoryEntry.objects.filter(changed_in__gte=newest.horizon).count()
    changed += DirectoryGone.objects.filter(changed_in__gte=newest.horizon).count()
    if newest.seed == seed_of(at) and changed <= newest.size * WORTH:
        return 0
    return build(at)


def build(at: datetime) -> int:
    """Number everybody who can be found; return how many. The index before stays for a while."""
    # It loads numpy, which no page needs in its memory.
    from creators.directory import building

    return building.build(at)
