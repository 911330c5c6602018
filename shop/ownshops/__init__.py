"""Brands with their own shop: what it tells us (`told`), and what that adds up to (`state`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from shop.ownshops import api, shopify, woocommerce
from shop.ownshops.base import BadBody, Told

PROVIDERS: dict[str, ModuleType] = {"shopify": shopify, "woocommerce": woocommerce, "api": api}

STOCK_TOPICS = [*shopify.STOCK_TOPICS, *woocommerce.STOCK_TOPICS]
PARCEL_TOPICS = shopify.PARCEL_TOPICS

__all__ = ["PARCEL_TOPICS", "PROVIDERS", "STOCK_TOPICS", "BadBody", "Told", "parse"]


def parse(provider: str, headers: Mapping[str, str], body: bytes, currency: str) -> Told:
    """Return what a signed body says. Raises BadBody, whose text the brand may read."""
    return PROVIDERS[provider].parse(headers, body, currency)
