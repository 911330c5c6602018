"""What a brand sees first: what creators sold for it, what that cost, and its funds.

Sales are net of VAT and of what came back; cost is commission and our fee on the same
lines. Each figure follows from order lines, so that it can be checked line by line.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta

from affiliates import brandweeks, clock, ledger, market, solvency
from affiliates.dashboards.query import rows_of
from affiliates.models import BrandLight, BrandWeek
from affiliates.models.commissions import OPEN_SQL
from creators.models import Creator, Platform
from shop import storefront
from shop.models import Brand, Product

WEEKS = {"4": 4, "12": 12, "52": 52}
SHOWN = 5
PLATFORMS = list(Platform.values)

STOCK = """
    select p.id,
           (select count(distinct k.creator_id) from affiliates_link k
            where k.product_id = p.id and k.is_active),
           (select case when bool_or(v.stock is null) then null
                        else sum(v.stock - v.reserved) end
            from shop_variant v where v.product_id = p.id and v.is_active),
           (select coalesce(r.rate_bp, c.rate_bp) from affiliates_collaboration c
            left join affiliates_productrate r on r.collaboration_id = c.id and r.product_id = p.id
            where c.brand_id = %(brand)s and c.kind = 'open' and c.ends_at is null)
    from unnest(%(products)s::bigint[]) p(id)
"""
WAITING = """
    select (select count(*) from shop_brandorder b join shop_order o on o.id = b.order_id
            where b.brand_id = %(brand)s and o.status = 'paid' and b.shipped_at is null
              and exists (select 1 from shop_orderline l where l.brand_order_id = b.id
                          and l.gross > l.refunded_gross + l.charged_back_gross)),
           (select coalesce(sum(amount), 0) from affiliates_commission c
            where brand_id = %(brand)s and currency = %(currency)s and {open}),
           (select count(distinct p.creator_id) from affiliates_participation p
            join affiliates_collaboration c on c.id = p.collaboration_id
            where c.brand_id = %(brand)s and p.state = 'applied'),
           (select count(*) from affiliates_samplerequest s
            join affiliates_collaboration c on c.id = s.collaboration_id
            where c.brand_id = %(brand)s and s.closed_at is null
              and s.state in ('asked', 'accepted', 'posted')),
           (select count(*) from affiliates_flatfee f
            join affiliates_participation p on p.id = f.participation_id
            join affiliates_collaboration c on c.id = p.collaboration_id
            where c.brand_id = %(brand)s and f.state = 'posted'),
           (select count(*) from affiliates_participation p
            join affiliates_collaboration c on c.id = p.collaboration_id
            where c.brand_id = %(brand)s and p.state = 'invited' and p.unfunded_at is not null),
           (select count(*) from affiliates_message
            where brand_id = %(brand)s and read_at is null and hidden_at is null
              and not from_brand)
""".replace("{open}", OPEN_SQL)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for the brand; `samples` are those on its clock."""

    to_ship: int = 0
    unsettled: int = 0  # commission, minor units: no task of its own
    applied: int = 0
    samples: int = 0
    posts: int = 0  # handed in for a fee: silence approves them
    unfunded: int = 0  # a yes that found no money for its fee
    messages: int = 0  # unread

    @property
    def anything(self) -> bool:
        parts = (self.to_ship, self.applied, self.samples, self.posts, self.unfunded, self.messages)
        return any(parts)


@dataclass(slots=True)
class Sum:
    sales: int = 0  # what stays sold
    earned: int = 0
    fee: int = 0
    orders: int = 0
    quantity: int = 0
    back: int = 0
    lines: int = 0
    sold: int = 0  # before anything came back: gross merchandise value without VAT

    @property
    def cost(self) -> int:
        return self.earned + self.fee

    @property
    def per_cost(self) -> float | None:
        """Sales divided by cost: the same for a currency with any number of decimals."""
        return None if self.cost <= 0 else self.sales / self.cost

    @property
    def cost_bp(self) -> int | None:
        """The effective cost: commission and our fee of what stays sold, net of VAT and returns."""
        return None if self.sales <= 0 else (self.cost * 10_000 + self.sales // 2) // self.sales

    def add(self, other: Sum) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    @property
    def back_share(self) -> int:
        """Lines that came back, in whole percent."""
        return (self.back * 100 + self.lines // 2) // self.lines if self.lines else 0


@dataclass(slots=True)
class CreatorRow:
    creator: Creator
    sum: Sum


@dataclass(slots=True)
class ProductRow:
    product: Product
    sum: Sum
    creators: int
    stock: int | None
    rate_bp: int | None
    earns: int | None = None  # a creator, on one sale at the lowest price


@dataclass(slots=True)
class Week:
    monday: date
    sales: int = 0
    sold: int = 0  # before anything came back
    parts: dict[str, int] = field(default_factory=dict)

    @property
    def drawn(self) -> dict[str, int]:
        """Sales by platform; `own` is what creators' pages here and typed codes brought."""
        own = self.parts.get("page", 0) + self.parts.get("code", 0)
        return {name: self.parts.get(name, 0) for name in PLATFORMS} | {"own": own}


@dataclass(slots=True)
class BrandBoard:
    now: Sum
    before: Sum
    sellers: int  # creators who sold something
    weeks: list[Week]
    platforms: dict[str, int]
    elsewhere: int  # sales through creators' pages here and typed codes
    creators: list[CreatorRow]
    products: list[ProductRow]
    balance: int
    waiting: Waiting
    light: BrandLight | None  # as creators see it
    by_platform: list[tuple[str, Sum]]  # "own": pages here and typed codes; most sales first
    made_at: datetime

    @property
    def change(self) -> int | None:
        """How many percent more (or less) was sold than in the period before."""
        if self.before.sales <= 0:
            return None
        return round((self.now.sales - self.before.sales) * 100 / self.before.sales)

    @property
    def hangs_on(self) -> tuple[str, int] | None:
        """The platform that sold most, with its percent of all sales; None without sales."""
        sold = {name: amount for name, amount in self.platforms.items() if amount > 0}
        if not sold:
            return None
        most, whole = max(sold, key=lambda name: sold[name]), sum(sold.values())
        whole += max(0, self.elsewhere)
        return most, (200 * sold[most] + whole) // (2 * whole)

    @property
    def drop(self) -> int:
        return -(self.change or 0)

    @property
    def top_share(self) -> int:
        """What the shown creators sold, in percent of all sales."""
        shown = sum(row.sum.sales for row in self.creators)
        return round(shown * 100 / self.now.sales) if self.now.sales > 0 else 0


def brand_board(brand: Brand, weeks: int, at: datetime) -> BrandBoard:
    """Return everything on a brand's first page: whole weeks, this one included."""
    last = clock.monday_of(clock.local_day(at))
    monday = last - timedelta(weeks=weeks - 1)
    sums = {True: Sum(), False: Sum()}
    by_week = {monday + timedelta(weeks=k): Week(monday + timedelta(weeks=k)) for k in range(weeks)}
    platforms: dict[str, int] = {}
    by_platform: dict[str, Sum] = {}
    creators: dict[int, Sum] = {}
    products: dict[int, Sum] = {}
    for grain, now, week, platform, creator, product, *rest in brandweeks.read(
        brand.pk, brand.currency, monday, last, monday - timedelta(weeks=weeks)
    ):
        one = Sum(*rest)
        if grain == BrandWeek.Grain.ALL:
            sums[now] = one
        elif grain == BrandWeek.Grain.PLATFORM:
            platforms[platform] = platforms.get(platform, 0) + one.sales
            shown = "own" if platform in ("page", "code") else platform
            by_platform.setdefault(shown, Sum()).add(one)
            by_week[week].sales += one.sales
            by_week[week].sold += one.sold
            by_week[week].parts[platform] = one.sales
        elif grain == BrandWeek.Grain.CREATOR:
            creators[creator] = one
        else:
            products[product] = one
    elsewhere = platforms.pop("page", 0) + platforms.pop("code", 0)
    waiting = rows_of(WAITING, {"brand": brand.pk, "currency": brand.currency})[0]
    return BrandBoard(
        now=sums[True], before=sums[False], sellers=len(creators), weeks=list(by_week.values()),
        platforms={name: max(0, amount) for name, amount in platforms.items()},
        elsewhere=elsewhere, creators=_creators(creators), products=_products(brand, products, at),
        balance=ledger.balance(ledger.brand(brand.pk), brand.currency),
        waiting=Waiting(*map(int, waiting)), light=solvency.lights([brand.pk]).get(brand.pk),
        by_platform=sorted(by_platform.items(), key=lambda item: (-item[1].sales, item[0])),
        made_at=at,
    )  # fmt: skip


def _best(sums: dict[int, Sum]) -> list[tuple[int, Sum]]:
    return sorted(sums.items(), key=lambda item: (-item[1].sales, item[0]))[:SHOWN]


def _creators(sums: dict[int, Sum]) -> list[CreatorRow]:
    best = _best(sums)
    people = Creator.objects.in_bulk([pk for pk, _ in best])
    return [CreatorRow(people[pk], one) for pk, one in best]


def _products(brand: Brand, sums: dict[int, Sum], at: datetime) -> list[ProductRow]:
    """Return what sold best, or, before anything sold, the newest products."""
    best = _best(sums)
    found = Product.objects.select_related("category", "brand")
    found = found.prefetch_related(storefront.pictures())
    if best:
        things = found.in_bulk([pk for pk, _ in best])
    else:
        things = {
            one.pk: one
            for one in found.filter(brand=brand, status="active").order_by("-id")[:SHOWN]
        }
        best = [(pk, Sum()) for pk in things]
    values = {"products": list(things), "brand": brand.pk}
    facts = {row[0]: row[1:] for row in rows_of(STOCK, values)} if things else {}
    rows = [ProductRow(things[pk], one, *facts[pk]) for pk, one in best if pk in things]
    taxes = market.tax_rates(at) if rows else {}
    for row in rows:
        if row.rate_bp is not None and row.product.price_from:
            row.earns = market.earned(row.product, row.rate_bp, taxes)
    return rows
