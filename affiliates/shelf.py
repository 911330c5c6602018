"""A creator's links as lists: those that she posts, and those on her own page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q, Sum, prefetch_related_objects

from affiliates import links
from affiliates.models import Commission, Link, LinkDay
from affiliates.models.links import PostedOn
from creators.models import Creator
from shop import storefront
from shop.models import Brand, Product

PAGE = 20
SHELF = 60  # products on a page of hers


@dataclass(slots=True)
class Row:
    """One link with what it brought."""

    link: Link
    url: str
    clicks: int = 0
    orders: int = 0
    earned: int = 0
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of links, newest first."""

    rows: list[Row]
    number: int
    has_next: bool

    @property
    def next_number(self) -> int:
        return self.number + 1

    @property
    def previous_number(self) -> int:
        return self.number - 1


def own_links(creator: Creator, number: int = 1) -> Page:
    """Return one page of the links that she posts, with clicks, orders and income. 4 queries."""
    found = (
        creator.links.filter(collaboration__isnull=False)
        .select_related("product__category", "product__brand", "collaboration__brand", "creator")
        .order_by("-is_active", "-created_at", "-pk")
    )
    start = (max(number, 1) - 1) * PAGE
    page = list(found[start : start + PAGE + 1])
    return Page(_rows(page[:PAGE]), max(number, 1), len(page) > PAGE)


def _rows(found: Sequence[Link]) -> list[Row]:
    rows = {link.pk: Row(link, links.share_url(link)) for link in found}
    days = LinkDay.objects.filter(link__in=rows).values("link").annotate(n=Sum("clicks"))
    for day in days:
        rows[day["link"]].clicks = day["n"]
    sums = (
        Commission.objects.live()
        .filter(link__in=rows)
        .values("link", "currency")
        .annotate(n=Count("order_line", distinct=True, filter=Q(kind="sale")), total=Sum("amount"))
        .order_by("total")
    )
    for row in sums:  # a link of one product earns in one currency; else the largest shows
        found_row = rows[row["link"]]
        found_row.orders += row["n"]
        found_row.earned, found_row.currency = row["total"], row["currency"]
    return list(rows.values())


def bio_links(creator: Creator) -> list[Row]:
    """Return the links to her own page, one per platform where she took one."""
    found = creator.links.active().filter(collaboration__isnull=True).select_related("creator")
    return [Row(link, links.share_url(link)) for link in found.order_by("platform")]


def on_page(creator: Creator) -> list[Link]:
    """Return the links of her page, in her order, with what their cards show."""
    found = (
        creator.links.active()
        .filter(
            on_storefront=True,
            product__status=Product.Status.ACTIVE,
            product__brand__status=Brand.Status.ACTIVE,
        )
        .select_related("product__brand", "product__category", "collaboration", "creator")
        .order_by("position", "-created_at")[:SHELF]
    )
    cards = list(found)
    with_pictures([link.product for link in cards])
    return cards


def with_pictures(products: Iterable[Product]) -> None:
    """Fetch the pictures of `products` in one query."""
    rows = list(products)
    if rows:
        prefetch_related_objects(rows, storefront.pictures())


@transaction.atomic
def put(creator: Creator, product: Product, at: datetime) -> Link:
    """Put a product on her page behind a link of her own. Raises what `links.take` raises."""
    link = links.take(creator, product, platform=PostedOn.PAGE, at=at)
    if not link.on_storefront:
        last = creator.links.filter(on_storefront=True).aggregate(n=Max("position"))["n"]
        link.on_storefront, link.position = True, (last or 0) + 1
        link.save(update_fields=["on_storefront", "position"])
    return link


def take_off(creator: Creator, pk: int) -> bool:
    """Take a product off her page; its link goes on working where she posted it."""
    return bool(creator.links.filter(pk=pk).update(on_storefront=False))


@transaction.atomic
def move_up(creator: Creator, pk: int) -> None:
    """Swap a product with the one before it."""
    shown = list(creator.links.select_for_update().filter(on_storefront=True).order_by("position"))
    at = next((n for n, link in enumerate(shown) if link.pk == pk), 0)
    if at:
        shown[at - 1], shown[at] = shown[at], shown[at - 1]
    for position, link in enumerate(shown, start=1):
        if link.position != position:
            Link.objects.filter(pk=link.pk).update(position=position)
