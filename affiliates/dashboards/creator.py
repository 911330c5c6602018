"""What a creator sees first: what she earned, what it came from, what waits for her."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import CharField, DateTimeField, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Cast
from django.utils.dateparse import parse_datetime

from affiliates import clock, earnings, links, payday
from affiliates.dashboards.purses import Purse, purses_of
from affiliates.dashboards.query import rows_of
from affiliates.models import Commission, Link, Participation, PayoutClaim
from affiliates.payday import Payday
from affiliates.samplerules import TURN, Side
from creators.models import Creator

PERIODS = {"7": 7, "30": 30, "all": None}
MOST_BARS = 62  # longer histories are drawn by week
LINKS_SHOWN, SALES_SHOWN = 5, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One day, or the week that begins on it; `state` is that of its least settled sale."""

    day: date
    clicks: int
    orders: int
    earned: int
    state: str


@dataclass(frozen=True, slots=True)
class Funnel:
    """Clicks that became orders that became earnings, in one currency."""

    bars: list[Bar]
    by_week: bool
    currency: str
    other_currencies: bool
    orders_today: int

    @property
    def clicks(self) -> int:
        return sum(bar.clicks for bar in self.bars)

    @property
    def orders(self) -> int:
        return sum(bar.orders for bar in self.bars)

    @property
    def earned(self) -> int:
        return sum(bar.earned for bar in self.bars)

    @property
    def conversion_bp(self) -> int | None:
        """Orders per click in basis points, to a tenth of a percent."""
        if not self.clicks:
            return None
        return (self.orders * 1_000 + self.clicks // 2) // self.clicks * 10

    @property
    def is_empty(self) -> bool:
        return not any(bar.clicks or bar.orders or bar.earned for bar in self.bars)

    def top(self, what: str) -> int:
        return max((getattr(bar, what) for bar in self.bars), default=0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An invitation (detail: its rate) or a sample (detail: its state) that waits for her."""

    kind: str
    pk: int
    name: str
    detail: str
    until: datetime | None

    @property
    def rate_bp(self) -> int:
        return int(self.detail)


@dataclass(frozen=True, slots=True)
class LinkRow:
    link: Link
    url: str
    clicks: int
    orders: int
    earned: int


@dataclass(frozen=True, slots=True)
class Tier:
    """How far a pilot is on the way to the full tier."""

    followers: int
    needed: int

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.followers)

    @property
    def share(self) -> int:
        return min(100, self.followers * 100 // self.needed) if self.needed else 100


@dataclass(frozen=True, slots=True)
class CreatorBoard:
    purses: list[Purse]
    funnel: Funnel
    links: list[LinkRow]
    sales: list[Commission]
    todos: list[tuple[str, Any]]
    tier: Tier | None
    settles_at: datetime
    payday: Payday
    links_total: int
    sales_total: int

    @property
    def purse(self) -> Purse:
        return self.purses[0]


DAYS = """
    select day, sum(clicks)::int, sum(orders)::int, sum(earned)::bigint, min(stage)
    from (
        select d.day, d.clicks, 0 as orders, 0 as earned, null::int as stage
        from affiliates_linkday d join affiliates_link k on k.id = d.link_id
        where k.creator_id = %(creator)s and d.day >= %(since)s
        union all
        select (c.created_at at time zone %(zone)s)::date, 0,
               count(distinct l.brand_order_id) filter (where c.kind = 'sale'), sum(c.amount),
               min(case when c.state <> 'settled' then 0
                        when c.settlement_line_id in (
                            select pc.line_id from affiliates_payoutclaim pc
                            join affiliates_payout p on p.id = pc.payout_id
                            where p.creator_id = %(creator)s and p.state = 'paid'
                              and pc.released_at is null) then 2
                        else 1 end)
        from affiliates_commission c left join shop_orderline l on l.id = c.order_line_id
        where c.creator_id = %(creator)s and c.state <> 'void' and c.currency = %(currency)s
          and c.created_at >= %(since_at)s
        group by 1
    ) parts group by day order by day
"""
STAGES = {0: "pending", 1: "settled", 2: "paid", None: ""}
TOP_LINKS = """
    select k.id, coalesce(d.clicks, 0), coalesce(c.orders, 0), coalesce(c.earned, 0)
    from affiliates_link k
    left join (
        select d.link_id, sum(d.clicks)::int as clicks
        from affiliates_linkday d join affiliates_link mine on mine.id = d.link_id
        where mine.creator_id = %(creator)s and d.day >= %(since)s group by 1) d on d.link_id = k.id
    left join (
        select c.link_id, sum(c.amount)::bigint as earned,
               count(distinct l.brand_order_id) filter (where c.kind = 'sale') as orders
        from affiliates_commission c join shop_orderline l on l.id = c.order_line_id
        where c.creator_id = %(creator)s and c.state <> 'void' and c.currency = %(currency)s
          and c.created_at >= %(since_at)s group by 1) c on c.link_id = k.id
    where k.creator_id = %(creator)s and k.is_active
    order by 4 desc, 2 desc, k.created_at desc limit %(shown)s
"""


class Asked(NamedTuple):
    """A case that waits for her answer."""

    pk: int
    answer_by: datetime | None


COUNTS = """
    select (select count(*) from affiliates_link
            where creator_id = %(creator)s and is_active and collaboration_id is not null),
           exists (select from affiliates_link where creator_id = %(creator)s),
           (select count(*) from affiliates_commission
            where creator_id = %(creator)s and kind = 'sale'),
           coalesce((select followers_max from creators_directoryentry
                     where creator_id = %(creator)s), 0),
           (select array[id::text, answer_by::text] from creators_case
            where creator_id = %(creator)s and state = 'open' and answer_by is not null
            order by answer_by limit 1)
"""


def creator_board(creator: Creator, period: str, at: datetime) -> CreatorBoard:
    """Return everything on a creator's first page at `at`; `period` is a key of PERIODS."""
    purses = purses_of(creator, at)
    currency = purses[0].currency
    today = clock.local_day(at)
    span = PERIODS.get(period, 30)
    since = today - timedelta(days=span - 1) if span else clock.local_day(creator.created_at)
    values = {
        "creator": creator.pk, "currency": currency, "since": since, "zone": clock.zone().key,
        "since_at": clock.midnight(since), "shown": LINKS_SHOWN,
    }  # fmt: skip
    links_total, has_link, sales_total, followers, asked = rows_of(COUNTS, values)[0]
    next_payout = payday.of(creator, currency, at)
    return CreatorBoard(
        purses=purses,
        funnel=_funnel(values, since, today, len(purses) > 1),
        links=_links(creator, values),
        sales=_sales(creator),
        todos=_todos(creator, next_payout, has_link, asked),
        tier=_tier(creator, followers),
        settles_at=clock.midnight(today + timedelta(days=1)),
        payday=next_payout,
        links_total=links_total,
        sales_total=sales_total,
    )


def _funnel(values: dict[str, Any], since: date, today: date, others: bool) -> Funnel:
    """Return one bar for each day, also for those on which nothing happened."""
    found = {row[0]: Bar(*row[:4], STAGES[row[4]]) for row in rows_of(DAYS, values)}
    length = (today - since).days + 1
    days = [since + timedelta(days=k) for k in range(length)]
    bars = [found.get(day) or Bar(day, 0, 0, 0, "") for day in days]
    by_week = length > MOST_BARS
    shown = _weeks(bars) if by_week else bars
    return Funnel(shown, by_week, values["currency"], others, bars[-1].orders if bars else 0)


def _weeks(bars: Sequence[Bar]) -> list[Bar]:
    """Add bars up by week, from Monday."""
    weeks: dict[date, list[Bar]] = {}
    for bar in bars:
        weeks.setdefault(clock.monday_of(bar.day), []).append(bar)
    rank = {name: stage for stage, name in STAGES.items() if stage is not None}
    return [
        Bar(
            monday,
            sum(bar.clicks for bar in days),
            sum(bar.orders for bar in days),
            sum(bar.earned for bar in days),
            min((bar.state for bar in days if bar.state), key=rank.__getitem__, default=""),
        )
        for monday, days in weeks.items()
    ]


def _links(creator: Creator, values: dict[str, Any]) -> list[LinkRow]:
    rows = rows_of(TOP_LINKS, values)
    found = (
        Link.objects.select_related("product__category", "product__brand", "collaboration__brand")
        .prefetch_related("product__images")
        .in_bulk([row[0] for row in rows])
    )
    for link in found.values():
        link.creator = creator
    return [
        LinkRow(found[pk], links.share_url(found[pk]), *counts)
        for pk, *counts in rows
        if pk in found
    ]


def _sales(creator: Creator) -> list[Commission]:
    """Return the latest sales, each with what came back and when it was paid."""
    claims = PayoutClaim.objects.filter(
        line=OuterRef("settlement_line"), released_at=None, payout__state="paid"
    )
    back = Commission.objects.live().filter(reverses=OuterRef("pk")).order_by().values("reverses")
    rows = (
        creator.commissions.filter(kind=Commission.Kind.SALE)
        .select_related(
            "order_line__brand_order", "brand", "settlement_line__run", "flag", "void_note"
        )
        .annotate(
            paid_at=Subquery(claims.values("payout__paid_at")[:1], DateTimeField()),
            back=Subquery(back.annotate(sum=Sum("amount")).values("sum")[:1]),
        )
        .order_by("-created_at", "-id")
    )
    found = list(rows[:SALES_SHOWN])
    for sale in found:
        sale.is_paid = sale.paid_at is not None
        sale.held_for, sale.lifts_on = earnings.held_for(sale), earnings.lifts_on(sale)
        sale.left = sale.amount + (sale.back or 0)
        sale.delivered_at = sale.order_line.brand_order.delivered_at
        known = sale.due_at < clock.PAUSED
        sale.clears_on = clock.local_day(sale.due_at) if known else None
        sale.pays_on = payday.friday_after(sale.clears_on, sale.currency) if known else None
        sale.is_carried = payday.is_carried(sale.currency)
    return found


def _todos(
    creator: Creator, next_payout: Payday, has_link: bool, asked: list[str] | None
) -> list[tuple[str, Any]]:
    """Return what waits for the creator, as (key, what it is about), most pressing first."""
    todos: list[tuple[str, Any]] = []
    if not has_link and creator.is_enrolled:
        todos.append(("first_link", None))
    if not next_payout.has_bank:
        todos.append(("bank", None))
    if next_payout.bad_account:
        todos.insert(0, ("bank_problem", None))
    if not next_payout.has_tax:
        todos.append(("tax", None))
    elif not next_payout.has_identity:
        todos.append(("identity", None))
    if next_payout.vat_state not in {"", "valid"}:
        todos.append(("vat_number", next_payout.vat_state))
    if asked:
        todos.insert(0, ("case", Asked(int(asked[0]), parse_datetime(asked[1]))))
    return todos + [(one.kind, one) for one in _waiting(creator)]


def _waiting(creator: Creator) -> list[Waiting]:
    """Return the invitations and samples that wait for her, the nearest end first. One query."""
    text = CharField()
    invitations = creator.participations.filter(
        state=Participation.State.INVITED
    ).annotate(
        kind=Value("invitation"), name=F("collaboration__brand__name"),
        detail=Cast("collaboration__rate_bp", text), until=F("answer_by"),
    )  # fmt: skip
    hers = [key for key, side in TURN.items() if side == Side.CREATOR]
    samples = creator.samples.open().filter(state__in=hers).annotate(
        kind=Value("sample"), name=F("variant__product__title"),
        detail=Cast("state", text), until=F("act_by"),
    )  # fmt: skip
    fields = ("kind", "pk", "name", "detail", "until")
    rows = invitations.order_by().values_list(*fields).union(
        samples.order_by().values_list(*fields), all=True
    )  # fmt: skip
    return [Waiting(*row) for row in rows.order_by(F("until").asc(nulls_last=True))[:5]]


def _tier(creator: Creator, followers: int) -> Tier | None:
    if creator.status != Creator.Status.PILOT:
        return None
    policy = creator.decision.policy if creator.decision else None
    return Tier(followers, policy.full_followers if policy else 5_000)
