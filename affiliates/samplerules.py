"""The rules of a sample, as plain values: whose turn it is, until when, and what silence does.

    asked ─▶ accepted ─▶ shipped ─▶ delivered ─▶ posted ─▶ closed
    brand    brand       creator    creator      brand
    7 days   7           14         14 (+7 once) 7

Whoever is silent loses: a brand that does not answer or send lets the sample lapse, a creator who
does not post does; a parcel that she says nothing of counts as arrived; a post that the brand
says nothing of counts as shown. Source: docs/together.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from affiliates.clock import local_day, midnight
from affiliates.models import SampleRequest
from creators.fitness import MIN_SAMPLES

State, Side, Check = SampleRequest.State, SampleRequest.Side, SampleRequest.Check

ANSWER_DAYS = 7
SHIP_DAYS = 7
ARRIVE_DAYS = 14
POST_DAYS = 14
EXTRA_DAYS = 7
CONFIRM_DAYS = 7
AGAIN_DAYS = 7  # to bring another post after the brand's first no
REFUSALS = 2  # the second no ends it, outside both records
REMIND_DAYS = (3, 1)  # before the clock of a post runs out

TURN = {
    State.ASKED: Side.BRAND,
    State.ACCEPTED: Side.BRAND,
    State.SHIPPED: Side.CREATOR,
    State.DELIVERED: Side.CREATOR,
    State.POSTED: Side.BRAND,
}
DAYS = {
    State.ASKED: ANSWER_DAYS,
    State.ACCEPTED: SHIP_DAYS,
    State.SHIPPED: ARRIVE_DAYS,
    State.DELIVERED: POST_DAYS,
    State.POSTED: CONFIRM_DAYS,
}

NEWCOMER = 2  # samples at a time without any record
MOST = 20
GOOD_BP = 8_000  # what "repaired" means
COUNTS_FOR = timedelta(days=365)
Z = 1.96  # 95 %


def until(at: datetime, days: int) -> datetime:
    """Return the end of the local day that is `days` days after that of `at`."""
    return midnight(local_day(at) + timedelta(days=days + 1))


def longer(act_by: datetime) -> datetime:
    """Return a clock with the one extension added, in calendar days.

    One that an outage moved may end within a day; its hour stays.
    """
    day = local_day(act_by)
    return midnight(day + timedelta(days=EXTRA_DAYS)) + (act_by - midnight(day))


@dataclass(frozen=True, slots=True)
class Step:
    """What a sample becomes: its state, who was at fault, how a post was checked."""

    state: str
    fault: str = ""
    check: str = ""

    @property
    def days(self) -> int | None:
        """Days that the next side has; None: it is over."""
        return DAYS.get(State(self.state))


def silence(state: str, act_by: datetime, at: datetime) -> Step | None:
    """Return what a clock that ran out makes of a sample; None while it runs or when over."""
    if state not in TURN or act_by > at:
        return None
    if state == State.SHIPPED:
        return Step(State.DELIVERED)
    if state == State.POSTED:
        return Step(State.CLOSED, check=Check.SILENCE)
    return Step(State.LAPSED, fault=TURN[State(state)])


def reminder(state: str, act_by: datetime, at: datetime) -> int | None:
    """Return how many days before the end a reminder is due now: 3, 1 or None."""
    if state not in TURN or act_by <= at:
        return None
    near = [days for days in REMIND_DAYS if act_by - at <= timedelta(days=days)]
    return min(near, default=None)


@dataclass(frozen=True, slots=True)
class Record:
    """How one side kept its word in the last 12 months. `excused` is outside the rate."""

    kept: int = 0
    broken: int = 0
    excused: int = 0

    @property
    def total(self) -> int:
        return self.kept + self.broken

    @property
    def share_bp(self) -> int | None:
        """The share of kept promises; None: no record yet."""
        return self.kept * 10_000 // self.total if self.total else None

    @property
    def lower_bp(self) -> int | None:
        """The lower end of the Wilson interval, so that 1 of 1 is not more than 40 of 41."""
        n = self.total
        if not n:
            return None
        p = self.kept / n
        middle = p + Z * Z / (2 * n)
        spread = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return max(0, round(10_000 * (middle - spread) / (1 + Z * Z / n)))

    @property
    def is_ranked(self) -> bool:
        """Whether it says enough to move a creator's place; `lower_bp` is then what counts."""
        return self.total >= MIN_SAMPLES

    @property
    def to_repair(self) -> int:
        """How many kept promises bring it back to 8 in 10."""
        need = GOOD_BP * self.total - 10_000 * self.kept
        return max(0, -(-need // (10_000 - GOOD_BP)))


def allowance(record: Record) -> int:
    """Return how many samples a creator may have open: 2 to begin with, one more for each kept
    promise, one less for each broken one; never none, so that a record can be repaired.
    """
    return max(1, min(MOST, NEWCOMER + record.kept - record.broken))
