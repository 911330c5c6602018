"""The order in which brands see creators: points out of 100, from parts that add up.

Pure, and the same in SQL: a trigger keeps `DirectoryEntry.fit` (the migration `directory_index`
has the formula, a test holds both together). No part knows how many followers there are, and what
cannot be known counts as the middle of its part. Changing a number here needs a migration.
"""

from dataclasses import dataclass
from typing import Protocol

VERSION = 1
FLOOR = 35  # points below which nobody takes a kept place
SCORE_FLOOR = 40  # authenticity, where it is known
ENGAGEMENT, AUTHENTICITY, SALES, SAMPLES = 40, 30, 20, 10  # the most points of each part
MIN_CLICKS = 50  # in 90 days, before sales per click say something
# Promises on samples, before the part of them that is proven (Wilson, 95 %) says something: the
# first number of which a whole record, 4 of 4, proves more than the middle, which is no record's.
MIN_SAMPLES = 4
FULL_RATE_BP = 600  # orders per click that give all points for sales


class Facts(Protocol):
    engagement_pct: int | None
    score: int | None
    clicks_90d: int
    orders_90d: int
    sample_reliability: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `measured` is None where there is not enough data, then `points` is the middle."""

    name: str
    points: int
    of: int
    measured: int | None


def parts(facts: Facts) -> list[Part]:
    """Return the parts of an entry, which add up to its `fit`."""
    sold = None
    if facts.clicks_90d >= MIN_CLICKS:
        sold = facts.orders_90d * 10_000 // facts.clicks_90d
    return [
        _part("engagement", ENGAGEMENT, facts.engagement_pct, 100),
        _part("authenticity", AUTHENTICITY, facts.score, 100),
        _part("sales", SALES, sold, FULL_RATE_BP),
        _part("samples", SAMPLES, facts.sample_reliability, 100),
    ]


def fit(facts: Facts) -> int:
    return sum(part.points for part in parts(facts))


def passes(points: int, score: int | None) -> bool:
    """Say whether an entry passes the floor of the kept places."""
    return points >= FLOOR and (score is None or score >= SCORE_FLOOR)


def _part(name: str, most: int, measured: int | None, full: int) -> Part:
    if measured is None:
        return Part(name, most // 2, most, None)
    return Part(name, min(most, measured * most // full), most, measured)
