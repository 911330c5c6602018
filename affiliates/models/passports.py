"""What a creator takes along to another market, and what she brought from one."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class PassportQuerySet(models.QuerySet):
    def live(self, at: datetime) -> Self:
        """Passports that hold at `at`."""
        return self.filter(revoked_at=None, expires_at__gt=at)


class Passport(models.Model):
    """What we signed about one creator, with her consent to each field. Empty once withdrawn."""

    uid = models.UUIDField(unique=True)
    creator = models.ForeignKey("creators.Creator", models.CASCADE, related_name="passports")
    fields = ArrayField(models.CharField(max_length=20), help_text="what she consented to")
    channels = models.ManyToManyField("creators.Channel", related_name="+")
    document = models.TextField(blank=True, help_text="exactly what was signed")
    key_id = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    objects = PassportQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None) & ~Q(document="")
                | Q(revoked_at__isnull=False, document=""),
                name="passport_empty_once_withdrawn",
            )
        ]

    def __str__(self) -> str:
        return f"passport {self.uid}"


class RevokedPassport(models.Model):
    """A passport that no longer holds, by number alone: it outlives who it was about."""

    uid = models.UUIDField(primary_key=True)
    revoked_at = models.DateTimeField()
    until = models.DateTimeField(db_index=True, help_text="when it would have expired")

    def __str__(self) -> str:
        return str(self.uid)


class PassportIssuer(models.Model):
    """Another market whose passports we read. No other address is ever asked."""

    name = models.CharField(max_length=80)
    origin = models.URLField(
        max_length=200, unique=True, help_text="such as https://other.example, without a path"
    )
    keys = models.JSONField(
        default=list, blank=True,
        help_text="its public keys, if they were given to us by hand; empty: those that it publishes",
    )  # fmt: skip
    is_active = models.BooleanField(default=True)
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PassportEvidenceQuerySet(models.QuerySet):
    def live(self, at: datetime) -> Self:
        """What still holds at `at`, and is bound to a channel that is verified here."""
        return self.filter(
            refused="", expires_at__gt=at, issuer__is_active=True,
            channel__verified_at__isnull=False, channel__disconnected_at=None,
        )  # fmt: skip


class PassportEvidence(models.Model):
    """What another market said about a creator. Shown as its word; nothing here is made of it."""

    class Refused(models.TextChoices):
        WITHDRAWN = "withdrawn", _("withdrawn where it was issued")
        KEY = "key", _("its key is no longer published")

    creator = models.ForeignKey("creators.Creator", models.CASCADE, related_name="evidence")
    channel = models.ForeignKey(
        "creators.Channel", models.CASCADE, related_name="+", help_text="by which it is hers"
    )
    issuer = models.ForeignKey(PassportIssuer, models.PROTECT, related_name="evidence")
    uid = models.UUIDField()
    document = models.TextField(help_text="exactly what she brought")
    facts = models.JSONField(help_text="what it says")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    brought_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    refused = models.CharField(max_length=10, choices=Refused, blank=True)
    objects = PassportEvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-id"]
        verbose_name_plural = "passport evidence"
        constraints = [models.UniqueConstraint(fields=["issuer", "uid"], name="evidence_once")]
        indexes = [models.Index(fields=["checked_at"], name="evidence_to_check")]

    def __str__(self) -> str:
        return f"{self.uid} of {self.issuer}"
