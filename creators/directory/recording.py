"""Writing the directory: one row per creator, from her channels, readings, profile and sales."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from creators import authenticity
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
), scored AS ({scores})
INSERT INTO creators_directoryentry (
    creator_id, is_listed, best_platform, followers_total, followers_max, tiktok, instagram,
    youtube, facebook, engagement_bp, score, score_parts, niches, country, languages,
    orders_90d, sales_90d,
    clicks_90d, brands_worked, enrolled_at, search, refreshed_at)
SELECT creator.id,
       creator.status IN ('pilot', 'full') AND creator.erased_at IS NULL,
       coalesce(summed.best_platform, ''), coalesce(summed.followers_total, 0),
       coalesce(summed.followers_max, 0), summed.tiktok, summed.instagram, summed.youtube,
       summed.facebook, scored.engagement_bp, scored.score, coalesce(scored.parts, '[]'),
       coalesce(subjects.niches, '{}'), creator.country, creator.languages, 0, 0, 0, 0,
       coalesce(creator.pilot_since, decision.decided_at),
       setweight(to_tsvector('simple', creator.display_name || ' '
           || replace(replace(creator.handle, '.', ' '), '_', ' ') || ' ' || creator.handle), 'A')
       || setweight(to_tsvector('simple', coalesce(summed.handles, '')), 'B')
       || setweight(to_tsvector('english', coalesce(subjects.names, '')), 'B')
       || setweight(to_tsvector('dutch', coalesce(subjects.names_nl, '')), 'B')
       || setweight(to_tsvector('english', creator.bio), 'C')
       || setweight(to_tsvector('dutch', creator.bio), 'C'),
       %(now)s
FROM chosen
JOIN creators_creator creator ON creator.id = chosen.id
LEFT JOIN creators_decision decision ON decision.id = creator.decision_id
LEFT JOIN summed ON summed.creator_id = creator.id
LEFT JOIN subjects ON subjects.creator_id = creator.id
LEFT JOIN scored ON scored.creator_id = creator.id
ORDER BY creator.id
ON CONFLICT (creator_id) DO UPDATE SET
    is_listed = excluded.is_listed, best_platform = excluded.best_platform,
    followers_total = excluded.followers_total, followers_max = excluded.followers_max,
    tiktok = excluded.tiktok, instagram = excluded.instagram, youtube = excluded.youtube,
    facebook = excluded.facebook, engagement_bp = excluded.engagement_bp, score = excluded.score,
    score_parts = excluded.score_parts, niches = excluded.niches, country = excluded.country,
    languages = excluded.languages, enrolled_at = excluded.enrolled_at, search = excluded.search,
    refreshed_at = excluded.refreshed_at
"""

RECORD_SALES = """
UPDATE creators_directoryentry entry
SET orders_90d = fact.orders, sales_90d = fact.sales, clicks_90d = fact.clicks,
    brands_worked = fact.brands, sales_on = %s
FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::int[], %s::int[])
    AS fact (creator_id, orders, sales, clicks, brands)
WHERE entry.creator_id = fact.creator_id
"""


@dataclass(frozen=True, slots=True)
class SalesFacts:
    """What one creator did in the last 90 days; `sales` is net, in cents of EUR."""

    creator_id: int
    orders_90d: int
    sales_90d: int
    clicks_90d: int
    brands_worked: int


def record(creator_ids: Sequence[int], at: datetime | None = None) -> int:
    """Write the entries of these creators anew, in one statement; sales facts stay. Returns how
    many.
    """
    ids = sorted(set(creator_ids))
    if not ids:
        return 0
    now = at or timezone.now()
    values = {
        "ids": ids,
        "now": now,
        "today": now.astimezone(ZoneInfo(settings.MARKET_TIME_ZONE)).date(),
        "window": authenticity.WINDOW_DAYS,
        "min_readings": authenticity.MIN_READINGS,
        "min_days": authenticity.MIN_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORD.replace("{scores}", authenticity.scores_sql()), values)
        return cursor.rowcount


def record_sales(rows: Iterable[SalesFacts], on: date) -> int:
    """Take over what creators had sold by the market day `on`; those without an entry are
    skipped. Returns how many were written.
    """
    facts = list(rows)
    columns = [
        on,
        [fact.creator_id for fact in facts],
        [fact.orders_90d for fact in facts],
        [fact.sales_90d for fact in facts],
        [fact.clicks_90d for fact in facts],
        [fact.brands_worked for fact in facts],
    ]
    with connection.cursor() as cursor:
        cursor.execute(RECORD_SALES, columns)
        return cursor.rowcount


def behind(on: date, size: int) -> list[int]:
    """Return up to `size` creators whose entries do not hold what they had sold by `on`."""
    rows = DirectoryEntry.objects.filter(Q(sales_on=None) | ~Q(sales_on=on))
    return list(rows.order_by("pk").values_list("pk", flat=True)[:size])
