"""The ways in which a brand delivers, beside its standard one."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from shop.models.brands import Brand


class DeliveryOption(models.Model):
    """A way to deliver that a shopper may choose instead of the brand's standard one."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="delivery_options")
    name = models.CharField(_("name"), max_length=60)
    price = models.PositiveBigIntegerField(help_text="minor units of brand.currency, VAT included")
    free_from = models.PositiveBigIntegerField(null=True, blank=True)
    days_from = models.PositiveSmallIntegerField(null=True, blank=True)
    days_to = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "name"], name="delivery_option_once"),
            models.CheckConstraint(
                condition=Q(days_to=None) | Q(days_from=None) | Q(days_to__gte=F("days_from")),
                name="delivery_option_days",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.brand}"
