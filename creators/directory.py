"""The directory: one row per creator, which the search reads and only this module writes.

    record(creator_ids)            after their channels, readings, profile or status changed
    record_sales(rows, on)         affiliates pushes what they sold by a day: SalesFacts rows
    behind(on, size)               ids of creators whose sales are of another day
    search(Filters(...), cursor="", size=24) -> Page(entries, next_cursor, count, is_capped)

`Filters` fields: text, platform, followers_min, followers_max, engagement_min_bp, score_min, niche
(slug), country (ISO),
language, sort ("engagement", "score", "followers", "newest"). `Page.entries` are DirectoryEntry
rows with `creator` loaded: one query, plus one for the count, which stops at COUNT_CAP
(`is_capped`). Page on with `cursor=page.next_cursor`; "" means there is no more. Follower counts
gate and sort, nothing is added for having many; smallfirst.py keeps places for small ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from creators import authenticity, smallfirst
from creators.models import DirectoryEntry, Platform

COUNT_CAP = 1_000
BETWEEN = "_"  # the two ends in a cursor
SORTS = {
    "engagement": "engagement_bp",
    "score": "score",
    "followers": "followers_max",
    "newest": "creator_id",
}
MAX_WORDS = 100  # characters of search text that are looked at

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


@dataclass(frozen=True, slots=True)
class Filters:
    text: str = ""
    platform: str = ""
    followers_min: int | None = None
    followers_max: int | None = None
    engagement_min_bp: int | None = None
    score_min: int | None = None
    niche: str = ""
    country: str = ""
    language: str = ""
    sort: str = "engagement"


@dataclass(frozen=True, slots=True)
class Page:
    entries: list[DirectoryEntry]
    next_cursor: str
    count: int
    is_capped: bool


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


def search(
    filters: Filters, *, cursor: str = "", size: int = 24, at: datetime | None = None
) -> Page:
    """Return one page of listed creators in the order asked for, ties by newest.

    Small and new creators have their kept places on every page (`smallfirst`), so a cursor
    holds how far each of the two tracks was read.
    """
    found = matching(filters)
    column = SORTS.get(filters.sort, SORTS["engagement"])
    if column in ("engagement_bp", "score"):
        order = [F(column).desc(nulls_last=True), "-creator_id"]
    elif column == "creator_id":
        order = ["-creator_id"]
    else:
        order = [f"-{column}", "-creator_id"]
    ends = cursor.split(BETWEEN) if cursor.count(BETWEEN) == 1 else ["", ""]
    now = at or timezone.now()
    small, large = (
        _after(track.order_by(*order), column, end).select_related("creator")[: size + 1]
        for track, end in zip(smallfirst.tracks(found, now), ends, strict=True)
    )
    rows = sorted(small.union(large, all=True), key=_rank(column))
    small = [entry for entry in rows if smallfirst.reason(entry, now)]
    large = [entry for entry in rows if not smallfirst.reason(entry, now)]
    entries = smallfirst.choose(small, large, _rank(column), size)
    chosen = {entry.pk for entry in entries}
    for n, track in enumerate((small, large)):
        if taken := [entry for entry in track if entry.pk in chosen]:
            ends[n] = _cursor_of(taken[-1], column)
    count = found.order_by()[: COUNT_CAP + 1].count()
    return Page(
        entries=entries,
        next_cursor=BETWEEN.join(ends) if len(small) + len(large) > len(entries) else "",
        count=min(count, COUNT_CAP),
        is_capped=count > COUNT_CAP,
    )


def _rank(column: str) -> Callable[[DirectoryEntry], tuple]:
    """Return the key that sorts rows as the statement does: highest first, unknown last."""

    def rank(entry: DirectoryEntry) -> tuple:
        value = getattr(entry, column)
        return (value is None, -(value or 0), -entry.creator_id)

    return rank


def matching(filters: Filters) -> QuerySet[DirectoryEntry]:
    """Return the listed entries that pass every filter; unknown platforms and sorts are ignored."""
    found = DirectoryEntry.objects.filter(is_listed=True)
    gate = filters.platform if filters.platform in Platform.values else "followers_max"
    if gate != "followers_max":
        found = found.filter(**{f"{gate}__isnull": False})
    if filters.followers_min is not None:
        found = found.filter(**{f"{gate}__gte": filters.followers_min})
    if filters.followers_max is not None:
        found = found.filter(**{f"{gate}__lte": filters.followers_max})
    if filters.engagement_min_bp is not None:
        found = found.filter(engagement_bp__gte=filters.engagement_min_bp)
    if filters.score_min is not None:
        found = found.filter(score__gte=filters.score_min)
    if filters.niche:
        found = found.filter(niches__contains=[filters.niche])
    if filters.country:
        found = found.filter(country=filters.country.upper())
    if filters.language:
        found = found.filter(languages__contains=[filters.language])
    words = filters.text.replace("\x00", "").strip().lstrip("@")[:MAX_WORDS]
    if words:
        query = (
            SearchQuery(words, config="simple", search_type="websearch")
            | SearchQuery(words, config="english", search_type="websearch")
            | SearchQuery(words, config="dutch", search_type="websearch")
        )
        found = found.filter(search=query)
    return found


def _after(ordered: QuerySet, column: str, cursor: str) -> QuerySet:
    """Continue after the row that `cursor` names; a cursor that makes no sense starts again."""
    value, _, last = cursor.partition(".")
    if not last.isascii() or not last.isdigit() or not (value == "" or value.isdigit()):
        return ordered
    creator_id = int(last[:18])
    if column == "creator_id":
        return ordered.filter(creator_id__lt=creator_id)
    if value == "":  # among those without a value, which come last
        return ordered.filter(**{f"{column}__isnull": True}, creator_id__lt=creator_id)
    number = int(value[:12])
    below = Q(**{f"{column}__lt": number}) | Q(**{column: number}, creator_id__lt=creator_id)
    return ordered.filter(below | Q(**{f"{column}__isnull": True}))


def _cursor_of(entry: DirectoryEntry, column: str) -> str:
    value = getattr(entry, column)
    return f"{'' if value is None else value}.{entry.creator_id}"
