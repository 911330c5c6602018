"""Outgoing webhooks: who hears what, and each message with what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.sealed import SealedTextField
from shop.models import Membership

ONE_OWNER = Q(brand__isnull=False, creator__isnull=True) | Q(
    brand__isnull=True, creator__isnull=False
)


class EndpointQuerySet(models.QuerySet):
    def with_keeper(self) -> Self:
        """Endpoints with `is_kept`: whether they hear anything, as far as their keeper goes."""
        owns = Membership.objects.owners().filter(user=OuterRef("kept_by"), brand=OuterRef("brand"))
        return self.annotate(is_kept=Q(brand=None) | Exists(owns))


class Endpoint(models.Model):
    """An address that hears what happens; its messages are signed with its own secret.

    A brand's hears while `kept_by` is an owner of the brand: who added it, or took it over.
    """

    class State(models.TextChoices):
        ON = "on", pgettext_lazy("endpoint", "on")
        PAUSED = "paused", _("paused: it did not answer")  # messages are kept as dead letters
        OFF = "off", pgettext_lazy("endpoint", "off")  # nothing is kept

    brand = models.ForeignKey(
        "shop.Brand", models.CASCADE, null=True, blank=True, related_name="endpoints"
    )
    creator = models.ForeignKey(
        "creators.Creator", models.CASCADE, null=True, blank=True, related_name="endpoints"
    )
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    url = models.CharField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=24), help_text="what it hears")
    state = models.CharField(max_length=6, choices=State, default=State.ON)
    secret = SealedTextField()
    old_secret = SealedTextField(blank=True, default="")
    old_until = models.DateTimeField(null=True, blank=True, help_text="signs too until then")
    failing_since = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    served_at = models.DateTimeField(null=True, blank=True, help_text="when it was last asked")
    paused_at = models.DateTimeField(null=True, blank=True)
    tells = models.BooleanField(
        default=False, db_default=False, help_text="it was paused, and its owner is not mailed yet"
    )
    created_at = models.DateTimeField()
    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=ONE_OWNER, name="endpoint_one_owner"),
            models.CheckConstraint(
                condition=~Q(state="paused") | Q(paused_at__isnull=False),
                name="endpoint_paused_has_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="endpoint_untold", condition=Q(tells=True)),
        ]

    def __str__(self) -> str:
        return self.url


class DeliveryQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        return self.filter(state=Delivery.State.WAITING)

    def dead(self) -> Self:
        """Letters that nobody took, which may be sent again by hand."""
        return self.filter(state=Delivery.State.DEAD)

    def old(self, before: datetime) -> Self:
        return self.filter(created_at__lt=before)


class Delivery(models.Model):
    """One message to one endpoint, written in the transaction of what it tells (an outbox).

    `name` makes it once: `commission.born:81`. `subject` is what it is about: of two messages
    about one subject the second waits for the first.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waits")
        DELIVERED = "delivered", _("delivered")
        DEAD = "dead", _("not delivered")

    uid = models.UUIDField(unique=True, help_text="webhook-id, the same at each try")
    endpoint = models.ForeignKey(
        Endpoint, models.CASCADE, related_name="deliveries", db_index=False
    )
    kind = models.CharField(max_length=24)
    name = models.CharField(max_length=64)
    subject = models.CharField(max_length=40)
    data = models.JSONField()
    created_at = models.DateTimeField(help_text="when it happened")
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True, help_text="of what waits")
    done_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP, last try")
    note = models.CharField(max_length=16, blank=True, help_text="a code of deliveries.WHY")
    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "name"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", next_at__isnull=False)
                | (~Q(state="waiting") & Q(next_at__isnull=True)),
                name="delivery_waits_for_a_moment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_at", "id"],
                name="delivery_due",
                condition=Q(state="waiting"),
            ),
            models.Index(
                fields=["endpoint", "subject", "id"],
                name="delivery_in_order",
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["endpoint", "-id"], name="delivery_newest"),
            models.Index(fields=["created_at"], name="delivery_by_age"),
        ]

    def __str__(self) -> str:
        return self.name
