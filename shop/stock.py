"""Stock: taken by a conditional update, so that two buyers never get the last piece.

`stock` is what lies on the shelf, `reserved` the part of it that open orders hold.
Variants are always locked in the order of their ids.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Greatest

from shop import products
from shop.models import Brand, Product, Stocked, Variant
from shop.models.brands import SellsAt


class SoldOut(Exception):
    """A variant has fewer pieces left than are asked for."""

    def __init__(self, variant_id: int) -> None:
        super().__init__(f"variant {variant_id} is sold out")
        self.variant_id = variant_id


def reserve(quantities: Mapping[int, int], at: datetime) -> None:
    """Reserve pieces by variant id, all or (by the caller's transaction) none.

    Raises SoldOut for the first variant that has not enough, or whose stock lies in a shop
    elsewhere that told nothing of it for a day.
    """
    beside = Q(sells_at=SellsAt.BESIDE) | Q(sells_at=SellsAt.HERE, brand__sells_at=SellsAt.BESIDE)
    elsewhere = Product.objects.filter(beside, pk=OuterRef("product"))
    known = ~Exists(elsewhere) | Exists(Stocked.objects.fresh(at).filter(variant=OuterRef("pk")))
    for variant_id, quantity in sorted(quantities.items()):
        enough = Q(stock__isnull=True) | Q(stock__gte=F("reserved") + quantity)
        taken = Variant.objects.filter(enough, known, pk=variant_id, is_active=True).update(
            reserved=F("reserved") + quantity
        )
        if not taken:
            raise SoldOut(variant_id)
    _refresh(quantities)


def release(quantities: Mapping[int, int]) -> None:
    """Give reserved pieces back to the shelf."""
    for variant_id, quantity in sorted(quantities.items()):
        Variant.objects.filter(pk=variant_id).update(
            reserved=Greatest(F("reserved") - quantity, Value(0))
        )
    _refresh(quantities)


def take(quantities: Mapping[int, int]) -> None:
    """Turn reserved pieces into sold ones."""
    for variant_id, quantity in sorted(quantities.items()):
        Variant.objects.filter(pk=variant_id).update(
            reserved=F("reserved") - quantity, stock=F("stock") - quantity
        )


def give(variant_id: int) -> bool:
    """Take one piece off the shelf that nobody buys (a sample); False: none was free there."""
    free = Q(stock__gt=F("reserved"))
    taken = Variant.objects.filter(free, pk=variant_id).update(stock=F("stock") - 1)
    _refresh({variant_id: 1})
    return bool(taken)


@transaction.atomic
def count(brand: Brand, counts: Mapping[str, int | None]) -> list[Variant]:
    """Set what lies on the shelf by SKU (None: any number); return the variants as they are now.

    As with a feed, what open orders have reserved stays covered. Left out are unknown SKUs, and
    those whose stock lies in a shop elsewhere, which tells it itself.
    """
    rows = Variant.objects.filter(brand=brand, sku__in=list(counts)).order_by("pk")
    rows = rows.exclude(product__sells_at=SellsAt.BESIDE)
    found = list(rows.select_for_update(of=("self",)))
    for row in found:
        wanted = counts[row.sku]
        row.stock = None if wanted is None else max(wanted, row.reserved)
    Variant.objects.bulk_update(found, ["stock"])
    products.refresh_stock({row.product_id for row in found})
    return found


def _refresh(quantities: Mapping[int, int]) -> None:
    ids = Variant.objects.filter(pk__in=list(quantities)).values_list("product_id", flat=True)
    products.refresh_stock(set(ids))
