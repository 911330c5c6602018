"""What a brand sells: products, their variants, pictures and taxes."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shop.models.brands import Brand, SellsAt, TaxClass
from shop.models.prices import VariantQuerySet

LARGE_ENDING, SMALL_ENDING = "-l.webp", "-s.webp"  # of the two files of a picture


class Category(models.Model):
    """A shelf of the shop, with what its products must tell."""

    slug = models.SlugField(unique=True, max_length=60)
    name = models.CharField(max_length=80)
    name_nl = models.CharField(max_length=80)
    art = models.CharField(max_length=16, default="bag", help_text="placeholder drawing")
    required_details = models.JSONField(
        default=list, blank=True, help_text="keys that Product.details must hold to be active"
    )
    tax_class = models.CharField(
        max_length=10, choices=TaxClass, blank=True, help_text="empty: that of the brand"
    )
    is_blocked = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the language of the page."""
        return self.name_nl if (get_language() or "en").startswith("nl") else self.name


class ProductQuerySet(models.QuerySet):
    def on_sale(self) -> Self:
        """Products that a shopper may see: active, of an active brand, on a shelf that is open."""
        return self.filter(
            status=Product.Status.ACTIVE,
            brand__status=Brand.Status.ACTIVE,
            category__is_blocked=False,
        )


class Product(models.Model):
    """One thing that a brand offers, in one or more variants."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")  # something that we must know is missing
        ACTIVE = "active", _("active")
        ARCHIVED = "archived", _("archived")

    class Withdrawal(models.TextChoices):
        YES = "yes", _("can be returned within the return period")
        PERISHABLE = "perishable", _("perishable, cannot be returned")
        SEALED = "sealed", _("sealed for hygiene, cannot be returned once opened")
        DATED_SERVICE = "dated_service", _("service on a date, cannot be returned")
        CUSTOM = "custom", _("made to order, cannot be returned")

    brand = models.ForeignKey(Brand, models.PROTECT, related_name="products")
    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="products")
    slug = models.SlugField(max_length=120)
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), blank=True, help_text="sanitised HTML")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    missing = models.JSONField(default=list, blank=True, help_text="why it is still a draft")
    hidden_at = models.DateTimeField(
        null=True, blank=True, help_text="since when we keep it off the shop, after a report"
    )
    currency = models.CharField(max_length=3, default="EUR")
    sells_at = models.CharField(max_length=10, choices=SellsAt, default=SellsAt.HERE)
    own_shop_url = models.URLField(max_length=500, blank=True)
    tax_class = models.CharField(
        max_length=10,
        choices=TaxClass,
        default=TaxClass.STANDARD,
        blank=True,
        help_text="empty: nobody has said yet, so it stays a draft",
    )
    withdrawal = models.CharField(max_length=14, choices=Withdrawal, default=Withdrawal.YES)
    external_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    feed = models.ForeignKey("shop.Feed", models.SET_NULL, null=True, blank=True)
    feed_digest = models.CharField(
        max_length=64,
        blank=True,
        help_text="of what the feed last said; unchanged rows are skipped",
    )
    details = models.JSONField(default=dict, blank=True, help_text="what its category requires")
    price_from = models.PositiveBigIntegerField(
        null=True, help_text="lowest price of an active variant; kept by products.refresh()"
    )
    in_stock = models.BooleanField(default=False, help_text="kept by products.refresh()")
    search = SearchVectorField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "slug"], name="product_slug_once"),
            models.UniqueConstraint(fields=["brand", "external_id"], name="product_external_once"),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(category__isnull=False, price_from__isnull=False),
                name="product_active_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="product_currency"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-created_at", "-id"], name="product_newest", condition=Q(status="active")
            ),
            models.Index(
                fields=["category", "-created_at", "-id"],
                name="product_shelf",
                condition=Q(status="active"),
            ),
            models.Index(
                fields=["price_from", "id"], name="product_by_price", condition=Q(status="active")
            ),
            models.Index(
                fields=["category", "price_from", "id"],
                name="product_shelf_by_price",
                condition=Q(status="active"),
            ),
            models.Index(
                fields=["brand", "-created_at", "-id"],
                name="product_of_brand",
                condition=Q(status="active"),
            ),
            models.Index(fields=["id"], name="product_beside", condition=Q(sells_at="beside")),
            GinIndex("search", name="product_search"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        before, between, after = _address()
        return f"{before}{self.brand.slug}{between}{self.slug}{after}"


@cache
def _address() -> list[str]:
    """Return what stands around the two slugs in a product's address: a page shows it many times."""
    return reverse("shop:product", args=["--0", "--0"]).split("--0")


class Variant(models.Model):
    """What is bought: one size, colour or set of a product, with its price and stock."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    brand = models.ForeignKey(Brand, models.PROTECT, related_name="+")
    sku = models.CharField(max_length=120)
    options = models.JSONField(default=list, blank=True, help_text='[["Size", "M"]]')
    price = models.PositiveBigIntegerField(help_text="minor units of product.currency, with VAT")
    priced_at = models.DateTimeField(
        db_default=Now(),
        editable=False,
        help_text="since when it has this price; kept by a trigger",
    )
    compare_at = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="the brand's word; shoppers see `with_before` instead"
    )
    content = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="such as `500 g`, for the price per kilogram or litre",
    )
    stock = models.PositiveIntegerField(
        null=True, blank=True, help_text="on hand, reserved ones included; null: unlimited"
    )
    reserved = models.PositiveIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    picture = models.ForeignKey(
        "shop.Image", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "sku"], name="variant_sku_once"),
            models.CheckConstraint(condition=Q(price__gt=0), name="variant_price_positive"),
            models.CheckConstraint(
                condition=Q(stock__isnull=True) | Q(stock__gte=F("reserved")),
                name="variant_stock_covers_reserved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.label}".strip()

    @property
    def label(self) -> str:
        """The options in one line: `M, green`."""
        return ", ".join(value for _name, value in self.options)

    @property
    def available(self) -> int | None:
        """How many may still be bought; None: unlimited."""
        return None if self.stock is None else self.stock - self.reserved


class ImageQuerySet(models.QuerySet):
    def shown(self) -> Self:
        """Pictures that lie with us; a foreign address is never put into a page."""
        return self.exclude(file="")

    def due(self, at: datetime) -> Self:
        """Pictures to fetch by `at`, the first one of each product before all second ones."""
        rows = self.filter(file="", next_try_at__lte=at)
        return rows.exclude(product__status=Product.Status.ARCHIVED).order_by(
            "position", "next_try_at", "id"
        )

    def failed(self) -> Self:
        """Pictures that we could not get, whether or not we ask again."""
        return self.filter(file="").exclude(problem="")


class Image(models.Model):
    """A picture of a product: made anew from an upload, or from an address that a feed named."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="images")
    file = models.ImageField(
        upload_to="pictures/", blank=True, help_text="the large one; named after its content"
    )
    width = models.PositiveSmallIntegerField(null=True, blank=True, help_text="pixels of `file`")
    height = models.PositiveSmallIntegerField(null=True, blank=True)
    source_url = models.URLField(max_length=1000, blank=True, help_text="empty: uploaded by hand")
    alt = models.CharField(_("what it shows"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(
        max_length=40, blank=True, help_text="why the last attempt failed: a code of pictures.WHY"
    )
    next_try_at = models.DateTimeField(
        null=True, blank=True, default=timezone.now, help_text="null: we do not ask (again)"
    )
    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(file="") | ~Q(source_url=""), name="image_has_source"
            ),
        ]
        indexes = [
            models.Index(
                fields=["position", "next_try_at", "id"],
                name="image_to_fetch",
                condition=Q(file="", next_try_at__isnull=False),
            ),
            models.Index(fields=["file"], name="image_of_file", condition=~Q(file="")),
        ]

    def __str__(self) -> str:
        return self.alt or f"picture {self.position} of {self.product}"

    @cached_property
    def large_url(self) -> str:
        return self.file.url

    @cached_property
    def small_url(self) -> str:
        """The narrow one, which lies beside the large one."""
        return self.large_url.replace(LARGE_ENDING, SMALL_ENDING)


class TaxRate(models.Model):
    """The VAT of one tax class in one country from a date on."""

    country = models.CharField(max_length=2)
    tax_class = models.CharField(max_length=10, choices=TaxClass)
    rate_bp = models.PositiveIntegerField()
    effective_from = models.DateField()
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "tax_class", "effective_from"], name="tax_rate_once"
            ),
            models.CheckConstraint(condition=Q(rate_bp__lt=10_000), name="tax_rate_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.tax_class} {self.rate_bp} bp from {self.effective_from}"

    @classmethod
    def on(cls, country: str, tax_class: str, day: date) -> int | None:
        """Return the rate in basis points that holds on `day`, or None if unknown."""
        return (
            cls.objects.filter(country=country, tax_class=tax_class, effective_from__lte=day)
            .order_by("-effective_from")
            .values_list("rate_bp", flat=True)
            .first()
        )

    @classmethod
    def of_products(cls, day: date) -> Subquery:
        """Return the rate of each product of a query, in its brand's country, on `day`."""
        newest = cls.objects.filter(
            country=OuterRef("brand__country"),
            tax_class=OuterRef("tax_class"),
            effective_from__lte=day,
        ).order_by("-effective_from")
        return Subquery(newest.values("rate_bp")[:1])
