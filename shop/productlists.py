"""The products of a brand as its page lists them, and what each still lacks."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy

from shop.models import Brand, Product, Variant

LACKS = {
    "category": gettext_lazy("a shelf"),
    "category_blocked": gettext_lazy("another shelf"),
    "price": gettext_lazy("a price"),
    "currency": gettext_lazy("a price in the currency of your brand"),
    "hidden": gettext_lazy("another look by us: a report about it was right, see your mail"),
    "tax_rate": gettext_lazy("a VAT rate"),
    "own_shop_url": gettext_lazy("its address in your shop"),
    "unpublished": gettext_lazy("being published in your feed"),
    "taken_off": gettext_lazy("that you bring it back"),
    "tax_class": gettext_lazy("a VAT class"),
    "detail:manufacturer": gettext_lazy("who makes it"),
    "detail:manufacturer_contact": gettext_lazy("where one writes to its maker"),
    "detail:warnings": gettext_lazy("its warnings, or that there are none"),
    "detail:content": gettext_lazy("the content of each variant, such as 500 g"),
    "detail:ingredients": gettext_lazy("ingredients"),
    "detail:allergens": gettext_lazy("allergens"),
}


def lacks(product: Product) -> list[object]:
    """Return in words what keeps a product from being sold."""
    return [LACKS.get(code, code) for code in product.missing]


def found(brand: Brand, asked: Mapping[str, str]) -> QuerySet[Product]:
    """Return the products of a list: those of a status, or found by words."""
    rows = Product.objects.filter(brand=brand)
    if (status := asked.get("status", "")) in Product.Status.values:
        rows = rows.filter(status=status)
    if words := asked.get("q", "").strip().replace("\x00", ""):
        by_sku = Variant.objects.filter(brand=brand, sku=words[:100]).values("product_id")
        rows = rows.filter(Q(title__icontains=words[:100]) | Q(pk__in=by_sku))
    return rows


def listed(brand: Brand, asked: Mapping[str, str]) -> QuerySet[Product]:
    """Return the same with what the list shows, latest changed first."""
    rows = found(brand, asked).select_related("category").defer("description", "search")
    rows = rows.annotate(variant_count=Count("variants", Q(variants__is_active=True)))
    return rows.order_by("-updated_at", "-id")
