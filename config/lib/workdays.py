"""Working days: no Saturday, no Sunday, no public holiday (package `holidays`)."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def end_of(start: datetime, days: int, country: str = "NL") -> datetime:
    """Return when the `days`-th working day after the local day of `start` is over.

    That is 00:00 local of the day after it; the day of `start` never counts.
    """
    last = _calendar(country).get_nth_working_day(timezone.localdate(start), days)
    midnight = datetime.combine(last + timedelta(days=1), time())
    return timezone.make_aware(midnight, timezone.get_default_timezone())


def not_before(day: date, country: str = "NL") -> date:
    """Return a day itself where it is a working day, else the next one."""
    calendar = _calendar(country)
    return day if calendar.is_working_day(day) else calendar.get_nth_working_day(day, 1)


def _calendar(country: str):
    from holidays import country_holidays  # slow to load: only who counts days waits for it

    return country_holidays(country)
