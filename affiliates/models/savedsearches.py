"""Searches of creators that a brand keeps."""

from django.conf import settings
from django.db import models


class SavedSearch(models.Model):
    """A search of creators that a brand keeps; its saver is mailed when new ones fit."""

    brand = models.ForeignKey("shop.Brand", models.CASCADE, related_name="saved_searches")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=600, blank=True, help_text="of its address")
    filters = models.JSONField(help_text="directory.Filters")
    saved_at = models.DateTimeField()
    looked_at = models.DateTimeField(help_text="who fits until then is not news")
    known = models.BinaryField(
        null=True,
        help_text="bit n: creator n has fitted before; null: as of looked_at, not kept yet",
    )

    class Meta:
        verbose_name_plural = "saved searches"
        constraints = [
            models.UniqueConstraint(fields=["brand", "name"], name="saved_search_name_once"),
        ]
        indexes = [models.Index(fields=["looked_at"], name="saved_search_looked")]

    def __str__(self) -> str:
        return self.name
