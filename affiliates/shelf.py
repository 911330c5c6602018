"""A creator's own page: a numbered shelf of products, each through her own link.

A product on the shelf is her link for it on the platform `page`; every card leads through
/go/<code>, so a visit straight to the page earns as well.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Prefetch, QuerySet

from affiliates import links
from affiliates.models import Link
from affiliates.models.links import PostedOn
from creators.models import Creator
from shop.models import Brand, Product
from shop.storefront import UNSHOWN, pictures

SHELF = 60  # cards on one page


def cards() -> QuerySet[Link]:
    """Return the links on creators' pages, in the order of each page, only what is on sale.

    With what a card shows: the product, its brand and shelf.
    """
    return (
        Link.objects.active()
        .filter(
            on_storefront=True,
            platform=PostedOn.PAGE,
            product__status=Product.Status.ACTIVE,
            product__brand__status=Brand.Status.ACTIVE,
        )
        .select_related("product__brand", "product__category")
        .defer(*(f"product__{name}" for name in UNSHOWN))
        .order_by("position", "id")
    )


def shelf(creator: Creator) -> list[Link]:
    """Return the links of a creator's page; 2 queries."""
    rows = cards().filter(creator=creator).select_related("collaboration")
    return list(rows.prefetch_related(_product_pictures())[:SHELF])


def has_more() -> Exists:
    """Say of links whether more than one product that is in stock is on their creator's page."""
    in_stock = cards().filter(creator=OuterRef("creator"), product__in_stock=True)
    return Exists(in_stock[1:2])


def more(creator_id: int, but: Product, limit: int = 4) -> list[Link]:
    """Return the first links of her page that lead to something else in stock; one query.

    Pictures are not fetched yet.
    """
    rows = cards().filter(creator=creator_id, product__in_stock=True).exclude(product=but)
    return list(rows[:limit])


def candidates(creator: Creator) -> list[Product]:
    """Return products that she has a link for and that are not on her page, newest first."""
    on_page = creator.links.active().filter(on_storefront=True).values("product")
    taken = creator.links.active().exclude(product=None).values("product")
    rows = Product.objects.on_sale().filter(pk__in=taken).exclude(pk__in=on_page)
    rows = rows.select_related("brand", "category").prefetch_related(pictures())
    return list(rows.order_by("-id")[:SHELF])


@transaction.atomic
def put(creator: Creator, product: Product, at: datetime) -> Link:
    """Put a product at the end of the shelf. Raises what `links.take` raises."""
    link = links.take(creator, product=product, platform=PostedOn.PAGE, at=at)
    if not link.on_storefront:
        last = creator.links.filter(on_storefront=True).aggregate(last=Max("position"))["last"]
        link.on_storefront, link.position = True, (last or 0) + 1
        link.save(update_fields=["on_storefront", "position"])
    return link


def take_off(creator: Creator, link_id: int) -> int:
    """Take a card off the page; the link itself keeps working. Returns how many."""
    return creator.links.filter(pk=link_id, on_storefront=True).update(on_storefront=False)


@transaction.atomic
def move_up(creator: Creator, link_id: int) -> None:
    """Swap a card with the one before it; the first stays where it is."""
    rows = list(
        creator.links.select_for_update().filter(on_storefront=True).order_by("position", "id")
    )
    order = [row.pk for row in rows]
    if link_id not in order[1:]:
        return
    here = order.index(link_id)
    rows[here - 1], rows[here] = rows[here], rows[here - 1]
    for position, row in enumerate(rows, start=1):
        row.position = position
    Link.objects.bulk_update(rows, ["position"])


def _product_pictures() -> Prefetch:
    return Prefetch("product__images", pictures().queryset)
