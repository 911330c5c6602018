"""The authenticity score: 0–100, from parts that are each shown with what was measured and what is
usual.

Two parts so far, half of the points each. Engagement: likes per post and follower against what is
usual for channels of that size; far below or far above loses points. Growth: the largest jump
between two readings against steady growth. A creator with fewer than three readings, spread over
less than two weeks, or without likes has no score: "not enough data", which is not low. A score is
never a verdict by itself.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

VERSION = 1
GOOD = 0.7  # of the points that a part can give
MIN_READINGS = 3
MIN_DAYS = 14
WINDOW_DAYS = 90
# followers below -> usual likes per post and follower, in bp; until our own peers are many
USUAL_BP = ((5_000, 600), (20_000, 450), (100_000, 300), (2_147_483_647, 200))

# One row per creator in %(ids)s: score (or null) and its parts. Channels weigh by their followers.
SCORES = """
WITH seen AS (
    SELECT channel.creator_id, channel.id AS channel_id, reading.*
    FROM creators_channel channel
    CROSS JOIN LATERAL (  -- channel by channel through the index, however many others there are
        SELECT day, followers, likes, posts,
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
    SELECT creator_id, channel_id,
           count(*) AS readings,
           max(day) - min(day) AS days,
           max(followers) FILTER (WHERE newest = 1) AS followers,
           max(CASE WHEN posts > 0 AND followers > 0 AND likes IS NOT NULL
                    THEN least(likes::numeric * 10000 / posts / followers, 100000) END)
               FILTER (WHERE newest = 1) AS engagement_bp,
           coalesce(max((followers - before)::numeric * 10000 / greatest(before, 100)
                        / greatest(day - day_before, 1)), 0) AS jump_bp
    FROM seen GROUP BY creator_id, channel_id
), judged AS (
    SELECT *, CASE {usual} END AS usual_bp FROM per_channel
), points AS (
    SELECT *,
           CASE WHEN engagement_bp IS NULL THEN NULL
                WHEN engagement_bp < usual_bp THEN round(50.0 * engagement_bp / usual_bp)
                WHEN engagement_bp <= 5 * usual_bp THEN 50
                ELSE greatest(0, round(50.0 - (engagement_bp / usual_bp - 5) * 5)) END AS engaged,
           greatest(0, least(50, round(50.0 - greatest(jump_bp - 200, 0) / 40.0))) AS steady
    FROM judged
)
SELECT creator_id,
       round(sum(engagement_bp * followers) FILTER (WHERE engagement_bp IS NOT NULL)
             / nullif(sum(followers) FILTER (WHERE engagement_bp IS NOT NULL), 0))::int
           AS engagement_bp,
       CASE WHEN bool_or(enough) THEN
           round(sum((engaged + steady) * followers) FILTER (WHERE enough)
                 / nullif(sum(followers) FILTER (WHERE enough), 0))::int END AS score,
       CASE WHEN bool_or(enough) THEN jsonb_build_array(
           jsonb_build_object('part', 'engagement',
               'measured', round(max(engagement_bp) FILTER (WHERE enough)),
               'usual', max(usual_bp) FILTER (WHERE enough),
               'points', round(sum(engaged * followers) FILTER (WHERE enough)
                               / nullif(sum(followers) FILTER (WHERE enough), 0)), 'of', 50),
           jsonb_build_object('part', 'growth',
               'measured', round(max(jump_bp) FILTER (WHERE enough)), 'usual', 200,
               'points', round(sum((engaged + steady) * followers) FILTER (WHERE enough)
                               / nullif(sum(followers) FILTER (WHERE enough), 0))
                       - round(sum(engaged * followers) FILTER (WHERE enough)
                               / nullif(sum(followers) FILTER (WHERE enough), 0)), 'of', 50))
       ELSE '[]'::jsonb END AS parts
FROM (SELECT *, engaged IS NOT NULL AND readings >= %(min_readings)s AND days >= %(min_days)s
                AS enough FROM points) one
GROUP BY creator_id
"""


def scores_sql() -> str:
    """Return the statement with the size bands written in; its parameters stay parameters."""
    usual = " ".join(f"WHEN followers < {below} THEN {bp}" for below, bp in USUAL_BP)
    return SCORES.replace("{usual}", f"{usual} ELSE {USUAL_BP[-1][1]}")


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
        facts = {"seen": _percent(part["measured"]), "usual": _percent(part["usual"])}
        good = part["points"] >= GOOD * part["of"]
        if part["part"] == "engagement":
            text = _("Likes fit the number of followers") if good else _("Likes do not fit")
            small = _("%(seen)s of followers like a post; %(usual)s is usual at this size") % facts
        else:
            text = _("Growth is steady") if good else _("Followers jumped")
            small = _("at most %(seen)s more in a day; up to %(usual)s is usual") % facts
        reasons.append(Reason(good, text, small, part["points"], part["of"]))
    return reasons


def _percent(bp: float) -> str:
    return number_format(Decimal(bp) / 100, 1) + "%"
