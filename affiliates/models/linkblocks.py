"""Links that we switched off: why, who, and until when."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q


class LinkBlockQuerySet(models.QuerySet):
    def standing(self) -> Self:
        return self.filter(lifted_at=None)

    def to_tell(self) -> Self:
        """Those of which the creator was not told that they began, or that they are over."""
        return self.filter(Q(told_at=None) | Q(lifted_at__isnull=False, told_lifted_at=None))


class LinkBlock(models.Model):
    """We switched a link off, and its creator cannot take it again until this is lifted."""

    link = models.ForeignKey("affiliates.Link", models.PROTECT, related_name="blocks")
    reason = models.CharField(max_length=300, help_text="which the creator reads")
    blocked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    blocked_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=300, blank=True, db_default="")
    told_lifted_at = models.DateTimeField(null=True, blank=True)
    objects = LinkBlockQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["link"], condition=Q(lifted_at=None), name="link_block_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="link_block_has_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="link_block_lifted_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="link_block_waits",
                condition=Q(told_at=None) | Q(lifted_at__isnull=False, told_lifted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.link} off since {self.blocked_at:%Y-%m-%d}"
