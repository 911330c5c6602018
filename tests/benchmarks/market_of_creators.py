"""A directory of many creators for the bench, filled by the database itself (generate_series).

60 niches, 25 countries and 15 languages, all skewed; followers log-normal; a bio of six words.
`read_channels` gives some of them a channel with five readings, for the nightly refresh.
"""

import random
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from affiliates import clock, trackrecord
from creators.directory import recording
from creators.models import Niche
from tests.benchmarks import lib

NICHES, COUNTRIES, LANGUAGES, WORDS = 60, 25, 15, 2_000
SYLLABLES = ("ba", "ko", "ri", "mu", "ten", "vel", "dra", "sop", "lin", "gu")
CODES = [f"{a}{b}" for a in "ABCDE" for b in "NLRST"]
TONGUES = [f"{a}{b}" for a in "abcde" for b in "nls"]
STEPS = {
    "creators": """
        INSERT INTO creators_creator (id, handle, display_name, bio, country, languages,
            site_language, status, is_demo, created_at)
        SELECT n, 'c' || n, 'Creator ' || n,
               (SELECT string_agg((%(words)s::text[])[1 + floor(2000 * power(random(), 2))::int], ' ')
                FROM generate_series(1, 6) WHERE n > 0),
               (%(codes)s::text[])[1 + floor(25 * power(random(), 3))::int],
               (SELECT array_agg(DISTINCT (%(tongues)s::text[])[1 + floor(15 * power(random(), 3))::int])
                FROM generate_series(1, 1 + n %% 2)), '', 'draft', false, now()
        FROM generate_series(1, %(count)s) n
    """,
    "niches": """
        INSERT INTO creators_creator_niches (creator_id, niche_id)
        SELECT DISTINCT n, (%(niche_ids)s::bigint[])[1 + floor(60 * power(random(), 1.6))::int]
        FROM generate_series(1, %(count)s) n, generate_series(1, 2) k WHERE k + n > 0
    """,
    "entries": """
        INSERT INTO creators_directoryentry (creator_id, is_listed, best_platform, followers_total,
            followers_max, tiktok, instagram, youtube, facebook, engagement_bp, engagement_pct,
            score, score_parts, niches, country, languages, orders_90d, sales_90d, clicks_90d,
            brands_worked, enrolled_at, search, refreshed_at, sales_on)
        SELECT id, true, (ARRAY['tiktok', 'instagram', 'youtube', 'facebook'])[platform],
               followers, followers,
               CASE WHEN platform = 1 THEN followers END, CASE WHEN platform = 2 THEN followers END,
               CASE WHEN platform = 3 THEN followers END, CASE WHEN platform = 4 THEN followers END,
               (50 + 1500 * power(random(), 3))::int, (100 * random())::int, (100 * sqrt(random()))::int,
               '[]', (SELECT array_agg(slug::varchar) FROM creators_creator_niches l
                      JOIN creators_niche m ON m.id = l.niche_id WHERE l.creator_id = c.id),
               country, languages, CASE WHEN id %% 5 = 0 THEN id %% 40 ELSE 0 END, 0, id %% 900, 0,
               now() - random() * interval '900 days', to_tsvector('simple', display_name || ' ' || bio)
                   || to_tsvector('english', bio) || to_tsvector('dutch', bio), now(), %(today)s
        FROM (SELECT *, 1 + floor(4 * power(random(), 1.5))::int AS platform,
                     least(5000000, 900 * exp(2.2 * sqrt(-2 * ln(1 - random())) * cos(6.28318 * random())))::int
                         + 100 AS followers FROM creators_creator) c
    """,
}  # fmt: skip


def words() -> list[str]:
    """Return words that no language stems: four syllables each, all different."""
    chance = random.Random(1)
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(chance.choice(SYLLABLES) for _ in range(4)) + "k"] = None
    return list(found)


def fill(count: int) -> dict[str, list[str]]:
    """Fill the database; return what can be asked for, most frequent first."""
    Niche.objects.bulk_create(
        Niche(slug=f"niche-{n}", name=f"Niche {n}", name_nl=f"Onderwerp {n}") for n in range(NICHES)
    )
    niches = list(Niche.objects.filter(slug__startswith="niche-").order_by("pk"))
    values = {
        "count": count, "words": words(), "codes": CODES, "tongues": TONGUES,
        "niche_ids": [one.pk for one in niches], "today": clock.local_day(timezone.now()),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        for name, sql in STEPS.items():
            seconds = lib.timed(lambda sql=sql: cursor.execute(sql, values))
            lib.say(f"{name} filled in {seconds:.0f} s")
    lib.analyze()
    return {
        "words": values["words"], "countries": CODES, "languages": TONGUES,
        "niches": [one.slug for one in niches],
    }  # fmt: skip


def read_channels(count: int, today: date) -> list[int]:
    """Give the first `count` creators a channel, read each week; return who they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO creators_channel (id, creator_id, platform, external_id, handle, url,
                connected_at, verified_at, problem, token_state)
            SELECT n, n, (ARRAY['tiktok', 'youtube', 'instagram'])[1 + n %% 3], 'x' || n, 'c' || n,
                   '', now(), now(), '', 'ok' FROM generate_series(1, %s) n
            """,
            [count],
        )
        cursor.execute(
            """
            INSERT INTO creators_reading (channel_id, day, read_at, followers, likes, views, posts)
            SELECT n, %s::date - 7 * back, now(), 1000 + n %% 40000 - 10 * back,
                   (1000 + n %% 40000) * (n %% 19), (1000 + n %% 40000) * (n %% 90), 100
            FROM generate_series(1, %s) n, generate_series(0, 4) back
            """,
            [today, count],
        )
    lib.analyze()
    return list(range(1, count + 1))


def bare_refresh(ids: list[int], at: datetime, today: date) -> tuple[str, dict[str, object]]:
    """Return the refresh as one statement, which reads the sales itself."""
    facts = trackrecord.FACTS.replace("%(since)s", "%(at)s - interval '90 days'")
    facts = facts.replace("%(since_on)s", "%(today)s::date - 90")
    sql, values = recording.statement(ids, at, (), today)
    begin = sql.index("LEFT JOIN unnest(%(sold_ids)s")
    end = sql.index("ON fact.creator_id", begin)
    columns = "fact (creator_id, orders, sales, clicks, brands, returned_bp)"
    return sql[:begin] + f"LEFT JOIN ({facts}) {columns} " + sql[end:], values | {"at": at}
