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

import psycopg
from django.conf import settings
from django.db import connection, transaction

from creators import smallfirst
from creators.directory import masks, words
from creators.directory.facets import from_steps
from creators.models import DirectoryBits, DirectoryEntry, DirectoryGone, DirectoryIndex

SORTS = {  # -> how SQL says it; ties by the newest
    "fit": "fit DESC, substr(md5(%(seed)s || ':' || creator_id), 1, 8) COLLATE \"C\"",
    "engagement": "engagement_bp DESC NULLS LAST",
    "score": "score DESC NULLS LAST",
    "followers": "followers_max DESC",
    "newest": "creator_id DESC",
}
FROM_SIZE = 2_000  # fewer are read as they are
WORTH = 0.005  # of the creators changed: time for a new index
CACHE_BYTES = 48_000_000  # of bitmaps, per process
FETCH = 5_000
HORIZON = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_current_xact_id()::text::bigint
"""
LATEST = """
SELECT i.id, i.built_in, i.horizon, i.seed, i.size,
       (SELECT max(entry.changed_in) FROM creators_directoryentry entry) >= i.horizon,
       (SELECT array_agg(gone.creator_id) FROM creators_directorygone gone
        WHERE gone.changed_in >= i.horizon)
FROM creators_directoryindex i ORDER BY i.id DESC LIMIT 1
"""
ROWS = """
SELECT creator_id, facets, {small}, tsvector_to_array(search), {places}
FROM creators_directoryentry WHERE is_listed
"""
BITS = """
SELECT name, bits FROM creators_directorybits
WHERE index_id = %s AND "order" = %s AND name = ANY(%s)
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
        return {
            name: value or 0
            for name, value in self._load(order, names, lambda raw: int.from_bytes(raw, "little"))
        }

    def arrays(self, order: str) -> tuple[array, array]:
        """Return creator by number, and number + 1 by creator (0: has none)."""
        found = dict(self._load(order, ("ids", "places"), lambda raw: array("I", bytes(raw))))
        return found["ids"] or array("I"), found["places"] or array("I")

    def list(self, order: str, name: str) -> array:
        """Return a list of creators, empty if it is not kept."""
        ((_name, found),) = self._load(order, [name], lambda raw: array("I", bytes(raw)))
        return found

    def _load(self, order, names, read):
        # By its transaction too: a restored database gives ids again.
        found = {name: _kept.get((self.id, self.built_in, order, name)) for name in names}
        if missing := [name for name, value in found.items() if value is None]:
            stored = _stored(self.id, order, missing)
            for name in missing:
                raw = stored.get(name, b"")
                found[name] = read(raw)
                _kept.put((self.id, self.built_in, order, name), found[name], len(raw) + 64)
        return found.items()


def _stored(index_id: int, order: str, names: list[str]) -> dict[str, bytes]:
    """Return stored bits as they are: spelled out as text, as Django asks, they take ten times as
    long.
    """
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(BITS, [index_id, order, names], binary=True)
        return dict(cursor.fetchall())


def latest(at: datetime) -> Latest:
    """Return the newest index; an empty one while there is none. One query."""
    with connection.cursor() as cursor:
        cursor.execute(LATEST)
        row = cursor.fetchone()
    if row is None:
        return Latest(0, 0, 0, seed_of(at), 0, True)
    *facts, gone = row
    return Latest(*facts, tuple(gone or ()))


def seed_of(at: datetime) -> str:
    """Return what sorts creators of equal fit: it changes on Monday, and anybody can compute it."""
    return at.astimezone(ZoneInfo(settings.MARKET_TIME_ZONE)).strftime("%G-W%V")


def tie(seed: str, creator_id: int) -> str:
    """Return her lot among creators of equal fit; the lowest comes first."""
    return md5(f"{seed}:{creator_id}".encode(), usedforsecurity=False).hexdigest()[:8]


def key(order: str, seed: str, entry: DirectoryEntry) -> tuple:
    """Return what sorts an entry as `SORTS` does."""
    if order == "fit":
        return (-entry.fit, tie(seed, entry.creator_id), -entry.creator_id)
    if order == "newest":
        return (-entry.creator_id,)
    value = {
        "engagement": entry.engagement_bp,
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
    seed, orders = seed_of(at), tuple(SORTS)
    places = ", ".join(
        f"row_number() OVER (ORDER BY {words}, creator_id DESC) - 1" for words in SORTS.values()
    )
    sql = ROWS.replace("{places}", places).replace("{small}", smallfirst.SQL)
    values = {"seed": seed, "since": smallfirst.since(at)}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('directory index'))")
            if not cursor.fetchone()[0]:
                return 0  # somebody is at it
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(HORIZON)
            horizon, built_in = cursor.fetchone()
        by_word = words.frequent()
        ids, numbers, members = _read(sql, values, len(orders), by_word)
        index = DirectoryIndex.objects.create(
            built_at=at, built_in=built_in, horizon=horizon, seed=seed, size=len(ids),
            kept=len(members.get(smallfirst.NAME, ())),
        )  # fmt: skip
        _keep_words(index, ids, by_word, members)
        for order, numbered in zip(orders, numbers, strict=True):
            _write(index, order, ids, numbered, members)
        old = DirectoryIndex.objects.filter(id__lt=index.id).order_by("-id")[1:2]
        for last in old:
            DirectoryIndex.objects.filter(id__lte=last.id).delete()
        DirectoryGone.objects.filter(changed_in__lt=horizon).delete()
    return len(ids)


def _read(
    sql: str, values: dict, orders: int, by_word: dict[str, array]
) -> tuple[array, list[array], dict[str, array]]:
    """Return ids, their numbers per order, and per name which rows have it."""
    ids, numbers = array("I"), [array("I") for _ in range(orders)]
    members: dict[str, array] = {}
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(FETCH):
            for creator_id, facets, is_small, lexemes, *places in rows:
                row = len(ids)
                ids.append(creator_id)
                for numbered, place in zip(numbers, places, strict=True):
                    numbered.append(place)
                tokens = facets.split()
                if is_small and smallfirst.FLOOR_FACET in tokens:
                    tokens.append(smallfirst.NAME)
                for word in lexemes or ():
                    if word in by_word:
                        by_word[word].append(row)
                for token in tokens:
                    if token not in members:
                        members[token] = array("I")
                    members[token].append(row)
    return ids, numbers, members


def _keep_words(
    index: DirectoryIndex, ids: array, by_word: dict[str, array], members: dict[str, array]
) -> None:
    """Write the lists of words, and add the common ones to `members`."""
    lists = []
    for word, rows in by_word.items():
        if len(rows) * words.COMMON >= len(ids):
            members[words.name(word)] = rows
        elif rows:
            raw = array("I", map(ids.__getitem__, rows)).tobytes()
            lists.append((words.name(word), raw))
    DirectoryBits.objects.bulk_create(
        (DirectoryBits(index=index, order=words.LISTS, name=name, bits=raw) for name, raw in lists),
        200,
    )


def _write(
    index: DirectoryIndex, order: str, ids: array, numbered: array, members: dict[str, array]
) -> None:
    by_number = array("I", bytes(4 * len(ids)))
    by_creator = array("I", bytes(4 * (max(ids, default=0) + 1)))
    for row, place in enumerate(numbered):
        by_number[place] = ids[row]
        by_creator[ids[row]] = place + 1
    rows = [("ids", by_number.tobytes()), ("places", by_creator.tobytes())]
    stored = {
        token: masks.of(map(numbered.__getitem__, some), len(ids))
        for token, some in members.items()
    }
    size = (len(ids) + 7) >> 3
    rows += [(name, mask.to_bytes(size, "little")) for name, mask in from_steps(stored).items()]
    DirectoryBits.objects.bulk_create(
        (DirectoryBits(index=index, order=order, name=name, bits=raw) for name, raw in rows), 50
    )
