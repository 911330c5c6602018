"""Money on its way out: built weekly, approved and exported by two people.

A payout to a creator claims settlement lines; its amount is their sum and nothing else. What
comes to nothing gives the money back and releases the lines in one transaction.
"""

from affiliates.payouts import reclaims
from affiliates.payouts.again import again
from affiliates.payouts.building import build, next_pay_day
from affiliates.payouts.byhand import say
from affiliates.payouts.exporting import export
from affiliates.payouts.foureyes import NotAllowed, approve, document, lock_payout, totals
from affiliates.payouts.fridays import due as due_friday
from affiliates.payouts.methods import (
    METHOD_WAIT_HOURS,
    change_method,
    check_name,
    check_names,
    record_name_check,
)
from affiliates.payouts.outcomes import cancel, claims_of, confirm, confirm_batch, fail, returned
from affiliates.payouts.sending import retry, send_due

__all__ = [
    "METHOD_WAIT_HOURS",
    "NotAllowed",
    "again",
    "approve",
    "build",
    "cancel",
    "change_method",
    "check_name",
    "check_names",
    "claims_of",
    "confirm",
    "confirm_batch",
    "document",
    "due_friday",
    "export",
    "fail",
    "lock_payout",
    "next_pay_day",
    "reclaims",
    "record_name_check",
    "retry",
    "returned",
    "say",
    "send_due",
    "totals",
]
