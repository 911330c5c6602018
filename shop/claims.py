"""What a shopper may say is wrong with a part of an order, from when, and until when."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from shop import pieces
from shop.models import BrandOrder, OrderLine, Return, ReturnLine, Trouble
from shop.models.returns import REFUND_WITHIN

Kind, State = Trouble.Kind, Trouble.State
ASK_WITHIN = timedelta(days=60)  # after it arrived
ARRIVES_WITHIN = timedelta(days=30)  # where nothing is promised: Directive 2011/83/EU art. 18
CLOSED_WITHIN = timedelta(days=42)  # after the brand closed a return without paying all of it


def kinds(part: BrandOrder, at: datetime, free: Mapping[OrderLine, int] | None = None) -> list[str]:
    """Return what a shopper may say is wrong at `at`; `free`: `pieces.free(part)`.

    Uses prefetched lines, troubles, returns and parcels.
    """
    if part.paid_at is None or part.order.own_shop:
        return []
    if any(row.is_open for row in part.troubles.all()):
        return []
    lines = part.lines.all()
    if all(row.gross <= row.refunded_gross + row.charged_back_gross for row in lines):
        return []
    found = []
    if part.delivered_at is None or at <= part.delivered_at + ASK_WITHIN:
        if part.delivered_at or at >= expected(part):
            found.append(Kind.NOT_ARRIVED)
        if part.shipped_at or part.parcels.all():
            found += [Kind.DAMAGED, Kind.WRONG]
    if found and not (pieces.free(part) if free is None else free):
        found = []
    if disputed(part, at):
        found.append(Kind.NOT_REFUNDED)
    return found


def disputed(part: BrandOrder, at: datetime) -> list[Return]:
    """Return the withdrawals whose money is due by `at`, or for which it did not all come of late.

    Not those that we decided about. Uses prefetched troubles and returns.
    """
    decided = [
        row.closed_at
        for row in part.troubles.all()
        if row.kind == Kind.NOT_REFUNDED and row.state in {State.REFUSED, State.REFUNDED}
    ]
    found = []
    for row in part.returns.all():
        if row.state == Return.State.REFUNDED and not row.short:
            continue
        due, past = row.asked_at + REFUND_WITHIN <= at, False
        if row.closed_at:
            due |= row.closed_at <= at
            past = at > row.closed_at + CLOSED_WITHIN
            past |= any(row.closed_at <= day for day in decided)
        if due and not past:
            found.append(row)
    return found


def sent_back(part: BrandOrder, at: datetime) -> dict[int, int]:
    """Return how many pieces of each line, by its id, `disputed` is about."""
    return _counts(part, at, lambda row: row.quantity if row.less else row.quantity - _paid(row))


def unpaid(part: BrandOrder, at: datetime) -> dict[int, int]:
    """Return how many of these pieces nothing was paid for."""
    return _counts(part, at, lambda row: row.quantity - _paid(row))


def kept(part: BrandOrder, at: datetime) -> Counter[int]:
    """Return what of each line, by its id, was kept of the price of pieces that were paid."""
    sums: Counter[int] = Counter()
    for row in ReturnLine.objects.filter(of__in=disputed(part, at), less__gt=0):
        sums[row.order_line_id] += row.less
    return sums


def _counts(
    part: BrandOrder, at: datetime, count: Callable[[ReturnLine], int]
) -> dict[int, int]:  # fmt: skip
    counts: Counter[int] = Counter()
    rows = ReturnLine.objects.filter(of__in=disputed(part, at))
    for row in rows.select_related("order_line", "of"):
        whole = row.order_line.quantity
        counts[row.order_line_id] = min(whole, counts[row.order_line_id] + count(row))
    return counts


def _paid(row: ReturnLine) -> int:
    if row.of.state != Return.State.REFUNDED:
        return 0
    return row.quantity if row.paid is None else row.paid


def expected(part: BrandOrder) -> datetime:
    """Return when a parcel should be there at the latest."""
    days = part.delivery_days_to
    return part.paid_at + (ARRIVES_WITHIN if days is None else timedelta(days=days))


def from_when(part: BrandOrder, at: datetime) -> datetime | None:
    """Return when it may first be said that it did not arrive, while that is still to come."""
    if part.paid_at is None or part.order.own_shop or part.delivered_at:
        return None
    return expected(part) if at < expected(part) else None
