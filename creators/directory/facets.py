"""What can be asked of the directory: as a condition on its rows, and as names of bitmaps.

A name is a facet that a trigger writes into `DirectoryEntry.facets` (`c:NL`), or "at least step n"
of a number (`f>7`). Both say the same of every row; a property test holds them together.
"""

from bisect import bisect_right
from dataclasses import dataclass

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
    platform: str = ""
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
    def gate(self) -> str:
        """The platform whose followers are asked for; "" is the largest channel."""
        return self.platform if self.platform in Platform.values else ""


def matching(filters: Filters, *, text: bool = True) -> Q:
    """Return the condition that entries pass; an unknown platform is ignored."""
    gate = filters.gate or "followers_max"
    found = Q(is_listed=True)
    if filters.gate:
        found &= Q(**{f"{gate}__isnull": False})
    asked = {
        f"{gate}__gte": filters.followers_min,
        f"{gate}__lte": filters.followers_max,
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


def saying(words: str) -> Q:
    """Return the condition of a text, read as a name, as English and as Dutch."""
    simple, english, dutch = (
        SearchQuery(words, config=config, search_type="plain")
        for config in ("simple", "english", "dutch")
    )
    return Q(search=simple | english | dutch)


@dataclass(frozen=True, slots=True)
class Names:
    """The bitmaps of a search: in each of `wanted`, in none of `unwanted`."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]


def names(filters: Filters) -> Names | None:
    """Return which bitmaps answer all but the text; None if a number lies between two steps."""
    gate = LETTERS[filters.gate]
    asked = [
        (gate, filters.followers_min),
        ("e", filters.engagement_min_bp),
        ("b", filters.engagement_pct_min),
        ("s", filters.score_min),
        ("r", filters.samples_min),
    ]
    over = None if filters.followers_max is None else filters.followers_max + 1
    steps = [(kind, value) for kind, value in asked if value is not None and value > 0]
    if any(value not in STEPS[kind] for kind, value in steps):
        return None
    if over is not None and over not in STEPS[gate]:
        return None
    wanted = [at_least(kind, step(kind, value)) for kind, value in steps]
    wanted += [f"n:{slug}" for slug in filters.niches]
    wanted += [f"p:{filters.gate}"] if filters.gate else []
    wanted += [f"c:{filters.country.upper()}"] if filters.country else []
    wanted += [f"l:{filters.language}"] if filters.language else []
    wanted += ["sold"] if filters.is_sold else []
    # A value that is not known is at least nothing, also not zero.
    wanted += [f"{kind}:" for kind, value in asked[1:] if value is not None and value <= 0]
    unwanted = [at_least(gate, step(gate, over))] if over is not None else []
    return Names(tuple(dict.fromkeys(wanted)), tuple(unwanted))


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
