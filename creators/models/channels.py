"""Channels (a creator's account on a platform) and what was read from them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Func, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from config.lib.privatefiles import private_files
from creators.models.creators import Creator

ANSWER_WITHIN = timedelta(hours=24)


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
    rest_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="it asked us to wait: no reading before"
    )

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


class ManualCheckQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Checks that nobody has decided."""
        return self.filter(state=ManualCheck.State.ASKED)

    def placed(self) -> Self:
        """With `before`: how many of those that wait were asked for earlier."""
        earlier = ManualCheck.objects.waiting().filter(
            Q(asked_at__lt=OuterRef("asked_at"))
            | Q(asked_at=OuterRef("asked_at"), pk__lt=OuterRef("pk"))
        )
        counted = earlier.order_by().annotate(n=Func("pk", function="count")).values("n")
        return self.annotate(before=Coalesce(Subquery(counted), 0))

    def drop_pictures(self) -> int:
        """Delete the screenshots once this is committed; the words of the evidence stay."""
        names = [name for name in self.values_list("screenshot", flat=True) if name]
        self.exclude(screenshot="").update(screenshot="")
        for name in names:
            transaction.on_commit(partial(private_files().delete, name))
        return len(names)


class ManualCheck(models.Model):
    """A channel checked by a person: a code in its bio, looked at by an admin."""

    class State(models.TextChoices):
        ASKED = "asked", _("waiting for us")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="manual_checks")
    code = models.CharField(max_length=12)
    screenshot = models.ImageField(upload_to="checks/", storage=private_files, blank=True)
    screenshot_sha256 = models.CharField(max_length=64, blank=True)  # of what was looked at; stays
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    followers_seen = models.PositiveIntegerField(null=True, blank=True)
    evidence = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    automated = models.BooleanField(
        default=False, db_default=False, help_text="the platform's own API showed the code"
    )
    looked_at = models.DateTimeField(null=True, blank=True, help_text="last asked of the API")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    objects = ManualCheckQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel"], condition=Q(state="asked"), name="manual_check_open_once"
            ),
            models.CheckConstraint(
                condition=Q(state="asked")
                | (
                    (Q(decided_by__isnull=False) | Q(automated=True))
                    & Q(decided_at__isnull=False)
                    & ~Q(evidence="")
                ),
                name="manual_check_has_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"check of {self.channel}"

    @property
    def answer_by(self) -> datetime:
        """When we have promised to have looked."""
        return self.asked_at + ANSWER_WITHIN
