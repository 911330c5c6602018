"""The market's desk for money: read-only rows, and acts with a reason."""

from affiliates.admin import (
    adjustments,
    bankfiles,
    cases,
    closedmonths,
    collaborations,
    exports,
    links,
    money,
    passports,
    payouts,
    reclaims,
    risk,
    settlement,
    switches,
    taxes,
)

__all__ = [
    "adjustments",
    "bankfiles",
    "cases",
    "closedmonths",
    "collaborations",
    "exports",
    "links",
    "money",
    "passports",
    "payouts",
    "reclaims",
    "risk",
    "settlement",
    "switches",
    "taxes",
]
