"""What makes a sale look less than honest. Evidence, never a verdict.

    fraud.rules.*           pure functions over facts: evidence, or nothing
    fraud.flag_order(...)   what is known when an order is paid: buyer and creator, her other orders
    fraud.flag(...)         opens a flag, once for the same evidence
    fraud.words.say(...)    evidence in words: what was measured, and what is usual

What follows from clicks and returns is looked for by the night: `affiliates.clickwatch`.
"""

from affiliates.fraud.addresses import plain_mail
from affiliates.fraud.flags import flag, lock_open, open_flag, open_holds
from affiliates.fraud.orders import flag_order, suspicions
from affiliates.fraud.rules import (
    CAME_BACK,
    CLICK_BURST,
    DISPOSABLE_MAIL,
    MANY_LINKS,
    PAID_ADS,
    SAME_ACCOUNT,
    SAME_MAIL,
    SAME_PAYMENT,
    SETTLEMENT_ERROR,
    VERSION,
    Evidence,
)

__all__ = [
    "CAME_BACK",
    "CLICK_BURST",
    "DISPOSABLE_MAIL",
    "MANY_LINKS",
    "PAID_ADS",
    "SAME_ACCOUNT",
    "SAME_MAIL",
    "SAME_PAYMENT",
    "SETTLEMENT_ERROR",
    "VERSION",
    "Evidence",
    "flag",
    "flag_order",
    "lock_open",
    "open_flag",
    "open_holds",
    "plain_mail",
    "suspicions",
]
