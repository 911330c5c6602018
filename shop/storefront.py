"""The shop window: finding products by words, shelf, brand and price, in few queries."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, IntegerField, Prefetch, QuerySet, prefetch_related_objects
from django.db.models.expressions import RawSQL
from django.utils.html import strip_tags
from django.utils.text import Truncator

from config.lib import pages
from shop.models import Category, Image, Product, Variant
from shop.models.brands import SellsAt

PAGE = 24
SHORTEST = 3  # letters of a word that others may begin with
RANKED = 1_000  # newest matches that are ranked: a common word would have us read half of the shop
LEAD = 180  # characters of a description under the title
UNSHOWN = ("description", "search", "details", "brand__description", "feed_digest")  # on a card
CARD = (  # all that a card of the shop reads
    "title", "slug", "price_from", "currency", "in_stock",
    "brand__slug", "brand__name", "category__art",
)  # fmt: skip
BESIDE = ("title", "slug", "price_from", "currency", "in_stock", "category__art")  # and its brand
PAGE_OF_ONE = (  # all that a product's own page reads
    "title", "slug", "description", "currency", "sells_at", "own_shop_url", "tax_class",
    "withdrawal", "details", "price_from", "in_stock",
    "category__slug", "category__name", "category__name_nl", "category__art",
    "category__required_details",
    *(f"brand__{name}" for name in (
        "slug", "name", "currency", "sells_at", "made_by", "legal_name", "address", "postal_code",
        "city", "country", "email", "phone", "register_number", "vat_number", "shipping_price",
        "free_shipping_from", "delivery_days_from", "delivery_days_to", "ships_to", "return_days",
        "return_address", "pays_return",
    )),
)  # fmt: skip
VARIANT = ("sku", "options", "price", "content", "stock", "reserved", "picture", "product")
PICTURE = ("product", "file", "width", "height", "alt")
SORTS = {
    "new": ("-created_at", "-id"),
    "cheap": ("price_from", "id"),
    "dear": ("-price_from", "-id"),
}


PRICES_IN = "EUR"  # what the filters by price are typed in


@dataclass(frozen=True, slots=True)
class Filters:
    """What a shopper asked for; prices in minor units."""

    q: str = ""
    category: str = ""
    brand: str = ""
    price_min: int | None = None
    price_max: int | None = None
    currency: str = PRICES_IN  # of the prices; what is sold in another is left out by them
    sort: str = "new"
    available: bool = False


def search(filters: Filters, query: SearchQuery | None = None) -> QuerySet[Product]:
    """Return the products on sale that match, best first, with what a card shows.

    `query` goes before the words of the filters.
    """
    rows = Product.objects.on_sale()
    if filters.category:
        rows = rows.filter(category__slug=filters.category)
    if filters.brand:
        rows = rows.filter(brand__slug=filters.brand)
    if filters.price_min is not None or filters.price_max is not None:
        rows = rows.filter(currency=filters.currency)
    if filters.price_min is not None:
        rows = rows.filter(price_from__gte=filters.price_min)
    if filters.price_max is not None:
        rows = rows.filter(price_from__lte=filters.price_max)
    if filters.available:
        rows = rows.filter(in_stock=True)
    order = SORTS.get(filters.sort, SORTS["new"])
    if filters.q:
        query = query or words(filters.q)
        rows = rows.filter(search=query)
        if filters.sort not in {"cheap", "dear"}:
            newest = rows.order_by(*SORTS["new"]).values("pk")[:RANKED]
            rows = Product.objects.filter(pk__in=newest)
            rows = rows.annotate(rank=SearchRank(F("search"), query))
            order = ("-rank", "-id")
    return cards(rows).order_by(*order)


def words(text: str) -> SearchQuery:
    """Return a query for what was typed, in Dutch, English and as it stands."""
    text = text[:200].replace("\x00", "")
    queries = [
        SearchQuery(text, config=config, search_type="websearch")
        for config in ("simple", "dutch", "english")
    ]
    return queries[0] | queries[1] | queries[2]


def beginnings(text: str) -> SearchQuery | None:
    """Return a query for words that begin like those that were typed, or None for short ones.

    `keramik` finds `keramiek`, and `koffie` a `koffiemok`: of a long word the last third may be
    another.
    """
    found = [word for word in re.findall(r"\w+", text[:200].lower()) if len(word) >= SHORTEST]
    if not found:
        return None
    cut = [word[: max(SHORTEST + 1, -(-2 * len(word) // 3))] for word in found[:8]]
    return SearchQuery(
        " & ".join(f"'{word}':*" for word in cut), config="simple", search_type="raw"
    )


def cards(rows: QuerySet[Product]) -> QuerySet[Product]:
    """Return products with what a card shows: brand, shelf, first picture."""
    return rows.select_related("brand", "category").defer(*UNSHOWN).prefetch_related(pictures())


def pictures(path: str = "images") -> Prefetch:
    """Return the way to fetch the pictures that lie with us; other addresses are not shown.

    `path` leads from the rows in question to a product's pictures.
    """
    return Prefetch(path, Image.objects.shown().order_by("position", "id"))


def first_pictures() -> Prefetch:
    """Return the way to fetch the first picture of each product alone."""
    shown = Image.objects.shown().order_by("product", "position", "id").distinct("product")
    return Prefetch("images", shown)


# Of the newest lines of a product that had time to come back, how many did, in percent.
RETURNED = """
    (SELECT count(*) FILTER (WHERE newest.back) * 100 / count(*) FROM (
        SELECT l.refunded + l.charged_back > 0 AS back
        FROM shop_orderline l JOIN shop_variant v ON v.id = l.variant_id
        JOIN shop_brandorder p ON p.id = l.brand_order_id
        WHERE v.product_id = shop_product.id AND p.paid_at < %s
        ORDER BY l.id DESC LIMIT 300) newest
     HAVING count(*) >= 20)
"""
TIME_TO_COME_BACK = timedelta(days=30)


def with_returns(rows: QuerySet[Product], at: datetime) -> QuerySet[Product]:
    """Return products with `returned`: how many of 100 came back; None while few were sold."""
    share = RawSQL(RETURNED, [at - TIME_TO_COME_BACK], output_field=IntegerField())  # noqa: S611
    return rows.annotate(returned=share)


def page(filters: Filters, number: int) -> tuple[pages.Page, bool]:
    """Return one page of products, and whether they only come close to the words that were typed.

    Never counts them all.
    """
    found = _page(search(filters), number)
    if found or not filters.q or not (query := beginnings(filters.q)):
        return found, False
    near = _page(search(filters, query), number)
    return near, bool(near)


def _page(rows: QuerySet[Product], number: int) -> pages.Page:
    rows = rows.only(*CARD).prefetch_related(None)
    return pages.page(rows.prefetch_related(first_pictures()), number, PAGE)


def product(brand_slug: str, slug: str) -> Product | None:
    """Return a product on sale with what its page shows of it, its brand and its shelf."""
    rows = Product.objects.on_sale().filter(brand__slug=brand_slug, slug=slug)
    rows = rows.select_related("brand", "category").only(*PAGE_OF_ONE)
    return next(iter(rows), None)  # there is one at most


def variants(product: Product) -> list[Variant]:
    """Return what one may choose of a product, with `before`, and how fresh its stock is."""
    rows = Variant.objects.with_before().filter(product=product, is_active=True)
    if SellsAt.BESIDE in (product.sells_at, product.brand.sells_at):
        rows = rows.select_related("stocked__stockroom__integration")
    else:
        rows = rows.only(*VARIANT)
    found = list(rows)
    for variant in found:
        variant.product = product
    return found


def lead(description: str) -> tuple[str, bool]:
    """Return the beginning of a description as plain text, and whether it says more than that."""
    text = " ".join(unescape(strip_tags(description.replace("<", " <"))).split())
    if len(text) <= LEAD:
        return text, False
    return Truncator(text).chars(LEAD), True


def more_of(product: Product, limit: int = 4) -> list[Product]:
    """Return other products of the same brand, their pictures not fetched yet."""
    rows = Product.objects.on_sale().filter(brand=product.brand, in_stock=True)
    rows = rows.exclude(pk=product.pk).select_related("category").only(*BESIDE)
    found = list(rows.order_by("-created_at", "-id")[:limit])
    for one in found:
        one.brand = product.brand
    return found


def show_pictures(products: Sequence[Product]) -> None:
    """Fetch the pictures of some products, no more of them than a page shows."""
    shown = Image.objects.shown().order_by("position", "id").only(*PICTURE)
    prefetch_related_objects(products, Prefetch("images", shown))


def shelves() -> list[Category]:
    """Return the shelves that a shopper may pick."""
    return list(Category.objects.filter(is_blocked=False))
