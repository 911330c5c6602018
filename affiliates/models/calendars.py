"""Secret addresses of calendars."""

from django.db import models
from django.db.models import Q


class CalendarFeed(models.Model):
    """The address at which a calendar reads the dates of a creator, or of a brand for a member.

    Only a hash of the secret is kept; a new address makes the old one worthless, and whoever
    leaves a brand's team loses hers.
    """

    creator = models.OneToOneField(
        "creators.Creator", models.CASCADE, null=True, blank=True, related_name="calendar"
    )
    membership = models.OneToOneField(
        "shop.Membership", models.CASCADE, null=True, blank=True, related_name="calendar"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    language = models.CharField(max_length=5, default="en", db_default="en")
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(creator=None, membership__isnull=False)
                | Q(creator__isnull=False, membership=None),
                name="calendar_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"calendar of {self.creator or self.membership}"
