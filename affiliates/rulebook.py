"""What everybody may read about fees, dates and ranking: the numbers that the code itself uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from affiliates import commissions, rates
from affiliates.models import Collaboration, FeePolicy, Participation
from affiliates.models.switches import GRACE
from affiliates.payouts.methods import METHOD_WAIT_HOURS
from affiliates.rails import RAILS
from config.lib import dated
from creators import smallfirst
from creators.models import DirectoryEntry
from shop.models import Brand


@dataclass(frozen=True, slots=True)
class Terms:
    """Days and amounts that hold for every sale; `least_payout` in cents."""

    return_days: int  # the shortest that a brand may give; ours starts with it
    hold_days: int  # from delivery to the night, unless the offer says more
    unreported_days: int  # from payment to the night when nobody reports a delivery
    window_days: int  # in which a click earns
    notice_days: int  # before a lower rate begins
    promise_days: int  # in which a taken link keeps its rate
    platform_days: int  # in which clicks earn once their platform is off
    bank_hours: int  # before a new bank account is used
    least_payout: int


def terms() -> Terms:
    """Return the numbers in use now."""
    default = {
        name: Collaboration._meta.get_field(name).default for name in ("hold_days", "window_days")
    }
    return Terms(
        return_days=Brand._meta.get_field("return_days").default,
        unreported_days=commissions.NOBODY_REPORTS_DAYS,
        notice_days=rates.NOTICE.days,
        promise_days=rates.LOCK.days,
        platform_days=GRACE.days,
        bank_hours=METHOD_WAIT_HOURS,
        least_payout=RAILS["sepa"].minimum("EUR"),
        **default,
    )


def fees(at: datetime) -> dated.Periods:
    """Return the fees that hold for every brand, by when they hold. One query."""
    rows = FeePolicy.objects.filter(brand=None).order_by("-effective_from", "-id")
    return dated.sorted_out(rows, at)


def invited_small(at: datetime) -> smallfirst.Measured:
    """Return how many invitations brands sent in 90 days, and those to small or new creators."""
    since = at - timedelta(days=smallfirst.NEW_DAYS)
    invited = Participation.objects.filter(asked_at__gte=since, asked_at__lte=at)
    small, _large = smallfirst.tracks(DirectoryEntry.objects.all(), at)
    to_small = invited.filter(creator__in=small.values("creator"))
    return smallfirst.Measured(listed=invited.count(), small=to_small.count())
