"""Keys to the API, of a brand or a creator."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q

from affiliates.models.endpoints import ONE_OWNER
from shop.models import Membership


class ApiTokenQuerySet(models.QuerySet):
    def live(self, at: datetime) -> Self:
        """Tokens that open something at `at`."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)

    def with_maker(self) -> Self:
        """Tokens with `is_owners`: whether who made it is an owner of the brand."""
        owns = Membership.objects.owners().filter(user=OuterRef("made_by"), brand=OuterRef("brand"))
        return self.select_related("made_by").annotate(is_owners=Exists(owns))


class ApiToken(models.Model):
    """One key to the API; it is shown once, and only its hash is kept."""

    brand = models.ForeignKey(
        "shop.Brand", models.CASCADE, null=True, blank=True, related_name="api_tokens"
    )
    creator = models.ForeignKey(
        "creators.Creator", models.CASCADE, null=True, blank=True, related_name="api_tokens"
    )
    name = models.CharField(max_length=60)
    start = models.CharField(max_length=12, help_text="its first characters, to know it by")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token")
    scopes = ArrayField(models.CharField(max_length=24), help_text="such as products:read")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="to the minute")
    revoked_at = models.DateTimeField(null=True, blank=True)
    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=ONE_OWNER, name="api_token_one_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"
