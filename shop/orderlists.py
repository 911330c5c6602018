"""The orders of a brand as its page lists them: by where they are, or by number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import (
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    prefetch_related_objects,
)

from shop import orders
from shop.models import Brand, BrandOrder, OrderLine, Parcel

# Something of it is neither given back nor taken back by a bank: it is to be sent.
_OWED = Exists(
    OrderLine.objects.filter(
        brand_order=OuterRef("pk"), gross__gt=F("refunded_gross") + F("charged_back_gross")
    )
)
STATES = {
    "pack": Q(shipped_at=None, delivered_at=None) & _OWED,
    "sent": Q(shipped_at__isnull=False, delivered_at=None),
    "delivered": Q(delivered_at__isnull=False),
    "returns": Q(returns__isnull=False, returns__closed_at=None),
    "troubles": Q(troubles__isnull=False, troubles__closed_at=None),
}


def _paid(brand: Brand) -> QuerySet[BrandOrder]:
    return BrandOrder.objects.filter(brand=brand, paid_at__isnull=False)


def counts(brand: Brand) -> dict[str, int]:
    """Return how many orders are in each state."""
    states = {name: Count("id", q, distinct=True) for name, q in STATES.items()}
    return _paid(brand).aggregate(**states)


def words(asked: Mapping[str, str]) -> str:
    """Return the order number that was typed."""
    return asked.get("q", "").replace("\x00", "").strip()[:40]


def found(brand: Brand, asked: Mapping[str, str]) -> QuerySet[BrandOrder]:
    """Return the orders that an address asks for (`state`, `q`), newest first."""
    rows = _paid(brand)
    if (state := asked.get("state", "")) in STATES:
        rows = rows.filter(STATES[state]).distinct()
    if number := words(asked):
        rows = rows.filter(order__number__iexact=number)
    return rows.select_related("order").order_by("-paid_at", "-id")


def with_sums(parts: Iterable[BrandOrder]) -> list[BrandOrder]:
    """Add to each order what its goods cost, how many pieces they are, and where they are."""
    parts = list(parts)
    prefetch_related_objects(parts, "lines")
    sums = BrandOrder.objects.filter(pk__in=[part.pk for part in parts]).annotate(
        goods=Sum("lines__gross"),
        pieces=Sum("lines__quantity"),
        sent=Exists(Parcel.objects.filter(brand_order=OuterRef("pk"))),
    )
    facts = {part.pk: part for part in sums}
    for part in parts:
        part.sent = facts[part.pk].sent
        part.goods, part.pieces = facts[part.pk].goods or 0, facts[part.pk].pieces or 0
        part.total = part.goods + part.shipping_gross
        part.progress = orders.progress(part, part.sent)
    return parts
