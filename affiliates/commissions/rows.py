"""Locking the rows that move together: sales, and the reversals of those that are unsettled."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from affiliates.models import Commission

State = Commission.State
OPEN = (State.PENDING, State.HELD)


def with_reversals(ids: Iterable[int], *states: str) -> list[Commission]:
    """Lock sales and the unsettled reversals that move with them, in one order.

    A reversal moves with its sale as long as that is unsettled, and by itself afterwards. First
    the sales alone: who had locked one may have written a reversal of it, or settled it, and
    only a statement that begins later sees that.
    """
    ids = list(ids)
    found = Commission.objects.filter(pk__in=ids).values_list("pk", "reverses")
    sales = {reverses or pk for pk, reverses in found}
    open_ = Commission.objects.filter(pk__in=sales, state__in=OPEN)
    list(open_.select_for_update(of=["self"]).order_by("id").values_list("pk"))
    rows = Commission.objects.filter(state__in=states).filter(
        Q(pk__in=ids, reverses=None)
        | Q(pk__in=ids, reverses__state=State.SETTLED)
        | Q(reverses__in=ids, reverses__state__in=states)
    )
    return list(rows.select_for_update(of=["self"]).order_by("id"))
