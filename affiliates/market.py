"""The market: products that a creator may take links of, with what each sale earns her."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from affiliates import collaborations
from affiliates.clock import local_day
from affiliates.collaborations import Offer
from affiliates.models import Link
from affiliates.models.links import PostedOn
from config.lib.money import half_up, tax_within
from creators.models import Creator
from shop import storefront
from shop.models import Product, TaxRate

PAGE = 18


@dataclass(slots=True)
class Card:
    """A product with her best offer; `earns` is minor units of the product's currency."""

    product: Product
    offer: Offer
    earns: int
    links: list[Link]  # hers, of this product

    @property
    def rate_bp(self) -> int:
        return self.offer.rate_bp


def page(
    creator: Creator, filters: storefront.Filters, number: int, at: datetime
) -> tuple[list[Card], bool]:
    """Return one page of cards, and whether there is a next one. A fixed number of queries."""
    brands = collaborations.open_to(creator, at).values("brand")
    start = (max(number, 1) - 1) * PAGE
    found = storefront.search(filters).filter(brand__in=brands).annotate(tax_bp=_tax_bp(at))
    rows = list(found[start : start + PAGE + 1])
    taxes = {(row.brand.country, row.tax_class): row.tax_bp or 0 for row in rows}
    return cards(creator, rows[:PAGE], at, taxes), len(rows) > PAGE


def _tax_bp(at: datetime) -> Subquery:
    """Return a product's VAT in its brand's country, in basis points."""
    newest = TaxRate.objects.filter(
        country=OuterRef("brand__country"),
        tax_class=OuterRef("tax_class"),
        effective_from__lte=local_day(at),
    ).order_by("-effective_from")
    return Subquery(newest.values("rate_bp")[:1])


def cards(
    creator: Creator,
    products: list[Product],
    at: datetime,
    taxes: dict[tuple[str, str], int] | None = None,
) -> list[Card]:
    """Return a card per product that has an offer for her; `taxes` saves asking for them."""
    offers = collaborations.offers_for(creator, products, at)
    mine: dict[int, list[Link]] = {}
    found = creator.links.active().filter(product__in=products).exclude(platform=PostedOn.PAGE)
    for link in found.select_related("creator"):
        mine.setdefault(link.product_id, []).append(link)
    rates = tax_rates(at) if taxes is None else taxes
    return [
        Card(
            product,
            offers[product.pk],
            earned(product, offers[product.pk].rate_bp, rates),
            mine.get(product.pk, []),
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
