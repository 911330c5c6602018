"""Whose turn it is: each Friday has its own batches, once; one that was missed has them late.

due(at)        the Friday that still has to be built, or None
note(day, at)  it is built in this transaction; False: another call was faster
"""

from __future__ import annotations

from datetime import date, datetime

from affiliates import clock
from affiliates.models import PayDay, SettlementRun


def due(at: datetime) -> date | None:
    """Return the Friday whose own batches are still to be built at `at`: today, or the last one.

    Of several that were missed it is the newest: one batch pays all that has settled.
    """
    friday = clock.friday_before(clock.local_day(at))
    built = PayDay.objects.filter(friday__gte=friday).exists()  # also by a clock that was ahead
    had_begun = (
        SettlementRun.objects.filter(night__lt=friday).exists()
        or PayDay.objects.filter(friday__lt=friday).exists()
    )
    return friday if is_due(friday, clock.local_day(at), built, had_begun) else None


def is_due(friday: date, today: date, built: bool, had_begun: bool) -> bool:
    """Say whether `friday`, the newest one, must be built: a market without a night before it
    has missed nothing.
    """
    return not built and (friday == today or had_begun)


def note(day: date, at: datetime) -> bool:
    """Write down that the Friday of `day` is built; return whether it was not before.

    Whoever builds holds the lock of all builds.
    """
    friday = clock.friday_before(day)
    if PayDay.objects.filter(friday__gt=friday).exists():
        return False
    return PayDay.objects.get_or_create(friday=friday, defaults={"built_at": at})[1]
