"""Products sent to creators for free: a contract with clocks on both sides."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SampleQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Samples of which somebody still owes something."""
        return self.filter(closed_at=None)

    def silent(self, at: datetime) -> Self:
        """Open samples whose clock ran out before anybody acted."""
        return self.open().filter(act_by__lte=at)


class SampleRequest(models.Model):
    """A product sent to a creator for free, with clocks on both sides."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        DECLINED = "declined", _("declined")
        ACCEPTED = "accepted", _("accepted")
        SHIPPED = "shipped", _("shipped")
        DELIVERED = "delivered", _("delivered")
        POSTED = "posted", _("posted")
        CLOSED = "closed", _("closed")
        LAPSED = "lapsed", _("lapsed")

    class Content(models.TextChoices):
        VIDEO = "video", _("a video")
        PHOTOS = "photos", _("a post with photos")
        LIVE = "live", _("a live of ten minutes or more")

    class Check(models.TextChoices):
        API = "api", _("the platform's own API shows it")
        OEMBED = "oembed", _("the platform's public answer names her channel")
        BRAND = "brand", _("the brand confirmed it")
        SILENCE = "silence", _("the brand did not answer in time")

    class Excuse(models.TextChoices):
        LOST = "lost", _("it never arrived")
        DEFECTIVE = "defective", _("it arrived broken")
        WITHDRAWN = "withdrawn", _("taken back before it was sent")
        DISPUTED = "disputed", _("they did not agree about the post")

    class Side(models.TextChoices):
        BRAND = "brand", _("the brand")
        CREATOR = "creator", _("the creator")

    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="samples")
    collaboration = models.ForeignKey(
        "affiliates.Collaboration", models.PROTECT, related_name="samples"
    )
    variant = models.ForeignKey("shop.Variant", models.PROTECT, related_name="+")
    channel = models.ForeignKey(
        "creators.Channel", models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="where she promised to post",
    )  # fmt: skip
    content = models.CharField(
        max_length=8, choices=Content, default=Content.VIDEO, db_default=Content.VIDEO
    )
    value = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="its price when asked for, minor units of `currency`"
    )
    currency = models.CharField(max_length=3, default="EUR", db_default="EUR")
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    message = models.TextField(blank=True, max_length=1000)
    address = models.JSONField(default=dict, help_text="erased when closed")
    tracking = models.CharField(max_length=120, blank=True, db_default="")
    post_url = models.URLField(max_length=500, blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    posted_at = models.DateTimeField(null=True, blank=True)
    act_by = models.DateTimeField(help_text="until when the side whose turn it is must act")
    extended = models.BooleanField(default=False)
    refusals = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="how often the brand said that this is not the post"
    )
    checked_by = models.CharField(max_length=8, choices=Check, blank=True, db_default="")
    excuse = models.CharField(max_length=10, choices=Excuse, blank=True, db_default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    lapsed_side = models.CharField(max_length=8, choices=Side, blank=True)
    objects = SampleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["creator", "variant"],
                condition=Q(closed_at=None),
                name="sample_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["declined", "closed", "lapsed"], closed_at__isnull=False)
                | (
                    ~Q(state__in=["declined", "closed", "lapsed"])
                    & Q(closed_at__isnull=True, excuse="", lapsed_side="")
                ),
                name="sample_closed_when_over",
            ),
            models.CheckConstraint(
                condition=~Q(state="lapsed") | Q(lapsed_side__in=["brand", "creator"]),
                name="sample_lapsed_by_a_side",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed")
                | (~Q(checked_by="") & ~Q(post_url=""))
                | ~Q(excuse=""),
                name="sample_closed_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["act_by"], name="sample_clock", condition=Q(closed_at=None)),
            models.Index(fields=["creator", "-id"], name="sample_of_creator"),
        ]

    def __str__(self) -> str:
        return f"sample of {self.variant} for {self.creator}"

    @property
    def is_kept(self) -> bool:
        """Whether she posted what she promised."""
        return self.state == self.State.CLOSED and not self.excuse

    @property
    def is_arrival_assumed(self) -> bool:
        """Whether it counts as arrived only because she was silent: then it may still be lost."""
        return self.state == self.State.DELIVERED and (
            not self.events.filter(kind="delivered").exists()
        )


class SampleEvent(models.Model):
    """One step of a sample, in order; `tells` until the other side was mailed."""

    sample = models.ForeignKey(SampleRequest, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16)
    side = models.CharField(
        max_length=8, choices=SampleRequest.Side, blank=True, help_text="who did it; empty: a clock"
    )
    text = models.TextField(blank=True, max_length=1000)
    at = models.DateTimeField()
    act_by = models.DateTimeField(
        null=True, blank=True, help_text="of a reminder: the clock that it is about"
    )
    tells = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sample", "kind", "act_by"],
                condition=Q(act_by__isnull=False),
                name="sample_reminder_once",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="sample_event_untold", condition=Q(tells=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of sample {self.sample_id}"
