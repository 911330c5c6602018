"""Catalogue files of brands, each reading of one, and what was wrong in it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop.models.brands import Brand


class FeedQuerySet(models.QuerySet):
    def due(self, at: datetime) -> Self:
        """Those whose address is to be read by `at`, or in whose file a sale begins or ends by then."""
        due = Q(next_at__lte=at) | Q(turns_at__lte=at)
        return self.filter(due).order_by("next_at", "turns_at", "id")


class Feed(models.Model):
    """A source of products of one brand: an uploaded file's kind, or an address."""

    class Format(models.TextChoices):
        AUTO = "auto", _("find out")
        SHOPIFY = "shopify", _("Shopify CSV")
        MERCHANT_XML = "merchant_xml", _("Google Merchant XML")
        MERCHANT_TSV = "merchant_tsv", _("Google Merchant TSV")
        WOOCOMMERCE = "woocommerce", _("WooCommerce CSV")
        TABLE = "table", _("another table")

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="feeds")
    name = models.CharField(max_length=120)
    format = models.CharField(max_length=16, choices=Format, default=Format.AUTO)

    class Every(models.IntegerChoices):
        BY_HAND = 0, _("only when you ask")
        HOURS_3 = 3, _("every 3 hours")
        HOURS_12 = 12, _("every 12 hours")
        DAY = 24, _("every day")
        WEEK = 168, _("every week")

    url = models.URLField(max_length=1000, blank=True)
    every_hours = models.PositiveSmallIntegerField(choices=Every, default=Every.BY_HAND)
    next_at = models.DateTimeField(
        null=True, blank=True, help_text="when the address is read next; null: only by hand"
    )
    turns_at = models.DateTimeField(
        null=True, blank=True, help_text="when a sale of its last file begins or ends: read again"
    )
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="readings of the address in a row that were refused"
    )
    told_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="when we mailed that it fails; null: it does not, or not yet",
    )
    language = models.CharField(max_length=5, default="en", help_text="of its reports and mails")
    created_at = models.DateTimeField(auto_now_add=True)
    objects = FeedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="feed_name_once")]
        indexes = [
            models.Index(fields=["next_at"], name="feed_due", condition=Q(next_at__isnull=False)),
            models.Index(
                fields=["turns_at"], name="feed_turn", condition=Q(turns_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.brand}"


class FeedRunQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Those that wait or run, or whose worker is gone."""
        return self.filter(state__in=[FeedRun.State.WAITING, FeedRun.State.RUNNING])


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
    shrink = models.BooleanField(default=False, help_text="it may be much smaller than before")
    asks_shrink = models.BooleanField(
        default=False, help_text="refused only because it is much smaller than before"
    )
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(
        null=True, blank=True, help_text="its last sign of life; it is rung again long after"
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    from_address = models.BooleanField(
        default=False, db_default=False, help_text="its file was fetched from the feed's address"
    )
    wrote_added = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="of `added`: what is in the shop, counted as it is written",
    )
    wrote_changed = models.PositiveIntegerField(default=0, db_default=0)
    wrote_removed = models.PositiveIntegerField(default=0, db_default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    examples = models.JSONField(
        default=dict, blank=True, help_text="some of what was added, changed and removed, by title"
    )
    problem_count = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, help_text="why the whole file was refused")
    objects = FeedRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        indexes = [
            models.Index(
                fields=["id"], name="feed_run_open", condition=Q(state__in=["waiting", "running"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.feed}, {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def written(self) -> int:
        """How many products it has brought into the shop, or changed there."""
        return self.wrote_added + self.wrote_changed

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.WAITING, self.State.RUNNING}


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
