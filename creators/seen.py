"""How often brands see a creator in their searches, and the cap on any one's share of a week.

A place on a page counts when there was a choice: when more creators fitted than a page holds. It
counts once for each brand, creator and day, however often the brand loads the page.
Counts are kept in Redis, in one sorted set a week, and summed into SeenWeek by the hour. Whoever
has more than CAP of all counted places of the week rests: she stays found, behind everybody else,
until others were seen as well; nobody is counted for a place while she rests. Without Redis nothing
is counted and nobody rests.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import redis
from django.conf import settings
from django.db import connection

from creators.models import DirectoryEntry, DirectoryIndex, SeenWeek

logger = logging.getLogger(__name__)
CAP = 0.02  # of the places of a week …
EVEN = 3  # … or so many times an even share, where few creators are listed
FROM_PLACES = 240  # of a week: before that everybody may be seen
LISTED = "seen:listed"  # how many can be found, as of the last hour
LIFE = timedelta(days=16)
DAYS_LIFE = timedelta(days=2)  # of what a brand saw in a day
ROLL_UP = """
INSERT INTO creators_seenweek (creator_id, week_on, seen)
SELECT fact.creator_id, %s, fact.seen
FROM unnest(%s::bigint[], %s::int[]) AS fact (creator_id, seen)
JOIN creators_creator creator ON creator.id = fact.creator_id
ON CONFLICT (creator_id, week_on) DO UPDATE
    SET seen = greatest(creators_seenweek.seen, excluded.seen)
"""


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def listed() -> int:
    """Return how many creators can be found."""
    index = DirectoryIndex.objects.order_by("-id").first()
    return index.size if index else DirectoryEntry.objects.filter(is_listed=True).count()


def week_of(at: datetime) -> date:
    """Return the Monday of the market's week at `at`."""
    day = _day(at)
    return day - timedelta(days=day.weekday())


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(settings.MARKET_TIME_ZONE)).date()


def share(listed: int) -> float:
    """Return the most of a week's places that one creator may have."""
    return max(CAP, EVEN / listed) if listed else 1


def resting(at: datetime) -> set[int]:
    """Return who has had her share of the week."""
    week = week_of(at)
    try:
        total, listed = (int(n or 0) for n in client().mget(f"seen:{week}:all", LISTED))
        if total < FROM_PLACES or not listed:
            return set()
        most = max(1, int(total * share(listed)))
        return {int(one) for one in client().zrangebyscore(f"seen:{week}", most, "+inf")}
    except redis.RedisError as away:
        logger.warning("nobody rests, Redis does not answer: %s", away)
        return set()


def record(
    entries: Iterable[DirectoryEntry], at: datetime, resting: set[int], brand_id: int
) -> int:
    """Count one place for each of `entries` that does not rest and that this brand did not see
    today; return how many.
    """
    people = [entry.creator_id for entry in entries if entry.creator_id not in resting]
    week, today = week_of(at), f"seen:{_day(at)}:{brand_id}"
    try:
        with client().pipeline() as pipe:
            for one in people:
                pipe.sadd(today, one)
            pipe.expire(today, DAYS_LIFE)
            people = [one for one, is_new in zip(people, pipe.execute(), strict=False) if is_new]
        if not people:
            return 0
        with client().pipeline() as pipe:
            for one in people:
                pipe.zincrby(f"seen:{week}", 1, one)
            pipe.incrby(f"seen:{week}:all", len(people))
            pipe.expire(f"seen:{week}", LIFE)
            pipe.expire(f"seen:{week}:all", LIFE)
            pipe.execute()
    except redis.RedisError as away:
        logger.warning("a page was not counted, Redis does not answer: %s", away)
        return 0
    return len(people)


def roll_up(at: datetime) -> int:
    """Write the counts of this week and the last into SeenWeek; return how many rows."""
    try:
        client().set(LISTED, listed())
        return sum(_roll_up(week_of(at - timedelta(days=back))) for back in (0, 7))
    except redis.RedisError as away:
        logger.warning("nothing was summed, Redis does not answer: %s", away)
        return 0


def _roll_up(week: date) -> int:
    rows: Sequence[tuple[bytes, float]] = list(client().zscan_iter(f"seen:{week}", count=1_000))
    for start in range(0, len(rows), 5_000):
        some = rows[start : start + 5_000]
        with connection.cursor() as cursor:
            cursor.execute(ROLL_UP, [week, [int(i) for i, _n in some], [int(n) for _i, n in some]])
    return len(rows)


def weeks(creator_id: int, at: datetime, count: int = 8) -> list[tuple[date, int]]:
    """Return how often she was seen in the last weeks, this one first, from Redis where it knows."""
    this = week_of(at)
    stored = dict(
        SeenWeek.objects.filter(creator=creator_id).values_list("week_on", "seen")[: 2 * count]
    )
    try:
        live = client().zscore(f"seen:{this}", creator_id)
    except redis.RedisError as away:
        logger.warning("this week is as of the last hour, Redis does not answer: %s", away)
        live = None
    stored[this] = max(int(live or 0), stored.get(this, 0))
    days = [this - timedelta(weeks=back) for back in range(count)]
    return [(day, stored.get(day, 0)) for day in days]
