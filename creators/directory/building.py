"""Building the index of the search: everybody numbered once per order, in one statement's view.

Rows are read once, and turned into lists of rows per facet and word; numpy turns those into
bitmaps, ten times as fast as Python. Only who builds loads it: see `index.build`.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import numpy as np
from django.db import connection, transaction

from creators import smallfirst
from creators.directory import index, masks, words
from creators.directory.facets import from_steps
from creators.models import DirectoryGone, DirectoryIndex

FETCH = 5_000
HORIZON = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_current_xact_id()::text::bigint
"""
ROWS = """
SELECT creator_id, facets, {small}, tsvector_to_array(search), fit,
       ('x' || substr(md5(%(seed)s || ':' || creator_id), 1, 8))::bit(32)::bigint,
       coalesce(engagement_bp, -1), coalesce(engagement_pct, -1), coalesce(score, -1),
       followers_max
FROM creators_directoryentry WHERE is_listed
"""
SORTED_BY = (
    "fit",
    "lot",
    "reactions",
    "engagement",
    "score",
    "followers",
)  # the last columns of a row
LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('directory index'))"
COPY = 'COPY creators_directorybits (index_id, "order", name, bits) FROM STDIN (FORMAT BINARY)'


def build(at: datetime) -> int:
    """Number everybody who can be found; return how many. The index before stays for a while."""
    seed = index.seed_of(at)
    sql = ROWS.replace("{small}", smallfirst.SQL)
    values = {"seed": seed, "since": smallfirst.since(at)}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
            if not cursor.fetchone()[0]:
                return 0  # somebody is at it
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(HORIZON)
            horizon, built_in = cursor.fetchone()
        by_word = words.frequent()
        ids, sorting, members = _read(sql, values, by_word)
        made = DirectoryIndex.objects.create(
            built_at=at, built_in=built_in, horizon=horizon, seed=seed, size=len(ids),
            kept=len(members.get(smallfirst.NAME, ())),
        )  # fmt: skip
        _write(made.pk, words.LISTS, _listed(ids, by_word, members))
        for order in index.SORTS:
            _write(made.pk, order, _numbered(ids, _places(order, ids, sorting), members))
        old = DirectoryIndex.objects.filter(id__lt=made.id).order_by("-id")[1:2]
        for last in old:
            DirectoryIndex.objects.filter(id__lte=last.id).delete()
        DirectoryGone.objects.filter(changed_in__lt=horizon).delete()
    return len(ids)


def _read(
    sql: str, values: dict, by_word: dict[str, array]
) -> tuple[array, dict[str, array], dict[str, array]]:
    """Return creators by row, what sorts them (`SORTED_BY`) by row, and the rows of each facet.

    The rows of each word are added to `by_word`.
    """
    ids, sorting = array("I"), {name: array("q") for name in SORTED_BY}
    members: dict[str, array] = defaultdict(lambda: array("I"))
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(FETCH):
            begin = len(ids)
            some, facets, small, lexemes, *keys = zip(*rows, strict=True)
            ids.extend(some)
            for column, found in zip(sorting.values(), keys, strict=True):
                column.extend(found)
            for row, (tokens, is_small, said) in enumerate(
                zip(map(str.split, facets), small, lexemes, strict=True), begin
            ):
                for token in tokens:
                    members[token].append(row)
                if is_small and smallfirst.FLOOR_FACET in tokens:
                    members[smallfirst.NAME].append(row)
                for word in said or ():
                    if word in by_word:
                        by_word[word].append(row)
    return ids, sorting, members


def _places(order: str, ids: array, sorting: dict[str, array]) -> array:
    """Return the number of each row in an order: what `index.key` sorts by, most first."""
    newest = -np.array(ids, np.int64)
    keys = [newest]  # ties
    if order == "fit":
        keys.append(np.array(sorting["lot"], np.int64))
    if order == "engagement":
        keys.append(-np.array(sorting["reactions"], np.int64))
    if order in sorting:
        keys.append(-np.array(sorting[order], np.int64))
    places = np.empty(len(ids), np.uint32)
    places[np.lexsort(keys)] = np.arange(len(ids), dtype=np.uint32)
    return array("I", places.tobytes())


def _listed(
    ids: array, by_word: dict[str, array], members: dict[str, array]
) -> list[tuple[str, bytes]]:
    """Return the lists of creators by word; the common words are added to `members`."""
    lists, creators = [], np.frombuffer(ids, np.uint32) if ids else np.empty(0, np.uint32)
    for word, rows in by_word.items():
        if len(rows) * words.COMMON >= len(ids):
            members[words.name(word)] = rows
        elif rows:
            lists.append((words.name(word), creators[np.frombuffer(rows, np.uint32)].tobytes()))
    return lists


def _numbered(
    ids: array, numbered: array, members: dict[str, array]
) -> Iterable[tuple[str, bytes]]:
    """Yield what is kept of one order: who has which number, and the bitmap of each facet."""
    if not ids:
        return
    creators, places = np.frombuffer(ids, np.uint32), np.frombuffer(numbered, np.uint32)
    by_number = np.zeros(len(ids), np.uint32)
    by_number[places] = creators
    by_creator = np.zeros(int(creators.max()) + 1, np.uint32)
    by_creator[creators] = places + 1
    yield from (("ids", by_number.tobytes()), ("places", by_creator.tobytes()))
    stored = {
        token: masks.through(some, numbered, len(ids)) for token, some in members.items() if some
    }
    size = (len(ids) + 7) >> 3
    for name, mask in from_steps(stored).items():
        yield name, mask.to_bytes(size, "little")


def _write(index_id: int, order: str, rows: Iterable[tuple[str, bytes]]) -> None:
    """Copy bits into their table: as text, as Django says them, they would be twice as long."""
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(["int8", "varchar", "varchar", "bytea"])
        for name, raw in rows:
            copy.write_row((index_id, order, name, raw))
