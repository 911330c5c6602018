"""A shop elsewhere that keeps the stock of what its brand sells here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from config.lib.sealed import SealedTextField
from shop.models.catalogue import Variant
from shop.models.integrations import Integration
from shop.models.orders import BrandOrder
from shop.models.payments import Refund

FRESH_FOR = timedelta(hours=24)  # what is older is not sold


class StockroomQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Those whose shop we may ask."""
        return self.filter(off_at=None).exclude(integration__state=Integration.State.OFF)

    def due(self, at: datetime) -> Self:
        """Those whose stock is to be read again by `at`."""
        return self.open().filter(next_read_at__lte=at).order_by("next_read_at")


class Stockroom(models.Model):
    """Where a brand keeps its stock: the keys to its shop's API, and how far its set-up came."""

    integration = models.OneToOneField(Integration, models.PROTECT, related_name="stockroom")
    address = models.CharField(max_length=200, help_text="where its API begins, without a slash")
    key = models.CharField(max_length=120, blank=True, help_text="client ID or consumer key")
    key_secret = SealedTextField(blank=True, default="")
    token = SealedTextField(blank=True, default="", help_text="what the keys were exchanged for")
    token_until = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True, help_text="a test order went there")
    told_at = models.DateTimeField(null=True, blank=True, help_text="last signed word of stock")
    read_at = models.DateTimeField(null=True, blank=True, help_text="last time all of it was read")
    green_at = models.DateTimeField(null=True, blank=True, help_text="since when it may sell")
    off_at = models.DateTimeField(null=True, blank=True, help_text="disconnected: no keys")
    next_read_at = models.DateTimeField(null=True, blank=True)
    cursor = models.CharField(max_length=500, blank=True, help_text="where reading goes on")
    begun_at = models.DateTimeField(null=True, blank=True, help_text="when this reading began")
    failures = models.PositiveSmallIntegerField(default=0, help_text="of readings in a row")
    problem = models.CharField(max_length=300, blank=True, help_text="a note of ownshops.words")
    warned_at = models.DateTimeField(
        null=True, blank=True, help_text="when the team was told that it does not answer"
    )
    connected_at = models.DateTimeField()
    objects = StockroomQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(green_at=None)
                | Q(tested_at__isnull=False, told_at__isnull=False, read_at__isnull=False),
                name="stockroom_green_is_proven",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_read_at"], name="stockroom_to_read", condition=Q(off_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def is_open(self) -> bool:
        return self.off_at is None and self.integration.state != Integration.State.OFF

    @property
    def sells(self) -> bool:
        """Whether its stock may be sold from, if it is fresh."""
        return self.is_open and self.green_at is not None


class StockedQuerySet(models.QuerySet):
    def fresh(self, at: datetime) -> Self:
        """Those that may be sold at `at`: known for less than a day, of a shop that is proven."""
        rows = self.filter(seen_at__gt=at - FRESH_FOR, stockroom__off_at=None)
        rows = rows.filter(stockroom__green_at__isnull=False)
        return rows.exclude(stockroom__integration__state=Integration.State.OFF)


class Stocked(models.Model):
    """One variant whose stock lies in a shop elsewhere, and what was last heard of it."""

    variant = models.OneToOneField(Variant, models.CASCADE, related_name="stocked")
    stockroom = models.ForeignKey(Stockroom, models.CASCADE, related_name="stocked")
    external_id = models.CharField(max_length=64, help_text="the variant there")
    parent_id = models.CharField(max_length=64, blank=True, help_text="its product there")
    item_id = models.CharField(max_length=64, blank=True, help_text="its stock item there")
    levels = models.JSONField(
        default=dict, help_text="by place: [pieces or null, changed there at, counts for us]"
    )
    seen_at = models.DateTimeField(help_text="until when we know that this was the stock")
    objects = StockedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["stockroom", "external_id"], name="stocked_of_variant"),
            models.Index(fields=["stockroom", "item_id"], name="stocked_of_item"),
        ]

    def __str__(self) -> str:
        return f"{self.variant} in {self.stockroom}"

    def is_fresh(self, at: datetime) -> bool:
        return self.stockroom.sells and self.seen_at > at - FRESH_FOR


class OrderPushQuerySet(models.QuerySet):
    def due(self, at: datetime) -> Self:
        """What is to be told to a shop by `at`, the longest waiting first."""
        return self.filter(state=OrderPush.State.WAITING, next_try_at__lte=at).order_by(
            "next_try_at", "id"
        )

    def to_look(self, at: datetime) -> Self:
        """Sales that got there and of which to ask, by `at`, what was sent."""
        rows = self.filter(state=OrderPush.State.SENT, refund=None, next_look_at__lte=at)
        rows = rows.filter(stockroom__off_at=None)
        return rows.exclude(stockroom__integration__state=Integration.State.OFF)

    def untold(self) -> Self:
        """Those that did not get there and whose brand was not told so by mail."""
        return self.filter(state=OrderPush.State.DEAD, mailed_at=None)

    def of(self, brand_id: int) -> Self:
        return self.filter(brand_order__brand=brand_id)


class OrderPush(models.Model):
    """A sale, or what of it was given back, that is to be told to the shop with the stock."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("push", "waiting")
        SENT = "sent", pgettext_lazy("push", "there")
        DEAD = "dead", pgettext_lazy("push", "did not get there")
        DROPPED = "dropped", pgettext_lazy("push", "not needed any more")

    brand_order = models.ForeignKey(BrandOrder, models.PROTECT, related_name="pushes")
    stockroom = models.ForeignKey(Stockroom, models.PROTECT, related_name="pushes")
    refund = models.ForeignKey(
        Refund, models.PROTECT, null=True, blank=True, related_name="pushes",
        help_text="none: the sale itself",
    )  # fmt: skip
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    external_id = models.CharField(max_length=64, blank=True, help_text="the order there")
    external_at = models.DateTimeField(null=True, blank=True, help_text="made there, by its clock")
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, help_text="a note of ownshops.words")
    created_at = models.DateTimeField()
    mailed_at = models.DateTimeField(
        null=True, blank=True, help_text="when the team was told that it is dead"
    )
    next_look_at = models.DateTimeField(
        null=True, blank=True, help_text="when to ask what was sent; none: no more"
    )
    objects = OrderPushQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand_order", "stockroom", "refund"], name="order_push_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | (Q(sent_at__isnull=False) & ~Q(external_id="")),
                name="order_push_sent_is_there",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["next_try_at", "id"], name="order_push_due", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["next_look_at"], name="order_push_to_look",
                condition=Q(next_look_at__isnull=False),
            ),
            models.Index(
                fields=["stockroom"], name="order_push_untold",
                condition=Q(state="dead", mailed_at=None),
            ),
            models.Index(
                fields=["stockroom", "external_id"], name="order_push_there",
                condition=~Q(external_id=""),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.brand_order} to {self.stockroom}"
