"""Which pieces of a line were paid back, or are on their way back: none is paid back twice.

A withdrawal and a trouble both speak of pieces; each of them looks here what the others took.
"""

from collections import Counter
from collections.abc import Sequence

from django.db.models import F, Q, Sum

from shop.models import BrandOrder, OrderLine, Return, ReturnLine, Trouble, TroubleLine


def paid_back(part: BrandOrder) -> Counter[int]:
    """Return how many pieces of each line, by its id, were paid back piece by piece."""
    rows = ReturnLine.objects.filter(of__brand_order=part, of__state=Return.State.REFUNDED)
    return Counter(_sums(rows)) + _of_troubles([part])


def free(part: BrandOrder) -> dict[OrderLine, int]:
    """Return how many pieces of each line nothing was paid back for, and no return is open about.

    Uses prefetched lines and troubles.
    """
    return free_of([part])[part.pk]


def free_of(parts: Sequence[BrandOrder]) -> dict[int, dict[OrderLine, int]]:
    """Return what `free` does, by part, with the same few queries for many."""
    rows = ReturnLine.objects.filter(of__brand_order__in=parts)
    taken = Counter(_sums(rows.exclude(of__state=Return.State.CLOSED))) + _of_troubles(parts)
    found = {}
    for part in parts:
        left = {line: line.quantity - taken[line.pk] for line in part.lines.all()}
        found[part.pk] = {line: count for line, count in left.items() if count > 0}
    return found


def _sums(rows) -> dict[int, int]:
    return dict(rows.order_by().values_list("order_line").annotate(sum=Sum("quantity")))


def _of_troubles(parts: Sequence[BrandOrder]) -> Counter[int]:
    """Count what troubles paid wholly; what they paid for a return is counted with the return."""
    found: Counter[int] = Counter()
    troubles = [
        row.pk
        for part in parts
        for row in part.troubles.all()
        if row.state == Trouble.State.REFUNDED and row.kind != Trouble.Kind.NOT_REFUNDED
    ]
    if not troubles:
        return found
    mine = Q(trouble__refund__lines__order_line=F("order_line"))
    rows = (
        TroubleLine.objects.filter(trouble__in=troubles)
        .select_related("order_line")
        .annotate(paid=Sum("trouble__refund__lines__gross", filter=mine))
    )
    for row in rows:
        found[row.order_line_id] += min(row.quantity, worth_of(row.order_line, row.paid or 0))
    return found


def price_of(line: OrderLine, count: int) -> int:
    """Return what `count` pieces of a line cost (gross, rounded down)."""
    return line.gross * count // line.quantity


def worth_of(line: OrderLine, amount: int) -> int:
    """Return how many whole pieces of a line `amount` pays: the most that cost no more."""
    return ((amount + 1) * line.quantity - 1) // line.gross if line.gross else 0
