"""The market: products that a creator may take links of, with what each sale earns her."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Subquery, Value, Window

from affiliates import collaborations, links, pricelist
from affiliates.clock import local_day
from affiliates.collaborations import Book, Offer
from affiliates.models import BrandLight, Collaboration, Link, PlatformSwitch
from affiliates.models.links import PostedOn
from config.lib.money import half_up, tax_within
from creators.models import Creator
from shop import integrations, storefront
from shop.models import Product, TaxRate

PAGE = 18
NEW_FOR = timedelta(days=14)
# The shelves that fit what a creator posts about.
FITTING = {
    "beauty": ("care",),
    "crafts": ("crafts",),
    "cycling": ("cycling",),
    "family": ("games", "kitchen"),
    "fashion": ("bags",),
    "fitness": ("cycling",),
    "food": ("bread", "pantry", "kitchen"),
    "games": ("games",),
    "garden": ("plants",),
    "home": ("baskets", "candles", "kitchen", "lighting"),
    "sustainable": ("care", "baskets"),
    "travel": ("bags", "cycling"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a creator looks for: the shop's filters, and hers. Amounts in minor units."""

    filters: storefront.Filters
    shelves: Sequence[str] = ()  # any of them
    earn_min: int | None = None
    invited: bool = False
    by_earnings: bool = False
    posting_on: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of cards; `total` is of all pages, 0 where the page is beyond the last one."""

    cards: list[Card]
    number: int
    total: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.cards) - 1

    @property
    def left(self) -> int:
        """How many more there are after this page, at most a page of them."""
        return max(0, min(PAGE, self.total - self.last))


@dataclass(slots=True)
class Card:
    """A product with her best offer; `earns` is minor units of the product's currency."""

    product: Product
    offer: Offer
    earns: int
    links: list[Link]  # hers, of this product
    posting_on: str  # the platform that she chose
    is_new: bool
    light: BrandLight | None  # how the brand's money was last seen
    untested: bool = False  # sold in the brand's own shop, and no test order came from there

    @property
    def rate_bp(self) -> int:
        return self.offer.rate_bp

    @property
    def link(self) -> Link | None:
        """Return her link of this product on the platform that she chose."""
        return next((link for link in self.links if link.platform == self.posting_on), None)

    @property
    def url(self) -> str:
        return links.share_url(self.link) if self.link else ""


def about(creator: Creator, at: datetime) -> tuple[set[str], set[str]]:
    """Return the platforms that she may post on now, and the shelves that fit her. One query."""
    off = PlatformSwitch.objects.on(at).filter(country__in=["", creator.country])
    niches = creator.niches.order_by().values_list("slug", Value("niche"))
    channels = creator.channels.verified().exclude(platform__in=off.order_by().values("platform"))
    verified = channels.order_by().values_list("platform", Value("platform"))
    rows = list(niches.union(verified, all=True))
    platforms = {word for word, kind in rows if kind == "platform"}
    niches = [word for word, kind in rows if kind == "niche"]
    return platforms, {shelf for niche in niches for shelf in FITTING.get(niche, ())}


def page(creator: Creator, wanted: Wanted, number: int, at: datetime) -> Page:
    """Return one page of what is offered to her. A fixed number of queries."""
    found = storefront.search(wanted.filters).select_related("brand__light")
    if wanted.shelves:
        found = found.filter(category__slug__in=wanted.shelves)
    offered = collaborations.open_to(creator, at)
    if wanted.invited:
        offered = offered.exclude(kind=Collaboration.Kind.OPEN)
    found = found.filter(brand__in=offered.values("brand"))
    book = taxes = None
    if wanted.by_earnings or wanted.earn_min is not None:
        book, taxes = collaborations.book_of(creator, at), tax_rates(at)
        found = pricelist.with_earnings(found, book, taxes)
    if wanted.earn_min is not None:
        found = found.filter(earns__gte=wanted.earn_min, currency=wanted.filters.currency)
    if wanted.by_earnings:
        found = found.order_by("-earns", "-id")
    if taxes is None:
        found = found.annotate(tax_bp=TaxRate.of_products(local_day(at)))
    found = storefront.with_returns(found, at).annotate(total=Window(Count("*")))
    number = max(number, 1)
    rows = list(found[(number - 1) * PAGE : number * PAGE])
    if taxes is None:
        taxes = {(row.brand.country, row.tax_class): row.tax_bp or 0 for row in rows}
    total = rows[0].total if rows else 0
    return Page(cards(creator, rows, at, wanted.posting_on, taxes, book), number, total)


def cards(
    creator: Creator,
    products: list[Product],
    at: datetime,
    posting_on: str = "",
    taxes: dict[tuple[str, str], int] | None = None,
    book: Book | None = None,
) -> list[Card]:
    """Return a card per product that has an offer for her; `taxes` and `book` if known."""
    book = book or collaborations.book_of(creator, at, {product.brand_id for product in products})
    offers = book.offers(products)
    mine: dict[int, list[Link]] = {}
    found = creator.links.active().filter(product__in=products).exclude(platform=PostedOn.PAGE)
    for link in found.select_related("creator"):
        mine.setdefault(link.product_id, []).append(link)
    rates = tax_rates(at) if taxes is None else taxes
    untested = integrations.untested(products)
    return [
        Card(
            product,
            offers[product.pk],
            earned(product, offers[product.pk].rate_bp, rates),
            mine.get(product.pk, []),
            posting_on,
            product.created_at > at - NEW_FOR,
            getattr(product.brand, "light", None),
            product.pk in untested,
        )
        for product in products
        if product.pk in offers
    ]


def tax_rates(at: datetime) -> dict[tuple[str, str], int]:
    """Return the VAT in force by (country, tax class), in one query."""
    newest = TaxRate.objects.filter(
        country=OuterRef("country"),
        tax_class=OuterRef("tax_class"),
        effective_from__lte=local_day(at),
    ).order_by("-effective_from")
    rows = TaxRate.objects.filter(pk=Subquery(newest.values("pk")[:1]))
    return {(row.country, row.tax_class): row.rate_bp for row in rows}


def earned(product: Product, rate_bp: int, rates: dict[tuple[str, str], int]) -> int:
    """Return the commission on one sale at the lowest price, in the brand's own country.

    Half up on the price without VAT, as the commission itself will be.
    """
    price = product.price_from or 0
    tax_bp = rates.get((product.brand.country, product.tax_class), 0)
    return half_up(price - tax_within(price, tax_bp), rate_bp)
