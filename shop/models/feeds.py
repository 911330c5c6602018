"""Catalogue files of brands, each reading of one, and what was wrong in it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.models.brands import Brand


class Feed(models.Model):
    """A source of products of one brand: an uploaded file's kind, or an address."""

    class Format(models.TextChoices):
        AUTO = "auto", _("find out")
        SHOPIFY = "shopify", _("Shopify CSV")
        MERCHANT_XML = "merchant_xml", _("Google Merchant XML")
        MERCHANT_TSV = "merchant_tsv", _("Google Merchant TSV")
        WOOCOMMERCE = "woocommerce", _("WooCommerce CSV")

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="feeds")
    name = models.CharField(max_length=120)
    format = models.CharField(max_length=16, choices=Format, default=Format.AUTO)
    url = models.URLField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="feed_name_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.brand}"


class FeedRun(models.Model):
    """One reading of a feed."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("imported")
        PREVIEW = "preview", _("preview")
        REFUSED = "refused", _("refused")  # nothing of it was taken over

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="runs")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    format = models.CharField(max_length=16, blank=True)
    file = models.FileField(upload_to="feeds/", blank=True)
    dry_run = models.BooleanField(default=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    problem_count = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, help_text="why the whole file was refused")

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.feed}, {self.started_at:%Y-%m-%d %H:%M}"


class FeedProblem(models.Model):
    """One row, or one field of it, that was not taken over, and why."""

    run = models.ForeignKey(FeedRun, models.CASCADE, related_name="problems")
    line = models.PositiveIntegerField(help_text="line of the file, from 1")
    field = models.CharField(max_length=80, blank=True)
    value = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["line", "id"]

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.reason}"
