"""What creators earn on order lines: born when paid, reversed by cumulative target.

Amounts never change; a correction is a new signed row. Whatever becomes pending late is
due in a night that is still to come (`late`). The rules as tables: docs/money.md.
"""

from affiliates.commissions.births import adjust, bear, reason_to_hold
from affiliates.commissions.dates import (
    NOBODY_REPORTS_DAYS,
    due,
    final_at,
    hold_days,
    is_paused,
    late,
    lock_out_new_runs,
    reschedule,
)
from affiliates.commissions.reversals import reversal, reverse
from affiliates.commissions.states import NotHeld, earn_again, hold, pass_on, release, void

__all__ = [
    "NOBODY_REPORTS_DAYS",
    "NotHeld",
    "adjust",
    "bear",
    "due",
    "earn_again",
    "final_at",
    "hold",
    "hold_days",
    "is_paused",
    "late",
    "lock_out_new_runs",
    "pass_on",
    "reason_to_hold",
    "release",
    "reschedule",
    "reversal",
    "reverse",
    "void",
]
