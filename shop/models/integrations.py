"""A brand's own shop, as it tells us of its orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.sealed import SealedTextField
from shop.models.brands import Brand


class IntegrationQuerySet(models.QuerySet):
    def green(self, brand_ids: Iterable[int]) -> Self:
        """Those of these brands that a test order has gone through."""
        return self.filter(brand__in=list(brand_ids), state=Integration.State.TESTED)


class Integration(models.Model):
    """One shop of a brand elsewhere; its messages are signed with its own secret."""

    class Provider(models.TextChoices):
        SHOPIFY = "shopify", "Shopify"
        WOOCOMMERCE = "woocommerce", "WooCommerce"
        API = "api", _("another shop, by our API")

    class State(models.TextChoices):
        NEW = "new", _("waits for a test order")
        TESTED = "tested", _("tested")
        OFF = "off", pgettext_lazy("integration", "off")

    brand = models.ForeignKey(Brand, models.PROTECT, related_name="integrations")
    provider = models.CharField(max_length=12, choices=Provider)
    domain = models.CharField(max_length=120, help_text="its links lead there and nowhere else")
    delivered_after_days = models.PositiveSmallIntegerField(
        default=4, help_text="after shipping, where no carrier tells"
    )
    state = models.CharField(max_length=6, choices=State, default=State.NEW)
    secret = SealedTextField()
    old_secret = SealedTextField(blank=True, default="")
    old_until = models.DateTimeField(null=True, blank=True, help_text="then the old one is dead")
    tested_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(
        null=True, blank=True, help_text="when a message last came with a wrong signature"
    )
    off_at = models.DateTimeField(null=True, blank=True, help_text="since when it is off")
    creators_told_at = models.DateTimeField(
        null=True, blank=True, help_text="when it was last told that it is off"
    )
    created_at = models.DateTimeField()
    objects = IntegrationQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "provider", "domain"], name="integration_of_shop_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="tested") | Q(tested_at__isnull=False),
                name="integration_tested_has_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain} ({self.provider})"
