"""The market's desk for money: read-only rows, and acts with a reason."""

from affiliates.admin import collaborations, links, money, payouts, risk, settlement

__all__ = ["collaborations", "links", "money", "payouts", "risk", "settlement"]
