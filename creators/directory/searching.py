"""Reading the directory: the index by bitmaps, and what changed since by its rows.

`Standing` is one order of everybody: numbers of the index, then those who have none yet, then
those who rest because brands saw them much this week. A search is a set of numbers in it; the
lowest of each track make the page, and how many there are is the size of the set.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import NamedTuple

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from creators import smallfirst
from creators.directory import index, masks, rows, words
from creators.directory.facets import Filters, Names, matching, names
from creators.models import DirectoryEntry

BETWEEN = "_"  # the two ends in a cursor
SORTING = (  # what `index.key` and `smallfirst.is_kept` look at
    "creator_id", "fit", "engagement_bp", "engagement_pct", "score", "followers_max", "enrolled_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    entries: list[DirectoryEntry]
    next_cursor: str
    count: int


class Changed(NamedTuple):
    """Creators whom the index does not know as they are; who of them fits, and is small or new."""

    ids: list[int]
    fitting: list[int]
    kept: list[int]


class Standing:
    """Everybody in one order, and who of them a search without its text finds."""

    def __init__(self, filters: Filters, at: datetime, resting: Collection[int] = ()) -> None:
        self.order = filters.sort if filters.sort in index.SORTS else "fit"
        self.filters = filters
        self.index = index.latest(at)
        self.ids, self.places = self.index.arrays(self.order) if self.index.size else ([], [])
        self.extra: list[int] = []  # creators numbered after those of the index
        self.extra_place: dict[int, int] = {}
        self.found, self.kept = 0, 0
        if self.index.size:
            self.found = self._of_index(filters)
            if self.found and filters.words:
                self.found &= self._saying(filters.words)
            self._correct(at)
        else:
            self._without_index(at)
        self._rest(resting)

    def _correct(self, at: datetime) -> None:
        """Put those right whom the index does not know as they are."""
        changed = self._changed(at) if self.index.is_behind else Changed([], [], [])
        known = (self._numbered(one) for one in (*changed.ids, *self.index.gone))
        stale = masks.of(place for place in known if place is not None)
        self.found = masks.without(self.found, stale)
        self.kept = masks.without(self.kept, stale)
        new = [one for one in changed.fitting if self._numbered(one) is None]
        if new:
            self._append_sorted(DirectoryEntry.objects.filter(creator__in=new).only(*SORTING))
        self._put(changed.fitting, changed.kept)

    def _changed(self, at: datetime) -> Changed:
        """Return whom the index does not know as they are. One query, however many they are."""
        fits = matching(self.filters)
        changed = DirectoryEntry.objects.filter(changed_in__gte=self.index.horizon)
        # As words: thousands of numbers are read from them faster than from a list.
        one = Cast("creator_id", TextField())
        found = changed.aggregate(
            ids=StringAgg(one, " "),
            fitting=StringAgg(one, " ", filter=fits),
            kept=StringAgg(one, " ", filter=fits & smallfirst.on_track(at)),
        )
        return Changed(
            **{name: list(map(int, (words or "").split())) for name, words in found.items()}
        )

    def _without_index(self, at: datetime) -> None:
        """Read everybody who fits: a market that has no index yet is small."""
        entries = self._append_sorted(
            DirectoryEntry.objects.filter(matching(self.filters)).only(*SORTING)
        )
        kept = [entry.creator_id for entry in entries if smallfirst.is_kept(entry, at)]
        self._put(self.extra, kept)

    def _append_sorted(self, some: QuerySet[DirectoryEntry]) -> list[DirectoryEntry]:
        """Give the creators of some entries the places after everybody, in the order asked for."""
        entries = sorted(some, key=lambda entry: index.key(self.order, self.index.seed, entry))
        self._append(entry.creator_id for entry in entries)
        return entries

    def _put(self, fitting: Iterable[int], kept: Iterable[int]) -> None:
        """Add creators to those who are found, and to the small track."""
        places = (self.place(one) for one in fitting)
        self.found |= masks.of(place for place in places if place is not None)
        places = (self.place(one) for one in kept)
        self.kept |= masks.of(place for place in places if place is not None)

    def _of_index(self, filters: Filters) -> int:
        """Return whom the index finds by all but the text."""
        asked = names(filters)
        bits = self.index.bits(self.order, [*(asked.all() if asked else []), smallfirst.NAME])
        self.kept = bits[smallfirst.NAME]
        if asked is None:  # a number between two steps: ask the rows
            fitting = DirectoryEntry.objects.filter(matching(filters, text=False))
            return self._set_of(fitting.values_list("creator_id", flat=True))
        return self._named(asked, bits, (1 << self.index.size) - 1)

    def _named(self, asked: Names, bits: dict[str, int], among: int) -> int:
        """Return those of `among` who are in the sets that are asked for."""
        for name in asked.wanted:
            among &= bits[name]
        for name in asked.unwanted:
            among = masks.without(among, bits[name])
        if asked.either:
            among = reduce(or_, (self._named(one, bits, among) for one in asked.either))
        return among

    def _saying(self, text: str) -> int:
        """Return whom the index finds by a text."""
        asked = words.readings(text)
        named = {word: words.name(word) for one in asked for word in one}
        common, listed = self.index.said(self.order, named.values())
        by_word = {
            word: common[name] or self._having(word, listed[name]) for word, name in named.items()
        }
        return reduce(or_, (reduce(and_, (by_word[w] for w in one)) for one in asked), 0)

    def _having(self, word: str, listed: array) -> int:
        """Return the set of those who have a word that is not common."""
        if listed:
            return masks.through(listed, self.places, self.index.size, 1)
        return self._set_of(words.rare(word))

    def _numbered(self, creator_id: int) -> int | None:
        """Return her number in the index."""
        known = creator_id < len(self.places) and self.places[creator_id]
        return known - 1 if known else None

    def place(self, creator_id: int) -> int | None:
        extra = self.extra_place.get(creator_id)
        return self._numbered(creator_id) if extra is None else extra

    def creator(self, place: int) -> int:
        size = self.index.size
        return self.ids[place] if place < size else self.extra[place - size]

    def _set_of(self, creator_ids: Iterable[int]) -> int:
        """Return the set of those of these creators whom the index numbers."""
        known, places = len(self.places), self.places
        return masks.of(
            (places[one] - 1 for one in creator_ids if one < known and places[one]),
            self.index.size,
        )

    def _append(self, creator_ids: Iterable[int]) -> None:
        for one in creator_ids:
            self.extra_place[one] = self.index.size + len(self.extra)
            self.extra.append(one)

    def _rest(self, resting: Collection[int]) -> None:
        """Give those who rest places behind everybody; they stay found and counted."""
        was = sorted(
            place
            for one in resting
            if (place := self.place(one)) is not None and masks.has(self.found, place)
        )
        people = [self.creator(place) for place in was]
        small = [masks.has(self.kept, place) for place in was]
        moved = masks.of(was)
        self.found = masks.without(self.found, moved)
        self.kept = masks.without(self.kept, moved)
        self._append(people)
        self.found |= masks.of(self.place(one) for one in people)
        self.kept |= masks.of(
            self.place(one) for one, is_small in zip(people, small, strict=True) if is_small
        )


def search(
    filters: Filters,
    *,
    cursor: str = "",
    size: int = 24,
    at: datetime | None = None,
    resting: Collection[int] = (),
) -> Page:
    """Return one page of listed creators in the order asked for.

    Small and new creators have their kept places on every page (`smallfirst`), so a cursor
    holds how far each of the two tracks was read. Those in `resting` come last.
    """
    now = at or timezone.now()
    standing = Standing(filters, now, resting)
    starts = _starts(standing, cursor)
    small, others = standing.found & standing.kept, masks.without(standing.found, standing.kept)
    tracks = (masks.first(small, starts[0], size + 1), masks.first(others, starts[1], size + 1))
    chosen = smallfirst.choose(*tracks, key=lambda place: place, size=size)
    ends = cursor.split(BETWEEN) if cursor.count(BETWEEN) == 1 else ["", ""]
    for n, track in enumerate(tracks):
        if taken := [place for place in chosen if place in set(track)]:
            ends[n] = f"{standing.creator(taken[-1])}.{taken[-1]}"
    ids = [standing.creator(place) for place in chosen]
    entries = rows.of(ids) if ids else {}
    return Page(
        entries=[entries[one] for one in ids if one in entries and entries[one].is_listed],
        next_cursor=BETWEEN.join(ends) if sum(map(len, tracks)) > len(chosen) else "",
        count=standing.found.bit_count(),
    )


def fitting(filters: Filters, at: datetime) -> int:
    """Return the set of all creators whom a search finds: bit n is creator n."""
    standing = Standing(filters, at)
    return masks.of(standing.creator(place) for place in masks.members(standing.found))


def _starts(standing: Standing, cursor: str) -> list[int]:
    """Return the place after the last one that was read of each track; nonsense starts again."""
    ends = cursor.split(BETWEEN) if cursor.count(BETWEEN) == 1 else ["", ""]
    found = []
    for end in ends:
        who, _dot, place = end.partition(".")
        if not (who.isascii() and who.isdigit() and place.isascii() and place.isdigit()):
            found.append(0)
            continue
        now_at = standing.place(int(who[:10]))
        found.append((int(place[:10]) if now_at is None else now_at) + 1)
    return found
