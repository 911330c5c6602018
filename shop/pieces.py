"""Which pieces of a line were paid back, or are on their way back: none is paid back twice.

A withdrawal and a trouble both speak of pieces; each of them looks here what the others took.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from shop.models import BrandOrder, OrderLine, Return, ReturnLine, Trouble, TroubleLine


@dataclass
class Due:
    """What pieces are worth that were not paid back yet; gross, and never more than is left."""

    goods: dict[int, int] = field(default_factory=dict)  # by line
    shipping: int = 0
    counts: dict[int, int] = field(default_factory=dict)  # pieces by line

    @property
    def total(self) -> int:
        return sum(self.goods.values()) + self.shipping

    def shares(self, part: BrandOrder) -> dict[tuple[str, int], int]:
        """Return it as `refunds.refund` takes it."""
        found = {("line", pk): amount for pk, amount in self.goods.items()}
        found["shipping", part.pk] = self.shipping
        return {key: amount for key, amount in found.items() if amount}


def due(
    part: BrandOrder, wanted: Mapping[int, int], *, withdrawn: bool, back: Mapping[int, int]
) -> Due:
    """Return what so many pieces of each line are worth; `back`: `paid_back(part)`.

    The delivery belongs to it where nothing of the part is left; where that was `withdrawn`
    from, no more of it than the standard way cost (Directive 2011/83/EU art. 13). Uses
    prefetched lines.
    """
    found, whole = Due(), True
    for line in part.lines.all():
        gone = min(back.get(line.pk, 0), line.quantity)
        count = min(wanted.get(line.pk, 0), line.quantity - gone)
        left = line.gross - line.refunded_gross - line.charged_back_gross
        found.counts[line.pk] = count
        found.goods[line.pk] = min(price_of(line, gone + count) - price_of(line, gone), left)
        whole &= gone + count == line.quantity or not left
    if whole:
        found.shipping = _delivery(part, withdrawn=withdrawn)
    return found


def _delivery(part: BrandOrder, *, withdrawn: bool) -> int:
    left = part.shipping_gross - part.shipping_refunded - part.shipping_charged_back
    if withdrawn and part.shipping_standard is not None:
        left = min(left, max(0, part.shipping_standard - part.shipping_refunded))
    return left


def paid_back(part: BrandOrder, returns: Iterable[Return] | None = None) -> Counter[int]:
    """Return how many pieces of each line, by its id, were paid back piece by piece.

    Uses prefetched troubles, and `returns` of the part with prefetched lines where given.
    """
    if returns is None:
        rows = ReturnLine.objects.filter(of__brand_order=part, of__state=Return.State.REFUNDED)
        return Counter(_sums(rows)) + _of_troubles([part])
    found: Counter[int] = Counter()
    for made in returns:
        for line in made.lines.all() if made.state == Return.State.REFUNDED else ():
            found[line.order_line_id] += line.quantity if line.paid is None else line.paid
    return found + _of_troubles([part])


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
    """Count what was paid, or as long as a return is open what it is about."""
    pieces = Sum(Coalesce("paid", "quantity"))
    return dict(rows.order_by().values_list("order_line").annotate(sum=pieces))


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
