"""A brand's plan: the directory's facts for `planning`, and what a plan becomes.

make(brand, asked, at)    whom to take, beside one big creator for the same money
keep(brand, ids, at)      a shortlist of its own
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.db.models import Avg, F, QuerySet, Sum

from affiliates import clock, fees, planning, shortlists
from affiliates.dashboards.query import rows_of
from affiliates.models import Shortlist
from config.lib import local
from creators.models import Creator, DirectoryEntry
from shop.models import Brand, OrderLine, Product

SMALL = (1_000, 50_000)  # followers of those whom a plan is made of
SCORE = 50  # authenticity below which nobody is planned; not enough data is no such score
MOST_LOOKED_AT = 100_000
PEERS_S = 3_600  # seconds that the market's quartiles are kept
FIELDS = (
    "creator_id", "best_platform", "followers_max", "engagement_bp", "clicks_90d", "orders_90d",
    "brands_worked",
)  # fmt: skip

PEERS = """
    select width_bucket(followers_max, %(ends)s::int[]),
           percentile_cont(array[0.25, 0.5, 0.75]) within group (order by engagement_bp),
           percentile_cont(array[0.25, 0.5, 0.75]) within group (
               order by clicks_90d::float / greatest(brands_worked, 1) / followers_max)
               filter (where clicks_90d > 0)
    from creators_directoryentry
    where is_listed and followers_max > 0
    group by 1
"""
CONVERSION = """
    select coalesce(sum(orders_90d)::float / nullif(sum(clicks_90d), 0), 0)
    from creators_directoryentry where is_listed
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the brand typed; money in minor units of its currency."""

    goal: str
    budget: int
    rate_bp: int
    niches: Sequence[str] = ()
    country: str = ""
    sample: int = 0
    most: int = 20
    cap_percent: int = 50


@dataclass(slots=True)
class Row:
    creator: Creator
    estimate: planning.Estimate


@dataclass(slots=True)
class Side:
    """One way to spend the money."""

    rows: list[Row]
    total: planning.Total
    shares: dict[str, int]  # percent of the reach, by platform
    overlap_percent: int = 0

    @property
    def kept_percent(self) -> int:
        """What is left of the reach if the largest platform is gone."""
        return 100 - max(self.shares.values(), default=0)

    @property
    def largest(self) -> str:
        return next(iter(self.shares), "")

    @property
    def top_percent(self) -> int:
        """What the one who sells most is of all expected sales."""
        sold = [row.estimate.sales.mid for row in self.rows]
        return round(100 * max(sold) / sum(sold)) if sum(sold) else 0


@dataclass(slots=True)
class Plan:
    looked_at: int
    many: Side | None
    one: Side | None
    is_spread: bool = True
    sale: int = 0  # a usual order without VAT, minor units
    rate_bp: int = 0  # commission and fee


def usual_sale(brand: Brand) -> int:
    """Return the brand's mean order line without VAT; before it sold, the mean of its prices."""
    sold = OrderLine.objects.filter(
        brand_order__brand=brand, brand_order__order__status="paid",
        brand_order__order__currency=brand.currency,
    ).order_by("-pk")[:1_000]  # fmt: skip
    mean = sold.aggregate(mean=Avg("net"))["mean"]
    if not mean:
        priced = Product.objects.on_sale().filter(brand=brand)
        mean = priced.aggregate(mean=Avg("price_from"))["mean"]
    return round(mean or 0)


def market() -> planning.Market:
    """Return what is usual in the directory, at most an hour old."""
    return cache.get_or_set("plan-market:1", _market, PEERS_S)


def _market() -> planning.Market:
    peers = {}
    for band, engagement, clicks in rows_of(PEERS, {"ends": list(planning.BANDS)}):
        if engagement and clicks:
            engaged = planning.Range(*(part / 10_000 for part in engagement))
            peers[band] = planning.Peers(engaged, planning.Range(*clicks))
    return planning.Market(peers, rows_of(CONVERSION, {})[0][0])


def make(brand: Brand, asked: Asked, at: datetime) -> Plan:
    """Plan `asked.budget` over 90 days. Reads; 7 statements and two an hour, however many fit."""
    fee = fees.policy_at(brand.pk, at)
    rate = asked.rate_bp + (fee.rate_bp if fee else 0)
    terms = planning.Terms(usual_sale(brand), rate, asked.sample)
    wish = planning.Wish(asked.goal, asked.budget, asked.most, asked.cap_percent)
    fits = _fitting(asked)
    small = fits.filter(followers_max__range=SMALL).order_by(
        F("score").desc(nulls_last=True), "-creator"
    )
    usual = market()
    found = planning.estimate(_sources(small[:MOST_LOOKED_AT]), usual, terms)
    choice = planning.choose(found, wish)
    big = planning.estimate(
        _sources(fits.filter(followers_max__gt=SMALL[1]).order_by("-followers_max")[:100]),
        usual, terms,
    )  # fmt: skip
    large = [planning.within(one, terms, asked.budget) for one in big]
    best = max(large, key=lambda one: (one.value(asked.goal), -one.id), default=None)
    people = Creator.objects.in_bulk(
        [one.id for one in [*choice.chosen, *([best] if best else [])]]
    )
    return Plan(
        looked_at=len(found),
        many=_side(choice.chosen, people, fits) if choice.chosen else None,
        one=_side([best], people, fits) if best else None,
        is_spread=choice.is_spread, sale=terms.sale, rate_bp=rate,
    )  # fmt: skip


def _fitting(asked: Asked) -> QuerySet[DirectoryEntry]:
    found = DirectoryEntry.objects.filter(is_listed=True).exclude(score__lt=SCORE)
    if asked.niches:
        found = found.filter(niches__overlap=list(asked.niches))
    return found.filter(country=asked.country) if asked.country else found


def _sources(rows: QuerySet[DirectoryEntry]) -> list[planning.Source]:
    return [planning.Source(*row) for row in rows.values_list(*FIELDS)]


def _side(chosen: list[planning.Estimate], people, fits: QuerySet[DirectoryEntry]) -> Side:
    pool = fits.aggregate(n=Sum("followers_total"))["n"] or 0
    same = planning.overlap([one.followers for one in chosen], pool) if len(chosen) > 1 else 0
    return Side(
        rows=[Row(people[one.id], one) for one in chosen],
        total=planning.total(chosen), shares=planning.shares(chosen),
        overlap_percent=round(100 * same),
    )  # fmt: skip


def commissions(made: Plan, asked: Asked) -> int:
    """Return what of a budget is for commissions, minor units: our fee and samples go off."""
    if not made.many or not made.rate_bp:
        return 0
    for_sales = asked.budget - asked.sample * len(made.many.rows)
    return max(0, for_sales * asked.rate_bp // made.rate_bp)


@transaction.atomic
def keep(brand: Brand, creator_ids: Sequence[int], at: datetime) -> Shortlist:
    """Put the chosen on a shortlist named after the day; the same day's plan grows."""
    chosen = shortlists.make(brand, f"Plan {local.short_day(clock.local_day(at))}")
    shortlists.add(chosen, creator_ids)
    return chosen
