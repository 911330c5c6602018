"""Something is wrong with an order: who says so, what the brand answers, what we decide."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.privatefiles import private_files
from shop.models.orders import BrandOrder, OrderLine
from shop.models.payments import Refund


class TroubleQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Those that somebody still has to act on; they pause commissions."""
        return self.filter(closed_at=None)

    def late(self, at: datetime) -> Self:
        """Those that the brand did not answer in time."""
        return self.filter(state=Trouble.State.ASKED, answer_by__lte=at)

    def silent(self, at: datetime) -> Self:
        """Those whose shopper did not say in time that the answer was not enough."""
        return self.filter(state=Trouble.State.ANSWERED, reply_by__lte=at)


class Trouble(models.Model):
    """A shopper says that something is wrong with one brand's part of an order."""

    class Kind(models.TextChoices):
        NOT_ARRIVED = "not_arrived", _("It did not arrive")
        DAMAGED = "damaged", _("It is damaged or does not work")
        WRONG = "wrong", _("It is not what I ordered")
        NOT_REFUNDED = "not_refunded", _("I sent it back and have no money")

    class State(models.TextChoices):
        ASKED = "asked", _("the brand is asked")
        ANSWERED = "answered", _("the brand has answered")
        WITH_US = "with_us", _("we decide")
        REFUNDED = "refunded", pgettext_lazy("trouble", "money given back")
        REFUSED = "refused", pgettext_lazy("trouble", "decided for the brand")
        SOLVED = "solved", pgettext_lazy("trouble", "solved")

    brand_order = models.ForeignKey(BrandOrder, models.PROTECT, related_name="troubles")
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    words = models.TextField(max_length=2000, blank=True, help_text="the shopper's")
    picture = models.ImageField(upload_to="troubles/", storage=private_files, blank=True)
    asked_at = models.DateTimeField()
    answer_by = models.DateTimeField(help_text="the end of the brand's third working day")
    answer = models.TextField(max_length=2000, blank=True, help_text="the brand's")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reply_by = models.DateTimeField(null=True, blank=True, help_text="then it counts as solved")
    escalated_at = models.DateTimeField(null=True, blank=True, help_text="since when we decide")
    closed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True, help_text="of our decision")
    refund = models.ForeignKey(Refund, models.PROTECT, null=True, blank=True, related_name="+")
    objects = TroubleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["brand_order"], condition=Q(closed_at=None), name="trouble_open_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, state__in=["asked", "answered", "with_us"])
                | Q(closed_at__isnull=False, state__in=["refunded", "refused", "solved"]),
                name="trouble_closed_has_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | (Q(decided_by__isnull=False) & ~Q(reason="")),
                name="trouble_refused_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state="answered") | Q(reply_by__isnull=False),
                name="trouble_answered_has_clock",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_by"], name="trouble_to_escalate", condition=Q(state="asked")
            ),
            models.Index(
                fields=["reply_by"], name="trouble_to_solve", condition=Q(state="answered")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.brand_order}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class TroubleLine(models.Model):
    """How many pieces of one order line a trouble is about."""

    trouble = models.ForeignKey(Trouble, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="trouble_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trouble", "order_line"], name="trouble_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="trouble_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line}"
