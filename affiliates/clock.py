"""The market's clock: nights, cutoffs and local midnights.

A night is a calendar date of settings.MARKET_TIME_ZONE. It is over at 00:00 local of the
next day; on change nights it lasts 23 or 25 hours.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

PAUSED = datetime(9000, 1, 1, tzinfo=UTC)  # due_at of what waits for a return or a dispute


def zone() -> ZoneInfo:
    return ZoneInfo(settings.MARKET_TIME_ZONE)


def now() -> datetime:
    """Return the database's clock (the moment its transaction began), in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0].astimezone(UTC)


def local_day(at: datetime) -> date:
    """Return the market's calendar date at `at`."""
    return at.astimezone(zone()).date()


def midnight(day: date) -> datetime:
    """Return 00:00 local of `day`, in UTC."""
    return datetime.combine(day, time(), zone()).astimezone(UTC)


def cutoff_of(night: date) -> datetime:
    """Return the moment at which `night` is over."""
    return midnight(night + timedelta(days=1))


def last_night_over(at: datetime) -> date:
    """Return the newest night that is over at `at`."""
    return local_day(at) - timedelta(days=1)


def monday_of(day: date) -> date:
    """Return the Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def is_small_friday(day: date) -> bool:
    """Say whether balances of any size go out on `day`: the first Friday of December."""
    return day.month == 12 and day.day <= 7 and day.weekday() == 4


def in_small_week(day: date) -> bool:
    """Say whether the newest Friday on `day` is that one: a batch that is late is late for all."""
    return is_small_friday(friday_before(day))


def small_friday_from(day: date) -> date:
    """Return the next Friday on which balances of any size go out, `day` included."""
    first = friday_from(date(day.year, 12, 1))
    return first if first >= day else friday_from(date(day.year + 1, 12, 1))


def friday_from(day: date) -> date:
    """Return `day` if it is a Friday, else the next one."""
    return day + timedelta(days=(4 - day.weekday()) % 7)


def friday_before(day: date) -> date:
    """Return `day` if it is a Friday, else the one before."""
    return day - timedelta(days=(day.weekday() - 4) % 7)
