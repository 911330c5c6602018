"""Creators that a brand keeps in mind."""

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
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shortlist", "creator"], name="shortlist_entry_once"),
        ]

    def __str__(self) -> str:
        return f"{self.creator} on {self.shortlist}"
