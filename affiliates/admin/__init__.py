"""The market's desk for money: read-only rows, and acts with a reason."""

from affiliates.admin import bankfiles, collaborations, links, money, payouts, risk, settlement

__all__ = ["bankfiles", "collaborations", "links", "money", "payouts", "risk", "settlement"]
