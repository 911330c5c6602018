"""The drill: a platform is gone from a day on. What that costs, what is left, what helps most now.

    run(asked, at) -> Drill    for a brand, a creator or the whole market; changes nothing

Reads the 90 days before `at` (`affiliates.exposure`), in a transaction in which the database
refuses every write. Money is in minor units. Source: docs/platform-loss.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from affiliates import clock
from affiliates.dashboards.query import rows_of
from affiliates.drillsql import CANDIDATES, FINDINGS
from affiliates.exposure import (
    DAYS,
    OF_ALL,
    OF_BRAND,
    OF_CREATOR,
    bar,
    scoped,
    share_bp,
    window,
)
from creators.models import Creator
from shop.models import Brand

A_DAY = timedelta(days=1)
LENGTH, LONGEST = 28, 365  # days that a platform is gone, when nobody says how many
SHOWN = 10  # creators of each kind that are named
INVITED = 5
FALLBACKS = ("link", "channel", "page")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is rehearsed. `country`: of the creators whose platform goes; "" for all."""

    platform: str
    country: str = ""
    start: datetime | None = None  # tomorrow
    days: int = LENGTH
    brand: Brand | None = None
    creator: Creator | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One creator whose income is at risk, and what still reaches her followers."""

    creator_id: int
    handle: str
    name: str
    fallback: str  # the best that she has: "link", "channel" or "page"
    platforms: list[str]  # her other channels
    lost: int  # per week
    links: int  # that would die


@dataclass(frozen=True, slots=True)
class Candidate:
    creator_id: int
    handle: str
    name: str
    platform: str
    followers: int


@dataclass(slots=True)
class Money:
    """90 days in one currency, split by what would become of it."""

    currency: str
    by_platform: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FALLBACKS, 0))
    usual: int = 0  # what half of those who sell elsewhere bring, at the least

    @property
    def total(self) -> int:
        return sum(self.by_platform.values())

    @property
    def at_risk(self) -> int:
        return sum(self.lost.values())

    @property
    def kept(self) -> int:
        return self.total - self.at_risk

    @property
    def mix(self) -> dict[str, int]:
        """Income by platform, for the bar."""
        return bar(self.by_platform)

    @property
    def risk_bp(self) -> int:
        return share_bp(self.at_risk, self.total)

    @property
    def risk(self) -> str:
        """Return high when half would go, medium when a third would, else low."""
        return "high" if self.risk_bp >= 5_000 else "medium" if self.risk_bp >= 3_300 else "low"

    def weekly(self, amount: int) -> int:
        return amount * 7 // DAYS

    def over(self, days: int) -> int:
        """Return what `days` without the platform cost, if nobody does anything."""
        return self.at_risk * days // DAYS


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that helps, for how many creators, and the score once it is done."""

    kind: str  # "channel", "links" or "invite"
    creators: int
    score: int


@dataclass(slots=True)
class Drill:
    asked: Asked
    start: datetime
    money: list[Money]  # the largest first
    links: dict[str, int]  # that would die, by what each falls back to
    creators: dict[str, int]  # whom it hits, by the best that each still has
    reach: dict[str, tuple[int, int]]  # of those: creators and followers by other platform
    people: dict[str, list[Person]]
    samples: int
    pilots: int
    rate_locks: int
    candidates: list[Candidate]
    steps: list[Step]  # what helps most first
    score: int

    @property
    def main(self) -> Money:
        return self.money[0]

    @property
    def score_after(self) -> int:
        """The score once everything is done that would help."""
        money = self.main
        new = len(self.candidates) * money.usual
        return score(money.total + new, money.at_risk, money.at_risk)

    @property
    def per_week(self) -> tuple[int, int]:
        """Income of a week now, and without the platform."""
        money = self.main
        return money.weekly(money.total), money.weekly(money.kept)

    @property
    def risk_per_week(self) -> int:
        return self.main.weekly(self.main.at_risk)

    @property
    def risk_in_all(self) -> int:
        return self.main.over(self.asked.days)

    @property
    def followed(self) -> int:
        """What of a week's income at risk would follow to links that are elsewhere already."""
        return self.main.weekly(self.main.lost["link"]) // 2

    @property
    def dying(self) -> int:
        return sum(self.links.values())

    @property
    def to_ask(self) -> list[Person]:
        return self.people["page"]

    @property
    def to_link(self) -> list[Person]:
        return self.people["channel"]


def score(total: int, at_risk: int, carried: int) -> int:
    """Return 0–100: how much of the income stands when the platform goes.

    `carried` is the part of `at_risk` whose creators have the same link on another channel: half
    of it is taken to follow them there.
    """
    if total <= 0:
        return 100
    stands = 2 * (total - at_risk) + carried
    return max(0, min(100, (100 * stands + total) // (2 * total)))


def run(asked: Asked, at: datetime) -> Drill:
    """Rehearse; at most 2 statements that read, whatever the size."""
    start = asked.start or at + timedelta(days=1)
    scope = OF_BRAND if asked.brand else OF_CREATOR if asked.creator else OF_ALL
    values = window(at) | {
        "gone": asked.platform, "country": asked.country.upper(), "start": start,
        "brand": asked.brand and asked.brand.pk, "creator": asked.creator and asked.creator.pk,
        "shown": SHOWN, "invited": INVITED, "end": start + timedelta(days=asked.days),
    }  # fmt: skip
    country = "AND p.country = %(country)s" if asked.country else ""
    # A brand's income is what it sells; a creator's what she earns.
    words = {"country": country, "income": "earned" if asked.creator else "sales"}
    with _reading_only():
        found = rows_of(scoped(FINDINGS, scope, **words), values)
        drill = _read(asked, start, found)
        if asked.brand:
            drill.candidates = _candidates(drill, values)
    drill.steps = _steps(drill)
    return drill


@contextmanager
def _reading_only() -> Iterator[None]:
    """Let the database refuse every write until this block ends, and plan for much data."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        yield


def _read(asked: Asked, start: datetime, rows: list[tuple]) -> Drill:
    money: dict[str, Money] = {}
    links, creators = dict.fromkeys(FALLBACKS, 0), dict.fromkeys(FALLBACKS, 0)
    reach: dict[str, tuple[int, int]] = {}
    people: dict[str, list[Person]] = {name: [] for name in FALLBACKS}
    clocks: dict[str, int] = {}
    for what, word, key, amount, count, extra in rows:
        if what == "part":
            one = money.setdefault(word, Money(word))
            one.by_platform[key] = one.by_platform.get(key, 0) + amount
            if extra:
                one.lost[extra] += amount
        elif what == "usual":
            money.setdefault(word, Money(word)).usual = amount
        elif what == "links":
            links[word] = count
        elif what == "creators":
            creators[word] = count
        elif what == "clock":
            clocks[word] = count
        elif what == "reach":
            reach[word] = (count, amount)
        else:
            pk, handle, name, platforms = key.split("\n")
            person = Person(
                int(pk), handle, name, word, [p for p in platforms.split(",") if p],
                amount * 7 // DAYS, count,
            )  # fmt: skip
            people[word].append(person)
    first = asked.brand.currency if asked.brand else ""
    if first:
        money.setdefault(first, Money(first))
    ordered = sorted(money.values(), key=lambda m: (m.currency != first, -m.total, m.currency))
    ordered = ordered or [Money("EUR")]
    main = ordered[0]
    return Drill(
        asked=asked, start=start, money=ordered, links=links, creators=creators, reach=reach,
        people=people, **clocks, candidates=[], steps=[], score=score(main.total, main.at_risk, main.lost["link"]),
    )  # fmt: skip


def _candidates(drill: Drill, values: Mapping[str, Any]) -> list[Candidate]:
    """Return creators on other platforms, of the subjects of those who sell; best fit first."""
    sellers = [person.creator_id for some in drill.people.values() for person in some]
    rows = rows_of(CANDIDATES, {**values, "sellers": sellers})
    return [Candidate(*row) for row in rows]


def _steps(drill: Drill) -> list[Step]:
    """Return what can be done, with the score that each leads to by itself, best first."""
    money = drill.main
    total, risk, linked = money.total, money.at_risk, money.lost["link"]
    found = []
    if drill.creators["page"]:
        asked = linked + money.lost["page"]
        found.append(Step("channel", drill.creators["page"], score(total, risk, asked)))
    if drill.creators["channel"]:
        made = linked + money.lost["channel"]
        found.append(Step("links", drill.creators["channel"], score(total, risk, made)))
    if drill.candidates:
        new = len(drill.candidates) * money.usual
        found.append(Step("invite", len(drill.candidates), score(total + new, risk, linked)))
    return sorted(found, key=lambda step: -step.score)


def plain(drill: Drill) -> dict[str, object]:
    """Return it as JSON values; shares in percent, money in minor units."""
    asked = drill.asked
    return {
        "platform": asked.platform,
        "country": asked.country,
        "start": clock.local_day(drill.start).isoformat(),
        "days": asked.days,
        "brand": asked.brand.slug if asked.brand else None,
        "income": [
            {
                "currency": one.currency,
                "total_90d": one.total,
                "at_risk_90d": one.at_risk,
                "at_risk_percent": one.risk_bp / 100,
                "at_risk_per_week": one.weekly(one.at_risk),
                "at_risk_in_all": one.over(asked.days),
                "by_platform_90d": one.by_platform,
                "at_risk_by_fallback_90d": one.lost,
            }
            for one in drill.money
        ],
        "links_that_die": drill.links,
        "creators_hit": drill.creators,
        "still_reached_on": {
            name: {"creators": count, "followers": followers}
            for name, (count, followers) in drill.reach.items()
        },
        "samples_touched": drill.samples,
        "pilot_clocks_touched": drill.pilots,
        "rate_locks_touched": drill.rate_locks,
        "score": drill.score,
        "score_after": drill.score_after,
        "steps": [
            {"kind": step.kind, "creators": step.creators, "score": step.score}
            for step in drill.steps
        ],
        "creators": {
            kind: [{"handle": p.handle, "per_week": p.lost, "links": p.links} for p in some]
            for kind, some in drill.people.items()
        },
        "invite": [{"handle": one.handle, "platform": one.platform} for one in drill.candidates],
    }
