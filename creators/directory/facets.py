"""What can be asked of the directory: as a condition on its rows, and as names of bitmaps.

A name is a facet that a trigger writes into `DirectoryEntry.facets` (`c:NL`), or "at least step n"
of a number (`f>7`). Both say the same of every row; a property test holds them together.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from creators.models import Platform

# Followers are looked for in these steps; a number between two is found too, only not as fast.
EDGES = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
STEPS = {  # a value is in step n when n of these are not above it
    "f": tuple(sorted({*EDGES, *(edge + 1 for edge in EDGES)})),
    "e": (100, 300, 500, 800),  # engagement, bp
    "b": (50, 75, 90),  # engagement among channels of the same size, percent
    "s": (50, 70, 80, 90),  # authenticity
    "r": (60, 80, 90),  # samples, percent
}
STEPS |= dict.fromkeys("tiyk", STEPS["f"])
LETTERS = {"tiktok": "t", "instagram": "i", "youtube": "y", "facebook": "k", "": "f"}
MAX_WORDS = 100  # characters of search text that are looked at


@dataclass(frozen=True, slots=True)
class Filters:
    text: str = ""
    platforms: tuple[str, ...] = ()
    followers_min: int | None = None
    followers_max: int | None = None
    engagement_min_bp: int | None = None
    engagement_pct_min: int | None = None
    score_min: int | None = None
    niches: tuple[str, ...] = ()
    country: str = ""
    language: str = ""
    is_sold: bool = False
    samples_min: int | None = None
    sort: str = "fit"

    @property
    def words(self) -> str:
        """The search text without what PostgreSQL refuses."""
        return self.text.replace("\x00", "").replace("-", " ").strip().lstrip("@")[:MAX_WORDS]

    @property
    def gates(self) -> tuple[str, ...]:
        """The platforms one of which has the followers asked for; "" is the largest channel."""
        return tuple(name for name in Platform.values if name in self.platforms) or ("",)


def matching(filters: Filters, *, text: bool = True) -> Q:
    """Return the condition that entries pass; an unknown platform is ignored."""
    found = Q(is_listed=True) & reduce(or_, (gated(filters, gate) for gate in filters.gates))
    asked = {
        "engagement_bp__gte": filters.engagement_min_bp,
        "engagement_pct__gte": filters.engagement_pct_min,
        "score__gte": filters.score_min,
        "sample_reliability__gte": filters.samples_min,
        "niches__contains": list(filters.niches) or None,
        "country": filters.country.upper() or None,
        "languages__contains": [filters.language] if filters.language else None,
        "orders_90d__gt": 0 if filters.is_sold else None,
    }
    found &= Q(**{name: value for name, value in asked.items() if value is not None})
    return found & saying(filters.words) if text and filters.words else found


def gated(filters: Filters, gate: str) -> Q:
    """Return the condition of being on one platform with so many followers there."""
    column = gate or "followers_max"
    found = Q(**{f"{column}__isnull": False})
    if filters.followers_min is not None:
        found &= Q(**{f"{column}__gte": filters.followers_min})
    if filters.followers_max is not None:
        found &= Q(**{f"{column}__lte": filters.followers_max})
    return found


def saying(words: str) -> Q:
    """Return the condition of a text, read as a name, as English and as Dutch."""
    simple, english, dutch = (
        SearchQuery(words, config=config, search_type="plain")
        for config in ("simple", "english", "dutch")
    )
    return Q(search=simple | english | dutch)


@dataclass(frozen=True, slots=True)
class Names:
    """The bitmaps of a search: in each of `wanted`, in none of `unwanted`, and the same of one of
    `either`.
    """

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()
    either: tuple[Names, ...] = ()

    def all(self) -> list[str]:
        return [*self.wanted, *self.unwanted, *(name for one in self.either for name in one.all())]


def names(filters: Filters) -> Names | None:
    """Return which bitmaps answer all but the text; None if a number lies between two steps."""
    low, over = filters.followers_min, filters.followers_max
    over = None if over is None else over + 1
    if any(n not in STEPS["f"] for n in (low or None, over) if n is not None and n > 0):
        return None
    asked = [
        ("e", filters.engagement_min_bp),
        ("b", filters.engagement_pct_min),
        ("s", filters.score_min),
        ("r", filters.samples_min),
    ]
    steps = [(kind, value) for kind, value in asked if value is not None and value > 0]
    if any(value not in STEPS[kind] for kind, value in steps):
        return None
    wanted = [at_least(kind, step(kind, value)) for kind, value in steps]
    wanted += [f"n:{slug}" for slug in filters.niches]
    wanted += [f"c:{filters.country.upper()}"] if filters.country else []
    wanted += [f"l:{filters.language}"] if filters.language else []
    wanted += ["sold"] if filters.is_sold else []
    # A value that is not known is at least nothing, also not zero.
    wanted += [f"{kind}:" for kind, value in asked if value is not None and value <= 0]
    either = tuple(_gate(gate, low, over) for gate in filters.gates)
    return Names(tuple(dict.fromkeys(wanted)), either=either)


def _gate(gate: str, low: int | None, over: int | None) -> Names:
    """Return the bitmaps of being on one platform with so many followers there."""
    kind = LETTERS[gate]
    wanted = (f"p:{gate}",) if gate else ()
    if low is not None and low > 0:
        wanted += (at_least(kind, step(kind, low)),)
    return Names(wanted, () if over is None else (at_least(kind, step(kind, over)),))


def step(kind: str, value: int) -> int:
    return bisect_right(STEPS[kind], value)


def at_least(kind: str, number: int) -> str:
    return f"{kind}>{number}"


def from_steps(stored: dict[str, int]) -> dict[str, int]:
    """Return the bitmaps of stored facets: `f:7` gives its part of `f>1` to `f>7`, and of `f:`."""
    found = {token: mask for token, mask in stored.items() if token.partition(":")[0] not in STEPS}
    for kind, thresholds in STEPS.items():
        above = 0
        for n in range(len(thresholds), -1, -1):
            above |= stored.get(f"{kind}:{n}", 0)
            if above:
                found[at_least(kind, n) if n else f"{kind}:"] = above
    return found
