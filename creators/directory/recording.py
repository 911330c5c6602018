"""Writing the directory: one row per creator, from her channels, readings, profile and sales."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from creators import authenticity, fitness, scoring
from creators.models import DirectoryEntry

RECORD = """
WITH chosen AS (
    SELECT id FROM creators_creator WHERE id = ANY(%(ids)s)
), latest AS (
    SELECT channel.creator_id, channel.platform, channel.handle, reading.followers
    FROM creators_channel channel
    LEFT JOIN LATERAL (
        SELECT followers FROM creators_reading
        WHERE channel_id = channel.id ORDER BY day DESC LIMIT 1
    ) reading ON true
    WHERE channel.creator_id = ANY(%(ids)s)
      AND channel.verified_at IS NOT NULL AND channel.disconnected_at IS NULL
), summed AS (
    SELECT creator_id,
           coalesce(sum(followers), 0)::int AS followers_total,
           coalesce(max(followers), 0) AS followers_max,
           coalesce((array_agg(platform ORDER BY followers DESC NULLS LAST))[1], '')
               AS best_platform,
           max(followers) FILTER (WHERE platform = 'tiktok') AS tiktok,
           max(followers) FILTER (WHERE platform = 'instagram') AS instagram,
           max(followers) FILTER (WHERE platform = 'youtube') AS youtube,
           max(followers) FILTER (WHERE platform = 'facebook') AS facebook,
           string_agg(handle, ' ') AS handles
    FROM latest GROUP BY creator_id
), subjects AS (
    SELECT link.creator_id, array_agg(niche.slug::varchar ORDER BY niche.slug) AS niches,
           string_agg(niche.name, ' ') AS names, string_agg(niche.name_nl, ' ') AS names_nl
    FROM creators_creator_niches link JOIN creators_niche niche ON niche.id = link.niche_id
    WHERE link.creator_id = ANY(%(ids)s) GROUP BY link.creator_id
), sold AS (
    SELECT chosen.id AS creator_id,
           CASE WHEN %(sales_on)s::date IS NULL THEN old.orders_90d ELSE coalesce(fact.orders, 0) END
               AS orders,
           CASE WHEN %(sales_on)s::date IS NULL THEN old.sales_90d ELSE coalesce(fact.sales, 0) END
               AS sales,
           CASE WHEN %(sales_on)s::date IS NULL THEN old.clicks_90d ELSE coalesce(fact.clicks, 0) END
               AS clicks,
           CASE WHEN %(sales_on)s::date IS NULL THEN old.brands_worked ELSE coalesce(fact.brands, 0) END
               AS brands,
           CASE WHEN %(sales_on)s::date IS NULL THEN old.returned_bp ELSE fact.returned_bp END
               AS returned_bp,
           coalesce(%(sales_on)s::date, old.sales_on) AS sales_on
    FROM chosen
    LEFT JOIN creators_directoryentry old ON old.creator_id = chosen.id
    LEFT JOIN unnest(%(sold_ids)s::bigint[], %(orders)s::int[], %(sales)s::bigint[],
                     %(clicks)s::int[], %(brands)s::int[], %(returned)s::int[])
        AS fact (creator_id, orders, sales, clicks, brands, returned_bp)
        ON fact.creator_id = chosen.id
), scored AS ({scores})
INSERT INTO creators_directoryentry (
    creator_id, is_listed, best_platform, followers_total, followers_max, tiktok, instagram,
    youtube, facebook, engagement_bp, views_bp, engagement_pct, score, score_version, score_parts, niches,
    country, languages, orders_90d, sales_90d, clicks_90d, brands_worked, returned_bp, sales_on,
    sample_reliability, enrolled_at, search, refreshed_at)
SELECT creator.id,
       creator.status IN ('pilot', 'full') AND creator.erased_at IS NULL,
       coalesce(summed.best_platform, ''), coalesce(summed.followers_total, 0),
       coalesce(summed.followers_max, 0), summed.tiktok, summed.instagram, summed.youtube,
       summed.facebook, scored.engagement_bp, scored.views_bp, scored.engagement_pct, scored.score, %(version)s,
       coalesce(scored.parts, '[]'), coalesce(subjects.niches, '{}'), creator.country,
       creator.languages, coalesce(sold.orders, 0), coalesce(sold.sales, 0),
       coalesce(sold.clicks, 0), coalesce(sold.brands, 0), sold.returned_bp, sold.sales_on,
       CASE WHEN samples.kept + samples.broken >= %(min_samples)s
            THEN samples.lower_bp / 100 END,
       coalesce(creator.pilot_since, decision.decided_at),
       setweight(to_tsvector('simple', creator.display_name || ' '
           || replace(replace(creator.handle, '.', ' '), '_', ' ') || ' ' || creator.handle), 'A')
       || setweight(to_tsvector('simple', coalesce(summed.handles, '')), 'B')
       || setweight(to_tsvector('english', coalesce(subjects.names, '')), 'B')
       || setweight(to_tsvector('dutch', coalesce(subjects.names_nl, '')), 'B')
       || setweight(to_tsvector('english', creator.bio), 'C')
       || setweight(to_tsvector('dutch', creator.bio), 'C'),
       %(now)s
FROM creators_creator creator
LEFT JOIN creators_decision decision ON decision.id = creator.decision_id
LEFT JOIN summed ON summed.creator_id = creator.id
LEFT JOIN subjects ON subjects.creator_id = creator.id
LEFT JOIN scored ON scored.creator_id = creator.id
LEFT JOIN sold ON sold.creator_id = creator.id
LEFT JOIN creators_samplerecord samples ON samples.creator_id = creator.id
WHERE creator.id = ANY(%(ids)s)
ORDER BY creator.id
ON CONFLICT (creator_id) DO UPDATE SET
    is_listed = excluded.is_listed, best_platform = excluded.best_platform,
    followers_total = excluded.followers_total, followers_max = excluded.followers_max,
    tiktok = excluded.tiktok, instagram = excluded.instagram, youtube = excluded.youtube,
    facebook = excluded.facebook, engagement_bp = excluded.engagement_bp, views_bp = excluded.views_bp,
    engagement_pct = excluded.engagement_pct, score = excluded.score,
    score_version = excluded.score_version, score_parts = excluded.score_parts,
    orders_90d = excluded.orders_90d, sales_90d = excluded.sales_90d,
    clicks_90d = excluded.clicks_90d, brands_worked = excluded.brands_worked,
    returned_bp = excluded.returned_bp, sales_on = excluded.sales_on,
    sample_reliability = excluded.sample_reliability, niches = excluded.niches, country = excluded.country,
    languages = excluded.languages, enrolled_at = excluded.enrolled_at, search = excluded.search,
    refreshed_at = excluded.refreshed_at
"""


@dataclass(frozen=True, slots=True)
class SalesFacts:
    """What one creator did in the last 90 days; `sales` is net, in cents of EUR."""

    creator_id: int
    orders_90d: int
    sales_90d: int
    clicks_90d: int
    brands_worked: int
    returned_bp: int | None = None  # of what was sold, that which went back


def record(
    creator_ids: Sequence[int],
    at: datetime | None = None,
    sold: Iterable[SalesFacts] = (),
    sales_on: date | None = None,
) -> int:
    """Write the entries of these creators anew, in one statement; return how many.

    With `sales_on`, `sold` is what they had sold by that market day; without, sales facts stay.
    """
    ids = sorted(set(creator_ids))
    if not ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(*statement(ids, at or timezone.now(), sold, sales_on))
        return cursor.rowcount


def statement(
    ids: Sequence[int], now: datetime, sold: Iterable[SalesFacts], sales_on: date | None
) -> tuple[str, dict[str, object]]:
    """Return what writes the entries of these creators anew, and its values."""
    values = {
        "ids": ids,
        "now": now,
        "today": now.astimezone(ZoneInfo(settings.MARKET_TIME_ZONE)).date(),
        "window": authenticity.WINDOW_DAYS,
        "min_readings": authenticity.MIN_READINGS,
        "min_days": authenticity.MIN_DAYS,
        "usual_orders": authenticity.USUAL_ORDERS_BP,
        "version": authenticity.VERSION,
        "min_samples": fitness.MIN_SAMPLES,
        "sales_on": sales_on,
        **_columns(sold),
    }
    return RECORD.replace("{scores}", scoring.sql()), values


def record_sales(rows: Iterable[SalesFacts], on: date) -> int:
    """Take over what creators had sold by the market day `on`; return how many were written."""
    facts = list(rows)
    return record([fact.creator_id for fact in facts], None, facts, on)


def _columns(rows: Iterable[SalesFacts]) -> dict[str, list]:
    facts = list(rows)
    return {
        "sold_ids": [fact.creator_id for fact in facts],
        "orders": [fact.orders_90d for fact in facts],
        "sales": [fact.sales_90d for fact in facts],
        "clicks": [fact.clicks_90d for fact in facts],
        "brands": [fact.brands_worked for fact in facts],
        "returned": [fact.returned_bp for fact in facts],
    }


def behind(on: date, size: int, after: int = 0) -> list[int]:
    """Return up to `size` creators past `after` whose entries hold not what they had sold by `on`."""
    rows = DirectoryEntry.objects.filter(Q(sales_on=None) | ~Q(sales_on=on), pk__gt=after)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:size])
