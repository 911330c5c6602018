"""What is usual: figures of channels of the same platform and size, counted anew each night.

`refresh` is one statement over everybody; fewer than FEW channels tell nothing, then the
constants of `authenticity` hold.
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


@transaction.atomic
def refresh(at: datetime) -> int:
    """Count what is usual at `at`; return for how many kinds of channels it is known."""
    values = {
        "today": at.astimezone(ZoneInfo(settings.MARKET_TIME_ZONE)).date(),
        "window": authenticity.WINDOW_DAYS, "few": FEW, "steps": STEPS,
    }  # fmt: skip
    PeerFigure.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(REFRESH.replace("{bands}", f"ARRAY{list(authenticity.BANDS)}"), values)
        return cursor.rowcount
