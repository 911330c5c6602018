"""Flags that hold money until a person looked."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RiskFlag(models.Model):
    """Evidence that something may not be authentic; never a verdict by itself."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLEARED = "cleared", pgettext_lazy("flag", "cleared")
        CONFIRMED = "confirmed", _("confirmed")
        LAPSED = "lapsed", _("lifted by itself")

    rule = models.CharField(max_length=32)
    creator = models.ForeignKey(
        "creators.Creator", models.PROTECT, null=True, blank=True, related_name="flags"
    )
    subject = models.CharField(max_length=80, help_text="such as order_line:12")
    evidence = models.JSONField(default=dict)
    evidence_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(max_length=300, blank=True, help_text="of the decision")
    held = models.JSONField(
        default=list, blank=True, help_text="commissions that it held when it was decided"
    )
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "evidence_hash"], name="risk_flag_once"),
        ]
        indexes = [
            models.Index(fields=["opened_at"], name="risk_flag_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.rule} on {self.subject}"
