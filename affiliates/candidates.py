"""Creators as a brand weighs them: the directory's facts beside what they did for this brand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from affiliates import shortlists
from affiliates.models import Participation
from creators import authenticity, smallfirst
from creators.authenticity import Reason
from creators.models import Creator, DirectoryEntry, Niche, Platform
from shop.models import Brand

MOST_COMPARED = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """One creator for one brand; `orders` are those that she brought this brand."""

    entry: DirectoryEntry
    niches: list[str]
    mix: dict[str, int]  # followers by platform
    is_kept: bool
    state: str  # of her newest invitation by this brand; "": none
    why: list[Reason]  # parts that add up to entry.score
    kept_place: str  # "small", "new" or "": whether the kept places are for her
    orders: int

    @property
    def creator(self) -> Creator:
        return self.entry.creator


def of(
    brand: Brand, entries: Sequence[DirectoryEntry], niches: Iterable[Niche], at: datetime
) -> list[Candidate]:
    """Return the candidates of `entries`, in their order. 3 queries, however many."""
    ids = [entry.creator_id for entry in entries]
    kept = shortlists.kept(brand, ids)
    asked = Participation.objects.filter(creator__in=ids, collaboration__brand=brand)
    states = dict(asked.order_by("asked_at", "pk").values_list("creator_id", "state"))
    orders = shortlists.orders_for(brand, ids)
    names = {niche.slug: niche.label for niche in niches}
    return [
        Candidate(
            entry=entry,
            niches=[names.get(slug, slug) for slug in entry.niches],
            mix={key: value for key in Platform.values if (value := getattr(entry, key))},
            is_kept=entry.creator_id in kept,
            state=states.get(entry.creator_id, ""),
            why=authenticity.in_words(entry.score_parts),
            kept_place=smallfirst.reason(entry, at),
            orders=orders.get(entry.creator_id, 0),
        )
        for entry in entries
    ]


def chosen(creator_ids: Sequence[int], most: int) -> list[DirectoryEntry]:
    """Return the listed creators among the first `most` of `creator_ids`, in that order."""
    ids = list(dict.fromkeys(creator_ids))[:most]
    rows = DirectoryEntry.objects.filter(is_listed=True, creator__in=ids).select_related("creator")
    return sorted(rows, key=lambda entry: ids.index(entry.creator_id))
