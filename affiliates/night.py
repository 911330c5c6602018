"""What happens when a night is over: lift what nobody decided in time, end samples whose clock ran
out, look through the day's clicks, settle, publish the proof, check the books, pay; then decide again on who waits and who is
a pilot, and show in the directory what was sold.

Each step finds its own work, so a call that was killed is finished by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from affiliates import (
    books,
    clickwatch,
    clock,
    closings,
    flatfees,
    holds,
    participations,
    payouts,
    proof,
    sampleclocks,
    samplerecords,
    settlement,
    solvency,
    sweeping,
    trackrecord,
)
from creators import directory

SWEEP_BACK = timedelta(days=30)  # the last look for what a signal missed, before the books are read


@dataclass
class Done:
    """What a call settled, the offences against the books, and how many payouts it built."""

    settled: settlement.Result
    offences: dict[str, list[int]] = field(default_factory=dict)
    payouts: int = 0
    lifted: holds.Lifted = field(default_factory=holds.Lifted)
    seen: clickwatch.Seen = field(default_factory=clickwatch.Seen)


def run(
    as_of: datetime | None = None,
    night: date | None = None,
    progress: settlement.Progress | None = None,
) -> Done:
    """Lift what nobody decided in time, hold what the clicks ask for, settle what is over, then do
    all that follows a night.
    """
    at = settlement.moment(as_of)
    lifted = holds.lift(at)
    participations.lapse(at)
    flatfees.resolve(at)
    sampleclocks.resolve(at)
    sampleclocks.remind(at)
    samplerecords.expire(at)
    seen = clickwatch.run(at)
    done = Done(settlement.settle(as_of, night, progress), lifted=lifted, seen=seen)
    follow(at, done)
    if done.settled.nights:
        trackrecord.redecide(at)
        trackrecord.refresh(at)
        directory.number(at)
        solvency.refresh(at)
    return done


def follow(at: datetime, done: Done) -> None:
    """Prove, check and pay after completed nights; cheap when there were none."""
    proof.publish()
    nights, friday = done.settled.nights, payouts.due_friday(at)
    behind = done.settled.left or settlement.open_nights(clock.last_night_over(at))
    if not nights and (friday is None or behind or books.broke_lately(at)):
        return
    sweeping.sweep(at, at - SWEEP_BACK)
    payouts.reclaims.find(at)
    closings.close()
    done.offences = books.check(at)
    if friday and not done.offences and not behind:
        today = clock.local_day(at)  # of a Friday that was missed: late, and once
        built = payouts.build(at, today, by_night=True)
        done.payouts = sum(batch.payouts.count() for batch in built)
