"""Budgets of collaborations: what a sale would earn is set aside under a lock, whole or not at all.

A budget is spent by live commissions since it was set, and freed by what shoppers send back. A
sale that does not fit earns nothing, says so (`SPENT`), and stops new links until the brand sets a
new budget; `budgetletters` tells the brand and those with links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum

from affiliates.models import Collaboration, Commission
from shop.models import Brand

# reasons of a commission that was born void
SPENT = "budget_spent"
OTHER_CURRENCY = "budget_currency"  # of the sale, than the budget's


@dataclass
class Rooms:
    """What is left of each budget, while their collaborations are locked."""

    left: dict[int, int | None]  # None: the sale is in another currency

    def take(self, collaboration_id: int, amount: int, at: datetime) -> str:
        """Set `amount` aside; return why it earns nothing instead, "" where it fits.

        A sale that does not fit closes the offer; one in another currency says nothing of it.
        """
        left = self.left.get(collaboration_id, amount)
        if left is None:
            return OTHER_CURRENCY
        if amount > left:
            rows = Collaboration.objects.filter(pk=collaboration_id, budget_spent_at=None)
            rows.update(budget_spent_at=at, tells_spent=True)
            return SPENT
        if collaboration_id in self.left:
            self.left[collaboration_id] = left - amount
        return ""


def rooms(deals: Iterable[Collaboration], currency: str) -> Rooms:
    """Lock the collaborations that have a budget, and return what is left of each.

    In the order of their ids, so that two orders never wait for each other. A budget is in the
    brand's currency: a sale in another cannot be taken of it.
    """
    ids = sorted(deal.pk for deal in deals if deal.budget is not None)
    if not ids:
        return Rooms({})
    rows = Collaboration.objects.select_for_update(no_key=True, of=("self",))
    locked = rows.filter(pk__in=ids, budget__isnull=False).select_related("brand").order_by("pk")
    return Rooms({row.pk: left(row) if row.brand.currency == currency else None for row in locked})


def spent(deal: Collaboration) -> int:
    """Return what the live commissions of a collaboration take of its budget.

    What goes back of a sale from before the budget was set frees nothing of it.
    """
    found = Commission.objects.live().filter(
        Q(kind=Commission.Kind.SALE)
        | Q(kind=Commission.Kind.REVERSAL, reverses__created_at__gte=deal.budget_from),
        brand=deal.brand_id, collaboration=deal.pk, created_at__gte=deal.budget_from,
    )  # fmt: skip
    return found.aggregate(sum=Sum("amount"))["sum"] or 0


def left(deal: Collaboration) -> int:
    """Return what is left of a budget; never below nothing."""
    return max(0, deal.budget - spent(deal))


def beyond(order_line_ids: Iterable[int]) -> set[int]:
    """Return those of these lines that earn nothing because no budget had room for them."""
    rows = Commission.objects.filter(
        order_line__in=list(order_line_ids), reason__in=[SPENT, OTHER_CURRENCY]
    )
    return set(rows.values_list("order_line_id", flat=True))


@transaction.atomic
def set_for(brand: Brand, collaboration_id: int, budget: int | None, at: datetime) -> Collaboration:
    """Give a collaboration a budget from now on, or none; links can be taken again."""
    row = Collaboration.objects.select_for_update(no_key=True).get(pk=collaboration_id, brand=brand)
    row.budget, row.budget_from = budget, None if budget is None else at
    row.budget_spent_at, row.tells_spent = None, False
    row.save(update_fields=["budget", "budget_from", "budget_spent_at", "tells_spent"])
    return row
