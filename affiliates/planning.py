"""Many small creators for one budget: who together bring most. Pure; money in minor units.

    estimate(sources, market, terms)   what each would bring in 90 days, as ranges
    choose(estimates, wish)            whom to take: an integer programme, solved by HiGHS
    total(estimates)                   what several bring together
    overlap(reaches, pool)             how many of their people are the same

A creator with a record here is reckoned by it, another by what creators of her size do. The
number of followers adds nothing by itself: it only turns a peer's rate into a count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

DAYS = 90
BANDS = (5_000, 20_000, 50_000, 200_000)  # upper ends, in followers
RECORD = 20  # clicks from which her own record counts
TYPICAL = 100  # clicks of the market that stand beside her own in a conversion
EIGHTY = 1.2816  # standard deviations of an 80% range
GOALS = ("sales", "clicks", "reach")
LEAST = 5  # creators in a plan, where so many fit; and half of those one can look after
SECONDS, GAP = 2.0, 0.005  # that the solver may take, and how near to the best it must come
COSTS = 50  # groups of creators who cost about the same
WHOLE = 300  # creators that the integer programme decides on


def _two_digits(value: float) -> int:
    unit = 10 ** max(0, len(str(int(value))) - 2)
    return round(value / unit) * unit


class Range(NamedTuple):
    """A low, a likely and a high value; four times in five the truth is between the ends."""

    low: float
    mid: float
    high: float

    @property
    def ends(self) -> tuple[int, int]:
        """Return both ends as they are shown: two digits, for no more is known."""
        return _two_digits(self.low), _two_digits(self.high)

    def times(self, factor: float) -> Range:
        return Range(self.low * factor, self.mid * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Peers:
    """What creators of one size do: quartiles."""

    engagement: Range  # of followers who react to a post
    clicks: Range  # in 90 days for one brand, for each follower


@dataclass(frozen=True, slots=True)
class Market:
    """What is usual here: by size band, and orders for each click over all."""

    peers: Mapping[int, Peers]
    conversion: float


class Source(NamedTuple):
    """What the directory knows of a creator."""

    id: int
    platform: str
    followers: int  # on her largest channel
    engagement_bp: int | None
    clicks: int  # in 90 days, for all brands
    orders: int
    brands: int  # that she worked with


@dataclass(frozen=True, slots=True)
class Terms:
    """What a sale is worth, and what a creator costs, in minor units and basis points."""

    sale: int  # a usual order without VAT
    rate_bp: int  # commission and our fee on it
    sample: int = 0  # what sending her something costs


class Estimate(NamedTuple):
    """What one creator would bring in 90 days."""

    id: int
    platform: str
    followers: int
    reach: Range  # people who react to one post
    clicks: Range
    orders: Range
    sales: Range  # minor units
    cost: int  # at the likely value
    from_record: bool

    def value(self, goal: str) -> float:
        return getattr(self, goal).mid


@dataclass(frozen=True, slots=True)
class Wish:
    """What the brand wants for its money."""

    goal: str
    budget: int
    most: int = 20  # creators it can look after
    cap_percent: int = 50  # of the reach, on one platform


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to take; `is_spread`: no platform holds more than was wished."""

    chosen: list[Estimate]
    is_spread: bool


@dataclass(frozen=True, slots=True)
class Total:
    reach: Range
    clicks: Range
    orders: Range
    sales: Range
    cost: int


def band_of(followers: int) -> int:
    """Return the number of the size band."""
    return sum(followers >= end for end in BANDS)


def estimate(sources: Iterable[Source], market: Market, terms: Terms) -> list[Estimate]:
    """Return what each would bring; who has neither a record nor peers is left out."""
    found = []
    for one in sources:
        peers = market.peers.get(band_of(one.followers))
        if peers is None or one.followers <= 0:
            continue
        reach = _reach(one, peers).times(one.followers)
        from_record = one.clicks >= RECORD
        clicks = _record(one) if from_record else peers.clicks.times(one.followers)
        rate = (one.orders + TYPICAL * market.conversion) / (one.clicks + TYPICAL)
        orders = _counted(clicks.times(rate))
        sales = orders.times(terms.sale)
        found.append(
            Estimate(
                id=one.id, platform=one.platform, followers=one.followers, reach=reach,
                clicks=clicks, orders=orders, sales=sales,
                cost=terms.sample + round(sales.mid * terms.rate_bp / 10_000),
                from_record=from_record,
            )
        )  # fmt: skip
    return found


def _reach(one: Source, peers: Peers) -> Range:
    """Return which part of her followers react: between her own figure and her size's."""
    if one.engagement_bp is None:
        return peers.engagement
    own, usual = one.engagement_bp / 10_000, peers.engagement.mid
    return Range(min(own, usual), own, max(own, usual))


def _record(one: Source) -> Range:
    """Return the clicks that she brought one brand, with the chance that is in such a count."""
    each = one.clicks / max(one.brands, 1)
    return _counted(Range(each, each, each))


def _counted(value: Range) -> Range:
    """Widen a range by the chance in a count of so many (Poisson)."""
    chance = EIGHTY * EIGHTY * value.mid
    down, up = value.mid - value.low, value.high - value.mid
    low = value.mid - sqrt(down * down + chance)
    return Range(max(0.0, low), value.mid, value.mid + sqrt(up * up + chance))


# ------------------------------------------------------------------ chosen


def choose(estimates: Sequence[Estimate], wish: Wish) -> Choice:
    """Return who together bring most of the goal for the budget.

    Raises ValueError for a goal that is none. Where the spread cannot be held with what is
    there, the plan says so; where nobody fits the budget, it is empty.
    """
    if wish.goal not in GOALS:
        raise ValueError(f"no such goal: {wish.goal}")
    fit = [one for one in estimates if one.cost <= wish.budget and one.value(wish.goal) > 0]
    fit = _core(fit, wish)
    if not fit:
        return Choice([], True)
    many = max(min(LEAST, wish.most), wish.most // 2)
    for spread, least in ((True, many), (True, 2), (False, 1)):
        if chosen := _solve(fit, wish, spread, least):
            shown = sorted(chosen, key=lambda one: (-one.value(wish.goal), one.id))
            return Choice(shown, spread)
    return Choice([], True)


def _core(estimates: Sequence[Estimate], wish: Wish) -> list[Estimate]:
    """Leave out whom nobody would choose: others cost about as much and bring more.

    On each platform, among those of about one cost, as many as fit a plan are enough.
    """
    alike: dict[tuple[str, int], list[Estimate]] = {}
    by_cost = sorted(estimates, key=lambda one: (one.cost, one.id))
    each = max(1, len(by_cost) // COSTS)
    for place, one in enumerate(by_cost):
        alike.setdefault((one.platform, place // each), []).append(one)
    kept = [
        one
        for ones in alike.values()
        for one in sorted(ones, key=lambda one: (-one.value(wish.goal), one.id))[: wish.most]
    ]
    return sorted(kept, key=lambda one: one.id)


def _solve(
    fit: Sequence[Estimate], wish: Wish, spread: bool, least: int
) -> list[Estimate] | None:  # fmt: skip
    # Loaded by who plans only: no other page needs this library in its memory.
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp

    value = np.array([one.value(wish.goal) for one in fit])
    value /= value.max()
    count = np.ones(len(fit))
    rows = [np.array([one.cost / wish.budget for one in fit]), count, -count]
    high = [1.0, float(wish.most), -float(least)]
    if spread:
        reach = np.array([one.reach.mid for one in fit])
        reach /= reach.max()
        names = np.array([one.platform for one in fit])
        for platform in sorted(set(names)):
            rows.append(reach * ((names == platform) - wish.cap_percent / 100))
            high.append(0.0)
    table, most = np.array(rows), np.array(high)
    at = np.arange(len(fit))
    if len(fit) > WHOLE:
        # Were parts of creators allowed, it would be quick: what each is worth at the prices
        # of that plan says who can be in a whole one.
        loose = linprog(-value, A_ub=table, b_ub=most, bounds=(0, 1), method="highs")
        if loose.x is None:
            return None
        worth = value + loose.ineqlin.marginals @ table
        at = np.sort(np.argsort(-worth, kind="stable")[:WHOLE])
    found = milp(
        -value[at],
        constraints=LinearConstraint(table[:, at], -np.inf, most),
        integrality=np.ones(len(at)),
        bounds=Bounds(0, 1),
        options={"time_limit": SECONDS, "mip_rel_gap": GAP},
    )
    if found.x is None:
        return None
    return [fit[n] for n, taken in zip(at, found.x, strict=True) if taken > 0.5]


# ------------------------------------------------------------------ together


def total(estimates: Sequence[Estimate]) -> Total:
    """Return what they bring together.

    Chance is each one's own: what one falls short another makes up for, so the range of many
    is narrower than the sum of their ranges.
    """
    return Total(
        *(_sum([getattr(one, part) for one in estimates])
          for part in ("reach", "clicks", "orders", "sales")),
        cost=sum(one.cost for one in estimates),
    )  # fmt: skip


def _sum(ranges: Sequence[Range]) -> Range:
    mid = sum(one.mid for one in ranges)
    down = sqrt(sum((one.mid - one.low) ** 2 for one in ranges))
    up = sqrt(sum((one.high - one.mid) ** 2 for one in ranges))
    return Range(max(0.0, mid - down), mid, mid + up)


def within(one: Estimate, terms: Terms, budget: int) -> Estimate:
    """Return what one creator brings until the budget is spent; then her links stop earning."""
    if one.cost <= budget:
        return one
    left = max(0, budget - terms.sample)
    part = left / max(one.cost - terms.sample, 1)
    return Estimate(
        id=one.id, platform=one.platform, followers=one.followers, reach=one.reach,
        clicks=one.clicks.times(part), orders=one.orders.times(part), sales=one.sales.times(part),
        cost=min(budget, terms.sample + left), from_record=one.from_record,
    )  # fmt: skip


def shares(estimates: Sequence[Estimate]) -> dict[str, int]:
    """Return each platform's part of the reach in whole percent, the largest first."""
    sums: dict[str, float] = {}
    for one in estimates:
        sums[one.platform] = sums.get(one.platform, 0.0) + one.reach.mid
    whole = sum(sums.values())
    parts = {name: round(100 * part / whole) for name, part in sums.items()} if whole else {}
    return dict(sorted(parts.items(), key=lambda item: (-item[1], item[0])))


def overlap(reaches: Iterable[float], pool: float) -> float:
    """Return which part of the people are reached more than once, if audiences mix evenly.

    `pool`: everybody who follows creators like these. Each is drawn from it by chance.
    """
    missed, summed = 1.0, 0.0
    for reach in reaches:
        missed *= 1 - min(1.0, reach / pool) if pool > 0 else 1.0
        summed += reach
    return 1 - pool * (1 - missed) / summed if summed > 0 and pool > 0 else 0.0
