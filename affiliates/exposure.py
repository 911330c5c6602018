"""How much hangs on each platform: clicks, orders and income of 90 days, by where they were seen.

    of_brand(brand, at) -> Exposure      income: what creators sold, net, without what came back
    of_creator(creator, at) -> Exposure  income: her commissions that are left

What was seen (`affiliates.elsewhere`) counts where it contradicts the link. `page` is a click on
a creator's page here of which nothing told where it came from, `code` a word typed at checkout:
no platform can switch those off. Money is in minor units of one currency.
Source: docs/platform-loss.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.formats import number_format

from affiliates import clock
from affiliates.dashboards.query import rows_of
from affiliates.models.links import PostedOn
from creators.models import Creator, Platform
from shop.models import Brand

DAYS, TREND_DAYS = 90, 30
OF_BRAND = {
    "sales": "AND {0}.brand_id = %(brand)s",
    "links": "AND {0}.collaboration_id IN"
    " (SELECT id FROM affiliates_collaboration WHERE brand_id = %(brand)s)",
}
OF_CREATOR = {
    "sales": "AND {0}.creator_id = %(creator)s",
    "links": "AND {0}.creator_id = %(creator)s",
}
OF_ALL = {"sales": "", "links": ""}

# Every line that a creator sold, with the platform that it came by.
SOLD = """
    moved AS MATERIALIZED (  -- lines whose click was seen elsewhere
        SELECT DISTINCT ON (a.order_line_id) a.order_line_id, e.platform
        FROM affiliates_clickelsewhere e
        JOIN affiliates_link k ON k.id = e.link_id {links:k}
        JOIN affiliates_attribution a ON a.link_id = e.link_id AND a.clicked_at = e.clicked_at
        WHERE a.created_at > %(since)s - interval '1 day'
    ), back AS MATERIALIZED (
        SELECT r.reverses_id, sum(r.amount) AS amount FROM affiliates_commission r
        WHERE r.reverses_id IS NOT NULL AND r.state <> 'void' AND r.created_at > %(since)s {sales:r}
        GROUP BY r.reverses_id
    ), sold AS MATERIALIZED (
        SELECT c.creator_id, c.brand_id, c.link_id, c.currency, c.created_at, l.brand_order_id,
               coalesce(m.platform, k.platform, 'code') AS platform,
               l.net - l.refunded - l.charged_back AS sales,
               c.amount + coalesce(b.amount, 0) AS earned
        FROM affiliates_commission c
        JOIN shop_orderline l ON l.id = c.order_line_id
        LEFT JOIN affiliates_link k ON k.id = c.link_id
        LEFT JOIN moved m ON m.order_line_id = c.order_line_id
        LEFT JOIN back b ON b.reverses_id = c.id
        WHERE c.kind = 'sale' AND c.state <> 'void'
          AND c.created_at > %(since)s AND c.created_at <= %(at)s {sales:c}
    )"""
SALES = f"""
    WITH {SOLD}
    SELECT currency, platform, count(DISTINCT brand_order_id)::int, sum(sales)::bigint,
           sum(earned)::bigint,
           coalesce(sum({{income}}) FILTER (WHERE created_at > %(lately)s), 0)::bigint,
           coalesce(sum({{income}}) FILTER (WHERE created_at <= %(lately)s
                                          AND created_at > %(before)s), 0)::bigint
    FROM sold GROUP BY currency, platform
"""  # noqa: S608
CLICKS = """
    SELECT platform, greatest(0, sum(n))::bigint FROM (
        SELECT k.platform, d.clicks AS n
        FROM affiliates_linkday d JOIN affiliates_link k ON k.id = d.link_id {links:k}
        WHERE d.day > %(since_on)s AND d.day <= %(on)s
        UNION ALL
        SELECT unnest(ARRAY[e.platform, k.platform]), unnest(ARRAY[1, -1])
        FROM affiliates_clickelsewhere e JOIN affiliates_link k ON k.id = e.link_id {links:k}
        WHERE e.counted AND (e.clicked_at AT TIME ZONE %(zone)s)::date > %(since_on)s
          AND e.clicked_at <= %(at)s
    ) seen GROUP BY platform
"""
# Followers by platform of those who have links that work, and those whom no other channel reaches.
AUDIENCE = """
    WITH people AS (
        SELECT DISTINCT k.creator_id FROM affiliates_link k WHERE k.is_active {links:k}
    ), channel AS (
        SELECT DISTINCT h.creator_id, h.platform
        FROM creators_channel h JOIN people USING (creator_id)
        WHERE h.verified_at IS NOT NULL AND h.disconnected_at IS NULL
    ), reach AS (
        SELECT h.platform, count(*) OVER (PARTITION BY h.creator_id) AS channels,
               coalesce(CASE h.platform WHEN 'tiktok' THEN d.tiktok WHEN 'instagram' THEN d.instagram
                        WHEN 'youtube' THEN d.youtube ELSE d.facebook END, 0) AS followers
        FROM channel h LEFT JOIN creators_directoryentry d USING (creator_id)
    )
    SELECT platform, count(*)::int, sum(followers)::bigint,
           (count(*) FILTER (WHERE channels = 1))::int,
           coalesce(sum(followers) FILTER (WHERE channels = 1), 0)::bigint
    FROM reach GROUP BY platform
"""


def scoped(sql: str, scope: Mapping[str, str], **words: str) -> str:
    """Return `sql` for a brand, a creator or everybody: `{sales:c}` and `{links:k}` are limited."""
    for kind in ("sales", "links"):
        for alias in ("c", "k", "r"):
            sql = sql.replace(f"{{{kind}:{alias}}}", scope[kind].format(alias))
    for name, text in words.items():
        sql = sql.replace(f"{{{name}}}", text)
    return sql


def share_bp(part: int, whole: int) -> int:
    """Return `part` of `whole` in basis points, half up; 0 of nothing."""
    return (max(0, part) * 20_000 + whole) // (2 * whole) if whole > 0 else 0


def hhi(amounts: list[int]) -> int:
    """Return the Herfindahl-Hirschman index of `amounts`: 10,000 where all is one, 0 for nothing."""
    whole = sum(amount for amount in amounts if amount > 0)
    if not whole:
        return 0
    squares = sum(amount * amount for amount in amounts if amount > 0)
    return (20_000 * squares + whole * whole) // (2 * whole * whole)


@dataclass(frozen=True, slots=True)
class Part:
    """What came by one platform (or `page`, or `code`)."""

    platform: str
    clicks: int = 0
    orders: int = 0
    income: int = 0
    clicks_bp: int = 0
    orders_bp: int = 0
    income_bp: int = 0
    lately_bp: int = 0  # of the income of the last 30 days
    before_bp: int = 0  # of the 30 days before them

    @property
    def change_bp(self) -> int:
        """How its share of the income moved, in basis points."""
        return self.lately_bp - self.before_bp

    @property
    def moved(self) -> str:
        """Say `more`, `less` or `same`; a point of a hundred either way is the same."""
        return "same" if abs(self.change_bp) < 100 else "more" if self.change_bp > 0 else "less"

    @property
    def moved_points(self) -> int:
        return (abs(self.change_bp) + 50) // 100


@dataclass(frozen=True, slots=True)
class Reach:
    """Followers on one platform, and those of creators who have no second channel."""

    platform: str
    creators: int
    followers: int
    alone: int
    alone_followers: int


@dataclass(frozen=True, slots=True)
class Exposure:
    currency: str
    parts: list[Part]  # the largest income first
    reach: list[Reach] = field(default_factory=list)
    has_before: bool = False  # whether there was income 30 to 60 days ago to compare with
    more_currencies: bool = False

    @property
    def income(self) -> int:
        return sum(part.income for part in self.parts)

    @property
    def hhi(self) -> int:
        return hhi([part.income for part in self.parts])

    @property
    def like(self) -> int:
        """Of how many sources of equal size it is as spread, in tenths."""
        return (200_000 // self.hhi + 1) // 2 if self.hhi else 0

    @property
    def like_shown(self) -> str:
        """`like` as a person writes it: 2.2, or 2,2 in Dutch."""
        return number_format(self.like / 10, 1)

    @property
    def concentration(self) -> str:
        """Say `one` (hangs on one), `few` (leans on few) or `spread`; "" without income."""
        if not self.hhi:
            return ""
        return "one" if self.hhi >= 5_000 else "few" if self.hhi >= 3_000 else "spread"

    @property
    def largest(self) -> str:
        """The platform that brings most income, "" where none does."""
        found = [part.platform for part in self.parts if part.platform in Platform.values]
        return found[0] if found else ""

    @property
    def alone_followers(self) -> int:
        return sum(one.alone_followers for one in self.reach)

    @property
    def alone(self) -> int:
        return sum(one.alone for one in self.reach)

    @property
    def mix(self) -> dict[str, int]:
        """Income by platform, for the bar; pages and codes as `own`."""
        return bar({part.platform: part.income for part in self.parts})


def bar(amounts: Mapping[str, int]) -> dict[str, int]:
    """Return what a platform bar draws: platforms, and as `own` what none of them brought."""
    own = sum(max(0, n) for name, n in amounts.items() if name not in Platform.values)
    return {name: max(0, amounts.get(name, 0)) for name in Platform.values} | {"own": own}


def of_brand(brand: Brand, at: datetime) -> Exposure:
    """Return what hangs on each platform for a brand, in its currency. 3 queries."""
    return _measure(OF_BRAND, "sales", at, brand.currency, brand=brand.pk)


def of_creator(creator: Creator, at: datetime) -> Exposure:
    """Return what hangs on each platform for a creator, in her fullest currency. 3 queries."""
    return _measure(OF_CREATOR, "earned", at, "", creator=creator.pk)


def window(at: datetime) -> dict[str, object]:
    """Return the values of `SOLD` and `CLICKS` for the 90 days before `at`."""
    since = at - timedelta(days=DAYS)
    return {
        "at": at, "since": since, "on": clock.local_day(at), "since_on": clock.local_day(since),
        "zone": clock.zone().key, "lately": at - timedelta(days=TREND_DAYS),
        "before": at - timedelta(days=2 * TREND_DAYS),
    }  # fmt: skip


def _measure(
    scope: Mapping[str, str], income: str, at: datetime, currency: str, **ids: int
) -> Exposure:
    values = window(at) | ids
    rows = rows_of(scoped(SALES, scope, income=income), values)
    by_currency: dict[str, dict[str, tuple[int, ...]]] = {}
    for code, platform, orders, sales, earned, lately, before in rows:
        amount = sales if income == "sales" else earned
        by_currency.setdefault(code, {})[platform] = (orders, amount, lately, before)
    if not currency:
        full = {code: sum(row[1] for row in some.values()) for code, some in by_currency.items()}
        currency = max(full, key=lambda code: full[code], default="EUR")
    sold = by_currency.get(currency, {})
    clicks = dict(rows_of(scoped(CLICKS, scope), values))
    reach = [Reach(*row) for row in rows_of(scoped(AUDIENCE, scope), values)]
    order = list(Platform.values)
    return Exposure(
        currency=currency,
        parts=parts_of(sold, clicks),
        reach=sorted(reach, key=lambda one: order.index(one.platform)),
        has_before=sum(row[3] for row in sold.values()) > 0,
        more_currencies=len(by_currency) > 1,
    )


def parts_of(sold: Mapping[str, tuple[int, ...]], clicks: Mapping[str, int]) -> list[Part]:
    """Return one part per source; `sold` maps it to orders, income, income lately and before."""
    names = [*PostedOn.values, "code"]
    wholes = [sum(max(0, row[n]) for row in sold.values()) for n in range(4)]
    all_clicks = sum(clicks.values())
    found = []
    for name in names:
        row, n = sold.get(name, (0, 0, 0, 0)), clicks.get(name, 0)
        if any(row) or n:
            shares = [share_bp(row[k], wholes[k]) for k in range(4)]
            found.append(Part(name, n, row[0], row[1], share_bp(n, all_clicks), *shares))
    return sorted(found, key=lambda part: (-part.income, names.index(part.platform)))
