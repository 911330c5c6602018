"""The discount codes of a brand, and the orders that used them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from shop.models.brands import Brand
from shop.models.catalogue import Product
from shop.models.orders import Order


class DiscountCodeQuerySet(models.QuerySet):
    def words(self, words: list[str]) -> Self:
        """Codes spelled like one of these, in capitals or not."""
        return self.annotate(spelled=Upper("code")).filter(
            spelled__in=[word.upper() for word in words]
        )


class DiscountCode(models.Model):
    """A word that makes what a brand sells cheaper, paid by the brand."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="discount_codes")
    code = models.CharField(_("code"), max_length=24)
    rate_bp = models.PositiveIntegerField(null=True, blank=True, help_text="a share of the price")
    amount = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="or minor units of brand.currency, VAT included"
    )
    minimum = models.PositiveBigIntegerField(
        default=0, help_text="what the brand's goods in the bag must cost, before the discount"
    )
    products = models.ManyToManyField(
        Product, blank=True, related_name="+", help_text="none: on everything of the brand"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    most_uses = models.PositiveIntegerField(null=True, blank=True, help_text="orders in total")
    most_per_shopper = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0, help_text="orders, unpaid ones included")
    created_at = models.DateTimeField(auto_now_add=True)
    objects = DiscountCodeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("brand", Upper("code"), name="discount_code_once"),
            models.CheckConstraint(
                condition=Q(rate_bp__range=(1, 9_000), amount=None) | Q(rate_bp=None, amount__gt=0),
                name="discount_code_kind",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="discount_code_dates",
            ),
            models.CheckConstraint(
                condition=Q(most_uses=None) | Q(used__lte=F("most_uses")),
                name="discount_code_not_over_used",
            ),
        ]
        indexes = [models.Index(Upper("code"), name="discount_code_typed")]

    def __str__(self) -> str:
        return f"{self.code} of {self.brand}"

    def is_over(self, at: datetime) -> bool:
        """Whether it can never be used (again)."""
        return bool(self.stopped_at or (self.ends_at and self.ends_at <= at) or self.is_used_up)

    @property
    def is_used_up(self) -> bool:
        return self.most_uses is not None and self.used >= self.most_uses


class DiscountUse(models.Model):
    """One order that used a code; gone when the order is cancelled."""

    discount = models.ForeignKey(DiscountCode, models.CASCADE, related_name="uses")
    order = models.ForeignKey(Order, models.CASCADE, related_name="discount_uses")
    shopper = models.CharField(max_length=64, help_text="keyed hash of the e-mail address")
    amount = models.PositiveBigIntegerField(help_text="what it took off, VAT included")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "discount"], name="discount_use_once"),
        ]
        indexes = [models.Index(fields=["discount", "shopper"], name="discount_use_of_shopper")]

    def __str__(self) -> str:
        return f"{self.discount} on {self.order}"
