"""Versioned terms, and who accepted which."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Terms(models.Model):
    """One version of the terms of one kind; never edited once in force."""

    class Kind(models.TextChoices):
        CREATOR = "creator", _("for creators")
        BRAND = "brand", _("for brands")
        SHOPPER = "shopper", _("for shoppers")
        SELF_BILLING = "self_billing", _("self-billing agreement")

    kind = models.CharField(max_length=14, choices=Kind)
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    text_nl = models.TextField()
    effective_from = models.DateTimeField()

    class Meta:
        verbose_name_plural = "terms"
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="terms_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"


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
