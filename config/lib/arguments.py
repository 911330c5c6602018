"""What a person types after a command, turned into values; what is wrong is said in words."""

from argparse import ArgumentTypeError
from datetime import date, datetime
from typing import TypeVar

from django.utils import timezone

Day = TypeVar("Day", date, datetime)
YEARS = range(2000, 9000)  # outside of them a window before or after a moment is no date


def day(text: str) -> date:
    try:
        return _within(date.fromisoformat(text))
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day: write it as 2026-11-25") from error


def moment(text: str) -> datetime:
    """Read ISO 8601; a time without a zone is the market's own."""
    try:
        at = _within(datetime.fromisoformat(text))
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no moment: write it as 2026-11-25T09:30") from error
    return at if timezone.is_aware(at) else timezone.make_aware(at)


def _within(value: Day) -> Day:
    if value.year not in YEARS:
        raise ValueError("a year that this market does not know")
    return value


def positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
