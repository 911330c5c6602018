"""How a brand delivers: its standard way from its own fee, and others that it adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from shop import pricing
from shop.models import Brand, DeliveryOption
from shop.models.brands import promise

STANDARD = 0  # the key of the brand's own fee among its ways
MOST = 5  # that a brand may add


class TooMany(Exception):
    """The brand has as many ways to deliver as it may have."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to deliver; amounts in minor units, VAT included; no name: the standard one."""

    key: int
    name: str
    price: int
    free_from: int | None
    days_from: int | None
    days_to: int | None

    @property
    def label(self) -> str:
        return self.name or _("Standard delivery")

    @property
    def promise(self) -> str:
        return promise(self.days_from, self.days_to)

    def cost(self, goods: int) -> int:
        return pricing.shipping(self.price, self.free_from, goods)


def ways(brand: Brand) -> list[Way]:
    """Return the ways of `brand`, the standard one first. Uses prefetched options."""
    standard = Way(
        STANDARD, "", brand.shipping_price, brand.free_shipping_from,
        brand.delivery_days_from, brand.delivery_days_to,
    )  # fmt: skip
    added = [
        Way(row.pk, row.name, row.price, row.free_from, row.days_from, row.days_to)
        for row in brand.delivery_options.all()
    ]
    return [standard, *added]


def chosen(found: list[Way], choices: Mapping[str, Any], brand: Brand) -> Way:
    """Return the way that was chosen for `brand`; one that is gone is the standard one."""
    key = choices.get(str(brand.pk), STANDARD)
    return next((way for way in found if way.key == key), found[0])


@transaction.atomic
def save(option: DeliveryOption) -> DeliveryOption:
    """Store a way. Raises TooMany for a new one above MOST."""
    Brand.objects.select_for_update().get(pk=option.brand_id)
    others = DeliveryOption.objects.filter(brand=option.brand_id).exclude(pk=option.pk)
    if others.count() >= MOST:
        raise TooMany(f"brand {option.brand_id} has {MOST} ways to deliver")
    option.save()
    return option
