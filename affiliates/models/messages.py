"""What a brand and a creator write to each other."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q


class Thread(models.Model):
    """All that one brand and one creator wrote to each other, and who wants no more of it."""

    brand = models.ForeignKey("shop.Brand", models.PROTECT, related_name="threads")
    creator = models.ForeignKey("creators.Creator", models.CASCADE, related_name="threads")
    started_by_brand = models.BooleanField(
        null=True, help_text="empty: one blocked the other before anybody wrote"
    )
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text="when the side that did not start it first wrote"
    )
    last_at = models.DateTimeField(help_text="of the newest message")
    blocked_by_brand_at = models.DateTimeField(null=True, blank=True)
    blocked_by_creator_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "creator"], name="thread_once"),
        ]
        indexes = [
            models.Index(fields=["creator", "-last_at"], name="thread_of_creator"),
            models.Index(fields=["brand", "-last_at"], name="thread_of_brand"),
        ]

    def __str__(self) -> str:
        return f"{self.brand} and {self.creator}"

    @property
    def is_blocked(self) -> bool:
        return bool(self.blocked_by_brand_at or self.blocked_by_creator_at)


class MessageQuerySet(models.QuerySet):
    def shown(self) -> Self:
        """Messages that nobody took down."""
        return self.filter(hidden_at=None)

    def unread_by_brand(self) -> Self:
        return self.shown().filter(read_at=None, from_brand=False)

    def unread_by_creator(self) -> Self:
        return self.shown().filter(read_at=None, from_brand=True)


class Message(models.Model):
    """Plain text from a brand to a creator, or back."""

    brand = models.ForeignKey("shop.Brand", models.PROTECT, related_name="messages")
    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    from_brand = models.BooleanField()
    text = models.TextField(max_length=2000)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(
        null=True, blank=True, help_text="when a report about it was upheld"
    )
    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["creator", "brand", "-sent_at"], name="message_thread"),
            models.Index(fields=["sent_at"], name="message_unread", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class MessageDigest(models.Model):
    """When somebody was last mailed of what she has not read: once a day at the most."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"digest of {self.sent_at:%Y-%m-%d} to {self.user}"
