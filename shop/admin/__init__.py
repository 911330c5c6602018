"""The shop for admins. What was ordered and paid is read, not edited; a refund is an action."""

from shop.admin import (
    brands,
    catalogue,
    failures,
    orders,
    payments,
    recalls,
    stockrooms,
    terms,
    troubles,
)

__all__ = [
    "brands",
    "catalogue",
    "failures",
    "orders",
    "payments",
    "recalls",
    "stockrooms",
    "terms",
    "troubles",
]
