"""The bag and the order: one order, one part per brand, one line per variant."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from shop.models.brands import Brand, promise
from shop.models.catalogue import Variant


class Cart(models.Model):
    """A shopper's bag; found by a random key in her session."""

    key = models.CharField(max_length=43, unique=True)
    currency = models.CharField(max_length=3, blank=True, help_text="set by its first line")
    creator_code = models.CharField(max_length=24, blank=True)
    delivery = models.JSONField(
        default=dict, db_default={}, help_text="chosen way by brand id; none: the standard one"
    )
    discounts = models.JSONField(
        default=dict, db_default={}, help_text="discount code by brand id, as it was typed"
    )
    checkout_key = models.CharField(  # noqa: DJ001
        max_length=64, unique=True, null=True, help_text="of the order being made of it, if any"
    )
    replaces = models.CharField(
        max_length=64, blank=True, default="", db_default="",
        help_text="checkout key of the order that was made of it before it was changed",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"bag {self.pk}"


class CartLine(models.Model):
    """One variant in a bag, with the creator's touch it came by (opaque, signed)."""

    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+")
    quantity = models.PositiveSmallIntegerField()
    touch = models.TextField(blank=True, help_text="opaque; read by affiliates only")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_line_once"),
            models.CheckConstraint(condition=Q(quantity__range=(1, 99)), name="cart_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant}"


class PaymentNews(models.TextChoices):
    """What happened to a payment that a bank takes days for."""

    PROCESSING = "processing", _("the bank works on it")
    FAILED = "failed", _("failed")
    UNHELD = "unheld", _("cancelled: too much to keep for one shopper")


class OrderQuerySet(models.QuerySet):
    def lapsed(self, at) -> Self:
        """Unpaid orders whose reservation has run out at `at`."""
        return self.filter(status=Order.Status.PENDING, expires_at__lte=at)


class Order(models.Model):
    """What a shopper bought in one go, in one currency, from one or more brands."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting for payment")
        PAID = "paid", _("paid")
        CANCELLED = "cancelled", _("cancelled")

    number = models.CharField(max_length=16, unique=True)
    checkout_key = models.CharField(max_length=64, unique=True)
    token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    currency = models.CharField(max_length=3)
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="orders"
    )
    email = models.EmailField()
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=16)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=32, blank=True)
    language = models.CharField(max_length=5, default="en")
    referral = models.JSONField(
        default=dict, blank=True, help_text="cookie touches and typed code, unread by the shop"
    )
    payment_fingerprint = models.CharField(max_length=64, blank=True, help_text="keyed hash")
    own_shop = models.BooleanField(default=False, help_text="reported by the brand's own shop")
    integration = models.ForeignKey(
        "shop.Integration", models.PROTECT, null=True, blank=True, related_name="orders"
    )
    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True, help_text="confirmation mailed")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="end of the reservation")
    processing_at = models.DateTimeField(
        null=True, blank=True, help_text="since when the bank works on a slow payment of it"
    )
    payment_news = models.CharField(
        max_length=10, blank=True, default="", db_default="", choices=PaymentNews,
        help_text="what is still to be mailed about a slow payment",
    )  # fmt: skip
    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="paid", paid_at__isnull=False)
                | (~Q(status="paid") & Q(paid_at__isnull=True)),
                name="order_paid_has_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(
                fields=["expires_at"], name="order_to_release", condition=Q(status="pending")
            ),
            models.Index(fields=["id"], name="order_has_news", condition=~Q(payment_news="")),
            models.Index(
                fields=["payment_fingerprint"],
                name="order_same_payment",
                condition=~Q(payment_fingerprint=""),
            ),
            models.Index(Upper("email"), name="order_of_mail"),
        ]

    def __str__(self) -> str:
        return self.number


class BrandOrder(models.Model):
    """One brand's part of an order: its seller, its parcel, its invoice."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="parts")
    brand = models.ForeignKey(Brand, models.PROTECT, related_name="orders")
    seller = models.JSONField(help_text="the trader as she was when the order was placed")
    delivery_name = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text="empty: the standard way"
    )
    delivery_days_from = models.PositiveSmallIntegerField(null=True, blank=True)
    delivery_days_to = models.PositiveSmallIntegerField(null=True, blank=True)
    discount_code = models.CharField(
        max_length=24, blank=True, default="", db_default="",
        help_text="the code that made its lines cheaper; each line holds its share",
    )  # fmt: skip
    shipping_gross = models.PositiveBigIntegerField(default=0)
    shipping_tax = models.PositiveBigIntegerField(default=0)
    shipping_standard = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="what the standard way would have cost; null: it was that"
    )
    shipping_refunded = models.PositiveBigIntegerField(default=0, help_text="gross")
    shipping_charged_back = models.PositiveBigIntegerField(default=0, help_text="gross")
    invoice_number = models.CharField(max_length=24, null=True, blank=True)  # noqa: DJ001
    return_days = models.PositiveSmallIntegerField(default=14)
    paid_at = models.DateTimeField(null=True, blank=True, help_text="copy of order.paid_at")
    shipped_at = models.DateTimeField(null=True, blank=True)
    track_url = models.URLField(max_length=300, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True, help_text="of its last line")
    arrival_assumed = models.BooleanField(
        default=False, db_default=False,
        help_text="nobody told of it: the days that the brand states were over",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "brand"], name="brand_order_once"),
            models.UniqueConstraint(fields=["brand", "invoice_number"], name="invoice_once"),
            models.CheckConstraint(
                condition=Q(
                    shipping_gross__gte=F("shipping_refunded") + F("shipping_charged_back")
                ),
                name="shipping_not_over_refunded",
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "-paid_at", "-id"], name="brand_order_newest"),
            models.Index(
                fields=["paid_at"],
                name="brand_order_to_invoice",
                condition=Q(paid_at__isnull=False, invoice_number__isnull=True),
            ),
            models.Index(
                fields=["shipped_at"],
                name="brand_order_on_its_way",
                condition=Q(shipped_at__isnull=False, delivered_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} at {self.brand}"

    @property
    def discount(self) -> int:
        """What was taken off its lines, VAT included."""
        return sum(line.discount for line in self.lines.all())

    @property
    def has_left(self) -> bool:
        """Whether anything of it is or was on its way. Uses prefetched parcels."""
        return bool(self.shipped_at or self.delivered_at or self.parcels.all())

    @property
    def delivery_words(self) -> str:
        """Which way was chosen and what it promised, as they were when ordered."""
        promised = promise(self.delivery_days_from, self.delivery_days_to)
        return ", ".join(word for word in (self.delivery_name, promised) if word)


class OrderLine(models.Model):
    """One variant of an order. All amounts are minor units of the order's currency.

    gross = quantity × unit_price − discount, VAT included; net = gross − tax.
    """

    brand_order = models.ForeignKey(BrandOrder, models.PROTECT, related_name="lines")
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+")
    title = models.CharField(max_length=200, help_text="as it was when ordered")
    options = models.JSONField(default=list, blank=True)
    withdrawal = models.CharField(max_length=14, default="yes")
    quantity = models.PositiveIntegerField()
    unit_price = models.PositiveBigIntegerField()
    discount = models.PositiveBigIntegerField(default=0)
    tax_bp = models.PositiveIntegerField()
    gross = models.PositiveBigIntegerField()
    tax = models.PositiveBigIntegerField()
    net = models.GeneratedField(
        expression=F("gross") - F("tax"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    fee_bp = models.PositiveIntegerField(null=True, blank=True, help_text="frozen when paid")
    touch = models.TextField(blank=True, help_text="opaque; read by affiliates only")
    external_id = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="the own shop's id of it"
    )
    refunded = models.PositiveBigIntegerField(default=0, help_text="part of net")
    refunded_gross = models.PositiveBigIntegerField(default=0)
    charged_back = models.PositiveBigIntegerField(default=0, help_text="part of net")
    charged_back_gross = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["brand_order", "external_id"],
                condition=~Q(external_id=""),
                name="order_line_external_once",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity"),
            models.CheckConstraint(
                condition=Q(gross=F("quantity") * F("unit_price") - F("discount")),
                name="order_line_gross",
            ),
            models.CheckConstraint(condition=Q(tax__lte=F("gross")), name="order_line_tax"),
            models.CheckConstraint(
                condition=Q(refunded__lte=F("gross") - F("tax") - F("charged_back")),
                name="order_line_not_over_refunded",
            ),
            models.CheckConstraint(
                condition=Q(refunded_gross__lte=F("gross") - F("charged_back_gross")),
                name="order_line_gross_not_over_refunded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def listed(self) -> int:
        """What it cost before the discount."""
        return self.quantity * self.unit_price
