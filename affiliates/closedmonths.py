"""Closing a month of the books: its statements stay as they were read.

Whoever posts holds the lock shared, before the statement that writes; closing takes it alone.
So an entry either was there when its month was closed, or gets a later moment (`LATEST_SQL`).
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction

from affiliates import clock
from affiliates.locks import Lock
from affiliates.models import ClosedMonth

HOLD_SQL = f"SELECT pg_advisory_xact_lock_shared({Lock.MONTH})"
# An entry's moment: what is late for its month is posted as the open one begins.
LATEST_SQL = "greatest({at}, (SELECT max(until) FROM affiliates_closedmonth))"


@transaction.atomic
def close(at: datetime) -> int:
    """Close the newest month that is over at `at`; 0 if it is, or while somebody posts."""
    month = last_over(at)
    if ClosedMonth.objects.filter(month__gte=month).exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [Lock.MONTH])
        if not cursor.fetchone()[0]:
            return 0  # the next beat tries again; nobody waits for us
    until = clock.midnight(clock.local_day(at).replace(day=1))
    _row, new = ClosedMonth.objects.get_or_create(
        month=month, defaults={"until": until, "closed_at": at}
    )
    return int(new)


def last_over(at: datetime) -> date:
    """Return the first day of the newest month that is over at `at`."""
    this = clock.local_day(at).replace(day=1)
    return date(this.year - (this.month == 1), (this.month - 2) % 12 + 1, 1)
