"""Creators that a brand keeps in mind, and what both wrote to each other."""

from django.conf import settings
from django.db import models


class Shortlist(models.Model):
    """A named list of creators of one brand."""

    brand = models.ForeignKey("shop.Brand", models.CASCADE, related_name="shortlists")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "name"], name="shortlist_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ShortlistEntry(models.Model):
    """One creator on a shortlist."""

    shortlist = models.ForeignKey(Shortlist, models.CASCADE, related_name="entries")
    creator = models.ForeignKey("creators.Creator", models.CASCADE, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shortlist", "creator"], name="shortlist_entry_once"),
        ]

    def __str__(self) -> str:
        return f"{self.creator} on {self.shortlist}"


class Message(models.Model):
    """Plain text from a brand to a creator, or back."""

    brand = models.ForeignKey("shop.Brand", models.PROTECT, related_name="messages")
    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    from_brand = models.BooleanField()
    text = models.TextField(max_length=2000)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["creator", "brand", "-sent_at"], name="message_thread")]

    def __str__(self) -> str:
        return f"message {self.pk}"
