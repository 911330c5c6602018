"""Corrections of the books by hand: one admin proposes, another decides."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Adjustment(models.Model):
    """One correction, with its reason and the two people; its facts never change.

    amount is minor units of `currency`: of a correction signed (below zero takes from the
    creator), else above zero.
    """

    class Kind(models.TextChoices):
        CORRECTION = "correction", _("correction of a commission, borne by the brand")
        GOODWILL = "goodwill", _("goodwill, borne by Thousand")
        WRITE_OFF = "write_off", _("write-off of a brand's debt, borne by Thousand")
        TOP_UP = "topup_bank", _("top-up by bank transfer")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waits for another admin")
        APPROVED = "approved", _("approved and booked")
        REFUSED = "refused", _("refused")

    kind = models.CharField(max_length=10, choices=Kind)
    brand = models.ForeignKey("shop.Brand", models.PROTECT, related_name="adjustments")
    creator = models.ForeignKey(
        "creators.Creator",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="adjustments",
        help_text="who gets or gives it; empty: the brand alone",
    )
    amount = models.BigIntegerField(help_text="minor units, such as 500 for €5.00")
    currency = models.CharField(max_length=3, default="EUR")
    reason = models.CharField(max_length=300)
    reference = models.CharField(
        max_length=64, blank=True, help_text="the bank's, of a top-up by bank transfer"
    )
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=300, blank=True, help_text="why so decided")
    commission = models.OneToOneField(
        "affiliates.Commission", models.PROTECT, null=True, blank=True, related_name="adjustment"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="")
                & (
                    (Q(kind="correction", creator__isnull=False) & ~Q(amount=0))
                    | Q(kind="goodwill", amount__gt=0)
                    | Q(kind__in=["write_off", "topup_bank"], creator__isnull=True, amount__gt=0)
                ),
                name="adjustment_kind_facts",
            ),
            models.CheckConstraint(
                condition=~Q(kind="topup_bank") | ~Q(reference=""), name="top_up_names_transfer"
            ),
            models.UniqueConstraint(
                fields=["reference"],
                condition=Q(kind="topup_bank") & ~Q(state="refused"),
                name="bank_transfer_once",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by__isnull=True)
                | (~Q(state="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="adjustment_decided_has_who",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="adjustment_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency} ({self.state})"
