"""Large tables that somebody asked for as a file."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Export(models.Model):
    """One table that is made in the worker for one person: a creator's own, or a brand's."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("ready")
        FAILED = "failed", _("failed")

    class Kind(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    creator = models.ForeignKey("creators.Creator", models.CASCADE, null=True, related_name="+")
    brand = models.ForeignKey("shop.Brand", models.CASCADE, null=True, related_name="+")
    table = models.CharField(max_length=40)
    asked = models.JSONField(default=dict, help_text="the filters of the page")
    kind = models.CharField(max_length=4, choices=Kind)
    language = models.CharField(max_length=5)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    rows_all = models.PositiveIntegerField()
    rows_done = models.PositiveIntegerField(default=0)
    file = models.CharField(max_length=120, blank=True, help_text="its name among private files")
    asked_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="last sign of life of the worker that makes it")
    done_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="when it was mailed")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(creator__isnull=False, brand=None)
                | Q(creator=None, brand__isnull=False),
                name="export_of_one_owner",
            ),
            models.CheckConstraint(
                condition=Q(state="done") & ~Q(file="") & Q(done_at__isnull=False)
                | ~Q(state="done") & Q(file=""),
                name="export_done_has_a_file",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="export_of_user"),
            models.Index(
                fields=["seen_at"],
                name="export_open",
                condition=Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table}.{self.kind} for user {self.user_id}"

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.WAITING, self.State.RUNNING}

    @property
    def percent(self) -> int:
        """How much of it is made; what came in meanwhile does not make it more than all."""
        return min(100, self.rows_done * 100 // max(1, self.rows_all))
