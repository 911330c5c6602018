"""What is usual: figures of channels of the same platform and size, counted anew each night.

Engagement is of channels, from their newest readings. Growth, orders and returns are of creators
whose largest channel is of that platform and size, from the directory as the night before left it.
`refresh` is two statements over everybody; fewer than FEW tell nothing, then the constants of
`authenticity` hold, and each part says that they do.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from creators import authenticity
from creators.models import PeerFigure

FEW = 30
STEPS = [n / 100 for n in range(5, 100, 5)]  # the percentiles that are kept: 5, 10 … 95

REFRESH = """
INSERT INTO creators_peerfigure (measure, platform, band, channels, low, high, figures, counted_on)
SELECT 'engagement', platform, band, channels, usual[5], usual[19], usual, %(today)s
FROM (
    SELECT platform, band, count(*) AS channels,
           percentile_disc(%(steps)s::float8[]) WITHIN GROUP (ORDER BY bp) AS usual
    FROM (
        SELECT channel.platform, width_bucket(reading.followers, {bands}) AS band,
               creators_engagement_bp(channel.platform, reading.followers, reading.likes,
                                      reading.views, reading.posts) AS bp
        FROM creators_channel channel
        CROSS JOIN LATERAL (
            SELECT followers, likes, views, posts FROM creators_reading
            WHERE channel_id = channel.id AND followers IS NOT NULL
              AND day > %(today)s::date - %(window)s
            ORDER BY day DESC LIMIT 1
        ) reading
        WHERE channel.verified_at IS NOT NULL AND channel.disconnected_at IS NULL
    ) told
    WHERE bp > 0 GROUP BY platform, band HAVING count(*) >= %(few)s
) figures
"""

REFRESH_CREATORS = """
INSERT INTO creators_peerfigure (measure, platform, band, channels, low, high, figures, counted_on)
SELECT measure, platform, band, channels, usual[5], usual[19], usual, %(today)s
FROM (
    SELECT measure, best_platform AS platform, width_bucket(followers_max, {bands}) AS band,
           count(*) AS channels,
           percentile_disc(%(steps)s::float8[]) WITHIN GROUP (ORDER BY greatest(bp, 0)) AS usual
    FROM creators_directoryentry
    CROSS JOIN LATERAL (VALUES
        ('growth', jsonb_path_query_first(
            score_parts, '$[*] ? (@.part == "growth").measured')::int),
        ('orders', CASE WHEN clicks_90d >= %(clicks)s THEN orders_90d::bigint * 10000 / clicks_90d END),
        ('returns', CASE WHEN orders_90d >= %(orders)s THEN returned_bp END)
    ) told (measure, bp)
    WHERE is_listed AND best_platform <> '' AND bp IS NOT NULL
    GROUP BY 1, 2, 3 HAVING count(*) >= %(few)s
) figures
"""


@transaction.atomic
def refresh(at: datetime) -> int:
    """Count what is usual at `at`; return how many figures are known."""
    values = {
        "today": at.astimezone(ZoneInfo(settings.MARKET_TIME_ZONE)).date(),
        "window": authenticity.WINDOW_DAYS, "few": FEW, "steps": STEPS,
        "clicks": authenticity.MIN_CLICKS, "orders": authenticity.MIN_ORDERS,
    }  # fmt: skip
    PeerFigure.objects.all().delete()
    bands = f"ARRAY{list(authenticity.BANDS)}"
    with connection.cursor() as cursor:
        cursor.execute(REFRESH.replace("{bands}", bands), values)
        known = cursor.rowcount
        cursor.execute(REFRESH_CREATORS.replace("{bands}", bands), values)
        return known + cursor.rowcount
