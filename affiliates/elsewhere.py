"""Where clicks were seen, where that is another platform than the one that the link says.

    gather(at) -> int    write down those that came since the last call

A link posted on TikTok may be copied to Instagram: the in-app browser, or the page that a click
came from, tells. A click's id begins with its moment, so a stretch of time is a range of the
primary key, and a sale finds its click by link and moment.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from affiliates import clicks
from affiliates.clicks import Lag
from affiliates.models import ClickElsewhere, ClickStream

NAME = "elsewhere"  # the mark of how far it has come, in milliseconds
# The longest window of a collaboration, and the days that a risk page looks back.
DAYS_KEPT = 190
STEP = timedelta(days=2)
AGAIN = timedelta(hours=1)  # looked at twice: who copied a click late may commit late

GATHER = """
    INSERT INTO affiliates_clickelsewhere (uid, link_id, clicked_at, platform, counted)
    SELECT c.uid, c.link_id, c.clicked_at, c.seen_platform, c.counted
    FROM affiliates_click c JOIN affiliates_link k ON k.id = c.link_id
    WHERE c.uid >= %(first)s::uuid AND c.uid < %(last)s::uuid
      AND c.clicked_at >= %(since)s AND c.clicked_at < %(until)s
      AND c.seen_platform <> '' AND c.seen_platform <> k.platform
    ON CONFLICT (uid) DO NOTHING
"""


def gather(at: datetime, lag: Lag | None = None) -> int:
    """Write down what was seen elsewhere since the last call; return how many clicks.

    Safe to repeat and to run twice at once. Goes no further than the drain has come (`lag`).
    """
    behind = (lag or clicks.lag()).seconds
    if behind is None:
        return 0  # nobody knows which clicks are still to come
    until, found = at - timedelta(seconds=behind), 0
    while (step := _step(at, until)) is not None:
        found += step
    ClickElsewhere.objects.filter(clicked_at__lt=at - timedelta(days=DAYS_KEPT)).delete()
    return found


@transaction.atomic
def _step(at: datetime, until: datetime) -> int | None:
    """Look at the next stretch; None when there is none."""
    ClickStream.objects.get_or_create(name=NAME, defaults={"last_id": "0"})
    mark = ClickStream.objects.select_for_update().get(name=NAME)
    oldest = at - timedelta(days=DAYS_KEPT)
    done = max(datetime.fromtimestamp(int(mark.last_id) / 1_000, UTC), oldest)
    if until <= done:
        return None
    last = min(until, done + STEP)
    values = {
        "since": done - AGAIN, "until": last, "first": _id(done - AGAIN), "last": _id(last),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(GATHER, values)
        found = cursor.rowcount
    mark.last_id = str(_ms(last))
    mark.save(update_fields=["last_id", "moved_at"])
    return found


def _ms(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _id(at: datetime) -> str:
    """Return the lowest id of a click at `at`."""
    return f"{_ms(at):012x}".ljust(32, "0")
