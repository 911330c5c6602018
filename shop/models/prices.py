"""The prices that variants had, and what a reduction may be compared with."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models.expressions import RawSQL

# The lowest price of the 30 days before the price was last changed, where it is known for all of
# them and is above the price: what a reduction may be compared with (EU directive 98/6, art. 6a).
_BEFORE = """
    (CASE WHEN shop_variant.compare_at > shop_variant.price THEN (
        SELECT min(c.price) FROM shop_pricechange c
         WHERE c.variant_id = shop_variant.id
           AND c.until > shop_variant.priced_at - interval '30 days'
        HAVING min(c.since) <= shop_variant.priced_at - interval '30 days'
           AND min(c.price) > shop_variant.price) END)
"""


class VariantQuerySet(models.QuerySet):
    def with_before(self) -> Self:
        """Variants with `before`: what the price may be compared with; None: with nothing."""
        before = RawSQL(_BEFORE, [], output_field=models.BigIntegerField())  # noqa: S611
        return self.annotate(before=before)


class PriceChange(models.Model):
    """A price that a variant had, and when; written by a trigger, whoever changes it."""

    variant = models.ForeignKey("shop.Variant", models.CASCADE, related_name="price_changes")
    price = models.PositiveBigIntegerField(help_text="minor units of the product's currency")
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["variant", "until"], name="price_change_of")]

    def __str__(self) -> str:
        return f"{self.price} until {self.until:%Y-%m-%d}"
