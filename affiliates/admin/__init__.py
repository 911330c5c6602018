"""The market's desk for money: read-only rows, and acts with a reason."""

from affiliates.admin import money, payouts, risk, settlement

__all__ = ["money", "payouts", "risk", "settlement"]
