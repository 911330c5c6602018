"""Channels (a creator's account on a platform) and what was read from them."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from creators.models.creators import Creator


class Platform(models.TextChoices):
    """In the order in which every page shows them."""

    TIKTOK = "tiktok", "TikTok"
    INSTAGRAM = "instagram", "Instagram"
    YOUTUBE = "youtube", "YouTube"
    FACEBOOK = "facebook", "Facebook"


class PlatformStatus(models.Model):
    """How far a platform's review of our app has come."""

    class Status(models.TextChoices):
        SANDBOX = "sandbox", _("sandbox")
        APPROVED = "approved", _("approved")
        OFF = "off", _("off")

    platform = models.CharField(max_length=10, choices=Platform, unique=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.SANDBOX)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "platform statuses"

    def __str__(self) -> str:
        return f"{self.platform}: {self.status}"


class ChannelQuerySet(models.QuerySet):
    def verified(self) -> Self:
        """Channels that are proven to be their creator's, and still connected."""
        return self.filter(verified_at__isnull=False, disconnected_at__isnull=True)


class Channel(models.Model):
    """A creator's account on a platform. Belongs to one creator once verified."""

    class Token(models.TextChoices):
        NONE = "none", _("none")  # checked by hand
        OK = "ok", _("working")
        EXPIRED = "expired", _("expired")
        REVOKED = "revoked", _("revoked")

    creator = models.ForeignKey(Creator, models.CASCADE, related_name="channels")
    platform = models.CharField(max_length=10, choices=Platform)
    external_id = models.CharField(max_length=120, help_text="the platform's id; never reused")
    handle = models.CharField(max_length=80)
    url = models.URLField(max_length=300, blank=True)
    connected_at = models.DateTimeField(auto_now_add=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="last reading tried")
    problem = models.CharField(max_length=40, blank=True, help_text="code of the last failure")
    token_state = models.CharField(max_length=8, choices=Token, default=Token.NONE)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "external_id"],
                condition=Q(verified_at__isnull=False, disconnected_at__isnull=True),
                name="channel_of_one_creator",
            ),
            models.UniqueConstraint(
                fields=["creator", "platform", "external_id"], name="channel_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handle} on {self.get_platform_display()}"


class Reading(models.Model):
    """What a channel's counts were on a day; null where the platform does not say."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="readings")
    day = models.DateField()
    read_at = models.DateTimeField()
    followers = models.PositiveIntegerField(null=True)
    likes = models.PositiveBigIntegerField(null=True)
    views = models.PositiveBigIntegerField(null=True)
    posts = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["channel", "day"], name="reading_once")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.followers} on {self.day}"


class ManualCheck(models.Model):
    """A channel checked by a person: a code in its bio, looked at by an admin."""

    class State(models.TextChoices):
        ASKED = "asked", _("waiting for us")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="manual_checks")
    code = models.CharField(max_length=12)
    screenshot = models.ImageField(upload_to="checks/", blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    followers_seen = models.PositiveIntegerField(null=True, blank=True)
    evidence = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel"], condition=Q(state="asked"), name="manual_check_open_once"
            ),
            models.CheckConstraint(
                condition=Q(state="asked")
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(evidence="")),
                name="manual_check_has_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"check of {self.channel}"
