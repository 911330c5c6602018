"""Versioned terms, who was told of a new version, and who accepted which."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

NOTICE_DAYS = 15  # EU regulation 2019/1150, art. 3(2)


class TermsQuerySet(models.QuerySet):
    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def in_force(self, at: datetime) -> Self:
        """Published versions that had begun at `at`, the newest first."""
        return self.published().filter(effective_from__lte=at).order_by("-version")


class Terms(models.Model):
    """One version of the terms of one kind.

    A database trigger refuses to change or delete it once published.
    """

    class Kind(models.TextChoices):
        CREATOR = "creator", _("for creators")
        BRAND = "brand", _("for brands")
        SHOPPER = "shopper", _("for shoppers")
        SELF_BILLING = "self_billing", _("self-billing agreement")

    kind = models.CharField(max_length=14, choices=Kind)
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    text_nl = models.TextField()
    note = models.CharField(max_length=300, blank=True, help_text="what changes, in a sentence")
    note_nl = models.CharField(max_length=300, blank=True)
    effective_from = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    objects = TermsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "terms"
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="terms_once"),
            models.CheckConstraint(
                condition=Q(version=1)
                | Q(published_at=None)
                | Q(effective_from__gte=F("published_at") + timedelta(days=NOTICE_DAYS)),
                name="terms_announced_in_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"

    @property
    def words(self) -> str:
        """The text in the language of the page."""
        return self.text_nl if (get_language() or "en").startswith("nl") else self.text

    @property
    def change(self) -> str:
        """What changed with it, in the language of the page."""
        dutch = (get_language() or "en").startswith("nl")
        return (self.note_nl if dutch else self.note) or self.note


class TermsNotice(models.Model):
    """Somebody was told of a new version."""

    terms = models.ForeignKey(Terms, models.PROTECT, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["terms", "user"], name="terms_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} told of {self.terms}"


class Acceptance(models.Model):
    """Somebody agreed to one version of the terms at a moment."""

    terms = models.ForeignKey(Terms, models.PROTECT, related_name="acceptances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    brand = models.ForeignKey("shop.Brand", models.PROTECT, null=True, blank=True)
    order = models.ForeignKey("shop.Order", models.PROTECT, null=True, blank=True)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) | models.Q(order__isnull=False),
                name="acceptance_has_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.order} accepted {self.terms}"
