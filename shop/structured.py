"""What a product page says to machines: schema.org Product with its offers, as JSON-LD.

Source: https://schema.org/Product and Google's "Merchant listing structured data".
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse

from config.lib import money
from shop.models import Image, Product, Variant

SCHEMA = "https://schema.org"


def whole(path: str) -> str:
    """Return the whole address of a path of ours."""
    return settings.SITE_URL + path if path.startswith("/") else path


def product(
    found: Product, variants: Sequence[Variant], pictures: Sequence[Image], about: str
) -> list[dict[str, Any]]:
    """Return the product of a page and where it stands; `variants` are the active ones.

    Reads `found.brand` and `found.category`; asks nothing of the database.
    """
    page, returns = whole(found.get_absolute_url()), _returns(found)
    facts: dict[str, Any] = {
        "@context": SCHEMA,
        "@type": "Product",
        "name": found.title,
        "description": about or found.title,
        "url": page,
        "brand": {"@type": "Brand", "name": found.brand.name},
        "offers": [_offer(found, variant, page, returns) for variant in variants],
    }
    if len(variants) == 1:
        facts["sku"] = variants[0].sku
    if found.category:
        facts["category"] = found.category.label
    if shown := [whole(image.large_url) for image in pictures if image.file]:
        facts["image"] = shown
    return [facts, _trail(found)]


def _offer(found: Product, variant: Variant, page: str, returns: dict[str, Any]) -> dict[str, Any]:
    brand = found.brand
    offer: dict[str, Any] = {
        "@type": "Offer",
        "sku": variant.sku,
        "url": f"{page}?variant={variant.pk}",
        "price": str(money.decimal(variant.price, found.currency)),
        "priceCurrency": found.currency,
        "availability": f"{SCHEMA}/{'InStock' if found.in_stock and variant.available != 0 else 'OutOfStock'}",
        "itemCondition": f"{SCHEMA}/NewCondition",
        "seller": {"@type": "Organization", "name": brand.legal_name or brand.name},
        "hasMerchantReturnPolicy": returns,
    }
    if variant.label:
        offer["name"] = f"{found.title}, {variant.label}"
    if found.sells_at != "own_shop":
        offer["shippingDetails"] = _shipping(found, variant)
    return offer


def _returns(found: Product) -> dict[str, Any]:
    rule = {"@type": "MerchantReturnPolicy", "applicableCountry": found.brand.country}
    if found.withdrawal != Product.Withdrawal.YES:
        return rule | {"returnPolicyCategory": f"{SCHEMA}/MerchantReturnNotPermitted"}
    return rule | {
        "returnPolicyCategory": f"{SCHEMA}/MerchantReturnFiniteReturnWindow",
        "merchantReturnDays": found.brand.return_days,
        "returnMethod": f"{SCHEMA}/ReturnByMail",
        "returnFees": f"{SCHEMA}/{'FreeReturn' if found.brand.pays_return else 'ReturnFeesCustomerResponsibility'}",
    }


def _shipping(found: Product, variant: Variant) -> dict[str, Any]:
    brand = found.brand
    free = brand.free_shipping_from is not None and variant.price >= brand.free_shipping_from
    cost = 0 if free else brand.shipping_price
    rate = {"@type": "MonetaryAmount", "currency": brand.currency,
            "value": str(money.decimal(cost, brand.currency))}  # fmt: skip
    where = [{"@type": "DefinedRegion", "addressCountry": code}
             for code in brand.ships_to or [brand.country]]  # fmt: skip
    details = {
        "@type": "OfferShippingDetails", "shippingRate": rate, "shippingDestination": where,
    }  # fmt: skip
    if brand.delivery_days_to is not None:
        days = {"@type": "QuantitativeValue", "unitCode": "DAY", "maxValue": brand.delivery_days_to,
                "minValue": brand.delivery_days_from or 0}  # fmt: skip
        details["deliveryTime"] = {"@type": "ShippingDeliveryTime", "transitTime": days}
    return details


def _trail(found: Product) -> dict[str, Any]:
    """Return shop, shelf and product as the way that led here."""
    shop = reverse("shop:storefront_list")
    steps = [("Thousand", shop)]
    if found.category:
        steps.append((found.category.label, f"{shop}?category={found.category.slug}"))
    steps.append((found.title, found.get_absolute_url()))
    return {
        "@context": SCHEMA,
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": n, "name": name, "item": whole(path)}
            for n, (name, path) in enumerate(steps, 1)
        ],
    }
