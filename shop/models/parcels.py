"""Parcels: a brand's part of an order leaves in one or more."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from shop.models.orders import BrandOrder, OrderLine


class Parcel(models.Model):
    """What of a brand's part went off together, and how it can be followed."""

    brand_order = models.ForeignKey(BrandOrder, models.PROTECT, related_name="parcels")
    carrier = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=60, blank=True, help_text="the carrier's tracking number")
    track_url = models.URLField(max_length=300, blank=True)
    shipped_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(
        max_length=90, blank=True, db_default="", default="",
        help_text="stockroom:id of what a shop elsewhere sent",
    )  # fmt: skip

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["brand_order", "external_id"], name="parcel_from_elsewhere_once",
                condition=~Q(external_id=""),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.code or f"parcel {self.pk}"


class ParcelLine(models.Model):
    """How many pieces of one order line are in a parcel."""

    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="parcel_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parcel", "order_line"], name="parcel_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="parcel_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line}"


class ParcelUndone(models.Model):
    """A parcel that was marked as sent by mistake: who took that back, and when."""

    brand_order = models.ForeignKey(BrandOrder, models.PROTECT, related_name="undone_parcels")
    carrier = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=60, blank=True)
    shipped_at = models.DateTimeField()
    undone_at = models.DateTimeField()
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return self.code or f"undone parcel {self.pk}"
