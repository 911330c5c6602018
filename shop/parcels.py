"""On its way and arrived: a brand's part of a paid order leaves in one parcel or in several.

`BrandOrder.shipped_at` is when the last piece left, `delivered_at` when the last parcel arrived.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Sum

from shop import letters, orders, pieces, signals
from shop.models import BrandOrder, Order, OrderLine, Parcel, ParcelLine


class NotLeft(Exception):
    """More pieces are to be sent than are left to send."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a parcel can be followed; each may be empty."""

    carrier: str = ""
    code: str = ""
    url: str = ""


def unsent(part: BrandOrder, parcels: Iterable[Parcel] | None = None) -> dict[OrderLine, int]:
    """Return how many pieces of each line are still to be sent.

    Nothing of what was given back, or of a part that was sent before parcels were kept.
    Uses prefetched lines, and `parcels` with prefetched lines where given.
    """
    if part.shipped_at or part.delivered_at:
        return {}
    if parcels is None:
        rows = ParcelLine.objects.filter(parcel__brand_order=part).values_list("order_line")
        sent = Counter(dict(rows.annotate(sum=Sum("quantity"))))
    else:
        rows = [row for parcel in parcels for row in parcel.lines.all()]
        sent = Counter()
        for row in rows:
            sent[row.order_line_id] += row.quantity
    left, lines = {}, part.lines.all()
    back = pieces.paid_back(part) if any(line.refunded_gross for line in lines) else Counter()
    for line in lines:
        count = line.quantity - max(sent[line.pk], back[line.pk])  # what came back had been sent
        if count > 0 and line.refunded_gross + line.charged_back_gross < line.gross:
            left[line] = count
    return left


@transaction.atomic
def ship(
    part: BrandOrder,
    at: datetime,
    tracking: Tracking = Tracking(),
    quantities: Mapping[int, int] | None = None,
    external_id: str = "",
) -> Parcel | None:
    """Note that so many pieces by line id left in one parcel; without `quantities` all that is left.

    Return the parcel, or None when nothing is left to send. Raises NotLeft.
    """
    order = orders.lock(part.order)
    part = BrandOrder.objects.get(pk=part.pk)
    left = {line.pk: count for line, count in unsent(part).items()}
    if order.status != Order.Status.PAID or not left:
        return None
    wanted = left if quantities is None else {pk: n for pk, n in quantities.items() if n > 0}
    if not wanted or any(count > left.get(pk, 0) for pk, count in wanted.items()):
        raise NotLeft(f"{wanted} asked, {left} left")
    parcel = Parcel.objects.create(
        brand_order=part, carrier=tracking.carrier, code=tracking.code, track_url=tracking.url,
        shipped_at=at, external_id=external_id,
    )  # fmt: skip
    ParcelLine.objects.bulk_create(
        ParcelLine(parcel=parcel, order_line_id=pk, quantity=n) for pk, n in wanted.items()
    )
    part.track_url = part.track_url or tracking.url
    if wanted == left:
        part.shipped_at = at
    part.save(update_fields=["shipped_at", "track_url"])
    if not order.own_shop:  # her shop writes to her, and she has no page here
        letters.write("shipped", parcel.pk, order, at)
    return parcel


@transaction.atomic
def deliver(part: BrandOrder, at: datetime, *, assumed: bool = False) -> bool:
    """Note that all of a brand's part has arrived; the return period starts.

    `assumed`: nobody said so, the days that the brand states are over.
    """
    order = orders.lock(part.order)
    part = BrandOrder.objects.get(pk=part.pk)
    if order.status != Order.Status.PAID or part.delivered_at:
        return False
    part.parcels.filter(delivered_at=None).update(delivered_at=at)
    part.delivered_at, part.arrival_assumed = at, assumed
    part.shipped_at = part.shipped_at or at
    part.save(update_fields=["delivered_at", "shipped_at", "arrival_assumed"])
    if not order.own_shop:
        letters.write("assumed" if assumed else "delivered", part.pk, order, at)
    orders.tell(signals.order_delivered, brand_order=part)
    return True


@transaction.atomic
def arrived(parcel: Parcel, at: datetime) -> bool:
    """Note that one parcel arrived; with the last one its part is delivered."""
    orders.lock(parcel.brand_order.order)
    if not Parcel.objects.filter(pk=parcel.pk, delivered_at=None).update(delivered_at=at):
        return False
    part = BrandOrder.objects.select_related("order").get(pk=parcel.brand_order_id)
    if part.shipped_at and not part.parcels.filter(delivered_at=None).exists():
        deliver(part, at)
    return True


def finish(order: Order, at: datetime) -> None:
    """Note which parts are wholly on their way, now that money for the rest went back.

    Their order is locked. Where every parcel has arrived, the return period starts at `at`:
    only now does the shopper know that nothing follows.
    """
    rows = order.parts.filter(shipped_at=None, delivered_at=None)
    for part in rows.annotate(newest=Max("parcels__shipped_at")).exclude(newest=None):
        if unsent(part):
            continue
        BrandOrder.objects.filter(pk=part.pk).update(shipped_at=part.newest)
        if not part.parcels.filter(delivered_at=None).exists():
            deliver(part, at)
