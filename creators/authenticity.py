"""The authenticity score: 0–100, from parts that are each shown with what was measured and what is
usual among peers, which are channels of the same platform and size (`peers`).

`judge` is the score: pure, versioned, in whole numbers. `SCORES` is the same for many creators at
once, in SQL; a test holds the two together. What a platform's API does not tell is not scored, and
takes no points away: the others count for more. Which part can be known from which platform:

    part         most  TikTok           YouTube           Instagram   Facebook
    engagement    40   likes per post   views per video   –           –
    growth        30   followers        subscribers       followers   followers
    orders        20   clicks and orders of her own links here, whatever the platform
    returns       10   what of her sales went back, whatever the platform

Views are no reactions: the part is then called "views", is measured against views of channels of
that size on YouTube, and the directory keeps the two apart (`engagement_bp`, `views_bp`).

A score needs growth (three readings over two weeks) and one of engagement and orders; else it is
"not enough data", which is not low. It is never a verdict by itself, and says nothing of any single
follower.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

VERSION = 2
GOOD = 0.7  # of the points that a part can give
MIN_READINGS = 3
MIN_DAYS = 14
WINDOW_DAYS = 90
MIN_CLICKS, MIN_ORDERS = 50, 5  # in 90 days, before orders and returns say something
MOST = {"engagement": 40, "growth": 30, "orders": 20, "returns": 10}
STEADY_BP = 200  # more followers in a day
RETURNS_BP = 2_000  # of sales
BANDS = (5_000, 20_000, 100_000)  # followers: peers are between two of these
# Usual engagement in bp, per platform and band, while peers are few: from, to.
USUAL = {
    "tiktok": ((300, 1_800), (225, 1_400), (150, 1_000), (100, 800)),
    "youtube": ((500, 15_000),) * 4,
}
USUAL_ORDERS_BP = 50  # per click


@dataclass(frozen=True, slots=True)
class Channel:
    """What is known of one channel; `low` and `high` are what is usual among its peers.

    `engagement_bp` is of reactions, or of views where the platform tells only these.
    """

    followers: int
    engagement_bp: int | None
    low: int | None
    high: int | None
    jump_bp: int  # the most new followers of a day, per follower
    readings: int
    days: int
    tells_views: bool = False

    @property
    def is_watched(self) -> bool:
        return self.readings >= MIN_READINGS and self.days >= MIN_DAYS


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one creator; her largest channel comes first."""

    channels: Sequence[Channel] = ()
    clicks: int = 0
    orders: int = 0
    usual_orders_bp: int = USUAL_ORDERS_BP
    returned_bp: int | None = None


def judge(facts: Facts) -> tuple[int | None, list[dict[str, Any]]]:
    """Return the score and its parts, whose points add up to it; None is "not enough data"."""
    told = [one for one in facts.channels if one.engagement_bp is not None and one.low]
    watched = [one for one in facts.channels if one.is_watched]
    known: list[tuple[str, int, int, int | None, int | None]] = []  # part, permille, measured …
    if sum(one.followers for one in told):
        weighed = sum(_engaged(one) * one.followers for one in told)
        known.append((
            "engagement", weighed // sum(one.followers for one in told),
            told[0].engagement_bp, told[0].low, told[0].high,
        ))  # fmt: skip
    if watched:
        jump = max(one.jump_bp for one in watched)
        known.append(("growth", _falling(jump, STEADY_BP, 2), jump, None, STEADY_BP))
    if facts.clicks >= MIN_CLICKS:
        rate = facts.orders * 10_000 // facts.clicks
        low = facts.usual_orders_bp
        known.append(("orders", min(1_000, rate * 1_000 // low), rate, low, None))
    if facts.orders >= MIN_ORDERS and facts.returned_bp is not None:
        back = facts.returned_bp
        known.append(("returns", _falling(back, RETURNS_BP, 5), back, None, RETURNS_BP))
    names = {name for name, *_rest in known}
    if "growth" not in names or not names & {"engagement", "orders"}:
        return None, []
    parts, before, whole = [], 0, sum(MOST[name] for name in names)
    for name, quality, measured, low, high in known:
        upto = before + MOST[name]
        most = 100 * upto // whole - 100 * before // whole
        before = upto
        is_views = name == "engagement" and told[0].tells_views
        parts.append({
            "part": "views" if is_views else name, "measured": measured, "low": low, "high": high,
            "points": most * quality // 1_000, "of": most,
        })  # fmt: skip
    return sum(part["points"] for part in parts), parts


def _engaged(one: Channel) -> int:
    """Permille: full from the low end on; far above all peers it falls again."""
    if one.engagement_bp < one.low:
        return one.engagement_bp * 1_000 // one.low
    over = max(0, one.engagement_bp - 3 * one.high)
    return max(0, 1_000 - over * 1_000 // (6 * one.high))


def _falling(measured: int, free: int, per_permille: int) -> int:
    return max(0, 1_000 - max(0, measured - free) // per_permille)


def band(followers: int) -> int:
    """Return which size a channel is of: 0 is the smallest."""
    return sum(followers >= edge for edge in BANDS)


# One row per creator in %(ids)s: engagement, its place among peers, the score and its parts.
SCORES = """
WITH seen AS (
    SELECT channel.creator_id, channel.id AS channel_id, channel.platform, reading.*
    FROM creators_channel channel
    CROSS JOIN LATERAL (  -- channel by channel through the index, however many others there are
        SELECT day, followers, likes, views, posts,
               lag(followers) OVER w AS before, lag(day) OVER w AS day_before,
               row_number() OVER (ORDER BY day DESC) AS newest
        FROM creators_reading
        WHERE channel_id = channel.id AND followers IS NOT NULL
          AND day > %(today)s::date - %(window)s
        WINDOW w AS (ORDER BY day)
    ) reading
    WHERE channel.creator_id = ANY(%(ids)s)
      AND channel.verified_at IS NOT NULL AND channel.disconnected_at IS NULL
), per_channel AS (
    SELECT creator_id, channel_id, platform,
           count(*) AS readings, max(day) - min(day) AS days,
           max(followers) FILTER (WHERE newest = 1) AS followers,
           max(creators_engagement_bp(platform, followers, likes, views, posts))
               FILTER (WHERE newest = 1) AS engagement_bp,
           coalesce(max((followers - before)::bigint * 10000 / greatest(before, 100)
                        / greatest(day - day_before, 1)), 0) AS jump_bp
    FROM seen GROUP BY creator_id, channel_id, platform
), beside AS (
    SELECT one.*, coalesce(peer.low, usual.low) AS low, coalesce(peer.high, usual.high) AS high,
           width_bucket(engagement_bp, peer.figures) * 5 AS engagement_pct,
           readings >= %(min_readings)s AND days >= %(min_days)s AS is_watched
    FROM per_channel one
    LEFT JOIN (VALUES {usual}) usual (platform, band, low, high)
        ON usual.platform = one.platform AND usual.band = width_bucket(followers, {bands})
    LEFT JOIN creators_peerfigure peer ON peer.measure = 'engagement'
        AND peer.platform = one.platform AND peer.band = width_bucket(followers, {bands})
), permille AS (
    SELECT *, CASE WHEN engagement_bp IS NULL THEN NULL WHEN platform = 'youtube' THEN 'views'
                   ELSE 'reactions' END AS tells,
              CASE WHEN engagement_bp IS NULL OR low IS NULL THEN NULL
                   WHEN engagement_bp < low THEN engagement_bp * 1000 / low
                   ELSE greatest(0, 1000 - greatest(0, engagement_bp - 3 * high) * 1000 / (6 * high))
              END AS engaged
    FROM beside
), per_creator AS (
    SELECT creator_id,
           (sum(engagement_bp::bigint * followers) FILTER (WHERE tells = 'reactions')
            / nullif(sum(followers) FILTER (WHERE tells = 'reactions'), 0))::int
               AS engagement_bp,
           (sum(engagement_bp::bigint * followers) FILTER (WHERE tells = 'views')
            / nullif(sum(followers) FILTER (WHERE tells = 'views'), 0))::int AS views_bp,
           (sum(engagement_pct * followers::bigint) FILTER (WHERE engagement_pct IS NOT NULL)
            / nullif(sum(followers) FILTER (WHERE engagement_pct IS NOT NULL), 0))::int
               AS engagement_pct,
           (sum(engaged * followers::bigint) FILTER (WHERE engaged IS NOT NULL))::bigint
               / nullif(sum(followers) FILTER (WHERE engaged IS NOT NULL), 0) AS engaged,
           (array_agg(ARRAY[engagement_bp, low, high] ORDER BY followers DESC, channel_id)
                FILTER (WHERE engaged IS NOT NULL))[1:1] AS shown,
           (array_agg(tells ORDER BY followers DESC, channel_id)
                FILTER (WHERE engaged IS NOT NULL))[1] AS shown_tells,
           max(jump_bp) FILTER (WHERE is_watched) AS jump_bp
    FROM permille GROUP BY creator_id
), known AS (
    SELECT c.creator_id, c.shown_tells, part.*
    FROM per_creator c
    LEFT JOIN sold ON sold.creator_id = c.creator_id
    CROSS JOIN LATERAL (VALUES
        (1, 'engagement', {engagement}, c.engaged, c.shown[1][1]::bigint, c.shown[1][2], c.shown[1][3]),
        (2, 'growth', {growth}, CASE WHEN c.jump_bp IS NOT NULL
            THEN greatest(0, 1000 - greatest(0, c.jump_bp - {steady}) / 2) END,
            c.jump_bp, NULL, {steady}),
        (3, 'orders', {orders}, CASE WHEN sold.clicks >= {min_clicks}
            THEN least(1000, sold.orders::bigint * 10000 / sold.clicks * 1000 / %(usual_orders)s) END,
            sold.orders::bigint * 10000 / nullif(sold.clicks, 0), %(usual_orders)s, NULL),
        (4, 'returns', {returns}, CASE WHEN sold.orders >= {min_orders}
            THEN greatest(0, 1000 - greatest(0, sold.returned_bp - {free}) / 5) END,
            sold.returned_bp::bigint, NULL, {free})
    ) part (n, name, most, permille, measured, low, high)
    WHERE part.permille IS NOT NULL
), shared AS (
    SELECT *, 100 * sum(most) OVER (PARTITION BY creator_id ORDER BY n)
                  / sum(most) OVER (PARTITION BY creator_id)
              - 100 * (sum(most) OVER (PARTITION BY creator_id ORDER BY n) - most)
                  / sum(most) OVER (PARTITION BY creator_id) AS share
    FROM known
), summed AS (
    SELECT creator_id,
           sum(share * permille / 1000)::int AS score,
           jsonb_agg(jsonb_build_object('part',
               CASE WHEN name = 'engagement' AND shown_tells = 'views' THEN 'views' ELSE name END,
               'measured', measured, 'low', low,
               'high', high, 'points', share * permille / 1000, 'of', share) ORDER BY n) AS parts
    FROM shared GROUP BY creator_id
    HAVING bool_or(name = 'growth') AND bool_or(name IN ('engagement', 'orders'))
)
SELECT c.creator_id, c.engagement_bp, c.views_bp, c.engagement_pct, summed.score,
       coalesce(summed.parts, '[]'::jsonb) AS parts
FROM per_creator c LEFT JOIN summed ON summed.creator_id = c.creator_id
"""


def scores_sql() -> str:
    """Return the statement with the rules written in; its parameters stay parameters."""
    usual = ", ".join(
        f"('{platform}', {size}, {low}, {high})"
        for platform, bands in USUAL.items()
        for size, (low, high) in enumerate(bands)
    )
    written = {
        "usual": usual, "bands": f"ARRAY{list(BANDS)}", "steady": STEADY_BP, "free": RETURNS_BP,
        "min_clicks": MIN_CLICKS, "min_orders": MIN_ORDERS, **MOST,
    }  # fmt: skip
    sql = SCORES
    for name, value in written.items():
        sql = sql.replace("{" + name + "}", str(value))
    return sql


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score in words: what was seen, and what is usual."""

    good: bool
    text: str
    small: str
    points: int  # those of all parts add up to the score
    of: int


def in_words(parts: list[dict[str, Any]]) -> list[Reason]:
    """Return the parts of a stored score as a person reads them, in the language in force."""
    reasons = []
    for part in parts:
        good = part["points"] >= GOOD * part["of"]
        text, small = _words(part["part"], good)
        shown = _per_one if part["part"] == "views" else _percent
        facts = {name: shown(part.get(name) or 0) for name in ("measured", "low", "high")}
        reasons.append(Reason(good, text, small % facts, part["points"], part["of"]))
    return reasons


def _words(name: str, good: bool) -> tuple[str, str]:
    match name:
        case "engagement":
            return (
                _("Reactions fit the number of followers") if good else _("Reactions do not fit"),
                _("%(measured)s of followers react; %(low)s to %(high)s is usual among peers"),
            )
        case "views":
            return (
                _("Views fit the number of followers") if good else _("Views do not fit"),
                _(
                    "%(measured)s views per follower on a video; %(low)s to %(high)s is usual on YouTube at this size"
                ),
            )
        case "growth":
            return (
                _("Growth is steady") if good else _("Followers jumped"),
                _("at most %(measured)s more in a day; up to %(high)s is usual"),
            )
        case "orders":
            return (
                _("Clicks turn into orders") if good else _("Few clicks turn into orders"),
                _("%(measured)s of clicks buy; from %(low)s on is usual among peers"),
            )
        case _:
            return (
                _("What is sold stays sold") if good else _("Much of what is sold goes back"),
                _("%(measured)s goes back; up to %(high)s is usual"),
            )


def _per_one(bp: float) -> str:
    return number_format(Decimal(bp) / 10_000, 2)


def _percent(bp: float) -> str:
    return number_format(Decimal(bp) / 100, 1) + "%"
