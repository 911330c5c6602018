"""Returns: what a shopper sends back, what of it came, and what was paid for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.models.orders import BrandOrder, OrderLine
from shop.models.parcels import Parcel
from shop.models.payments import Refund

REFUND_WITHIN = timedelta(days=14)  # of the withdrawal: Directive 2011/83/EU art. 13


class ReturnQuerySet(models.QuerySet):
    def payable(self, at: datetime) -> Self:
        """Open returns whose money is due by `at`: the brand has no reason to wait any more.

        Where nothing has left it never had one.
        """
        unsent = Q(brand_order__shipped_at=None, brand_order__delivered_at=None)
        unsent &= ~Exists(Parcel.objects.filter(brand_order=OuterRef("brand_order")))
        shown = Q(sent_at__lte=at) | Q(received_at__lte=at) | unsent
        return self.filter(shown, closed_at=None, asked_at__lte=at - REFUND_WITHIN)


class Return(models.Model):
    """A shopper's withdrawal from (part of) one brand's part of an order."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        RECEIVED = "received", _("received back")
        REFUNDED = "refunded", _("refunded")
        CLOSED = "closed", _("closed without refund")

    class Condition(models.TextChoices):
        AS_NEW = "as_new", pgettext_lazy("condition", "as it was sent")
        USED = "used", pgettext_lazy("condition", "used more than trying it needs")
        DAMAGED = "damaged", pgettext_lazy("condition", "damaged")

    brand_order = models.ForeignKey(BrandOrder, models.PROTECT, related_name="returns")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    reason = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="when the shopper showed that it is on its way"
    )
    sent_proof = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="carrier and number"
    )
    received_at = models.DateTimeField(null=True, blank=True)
    condition = models.CharField(
        max_length=8, choices=Condition, blank=True, default="", db_default=""
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="why nothing went back"
    )
    less_reason = models.CharField(
        max_length=300, blank=True, default="", db_default="",
        help_text="why less went back; the shopper reads it",
    )  # fmt: skip
    short = models.BooleanField(
        default=False, db_default=False,
        help_text="less was paid than was withdrawn from, and we have not decided about it",
    )  # fmt: skip
    refund = models.OneToOneField(
        Refund, models.PROTECT, null=True, blank=True, related_name="of_return"
    )
    objects = ReturnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="received") | Q(received_at__isnull=False),
                name="return_received_has_moment",
            ),
            models.CheckConstraint(
                condition=Q(sent_proof="") | Q(sent_at__isnull=False), name="return_sent_has_moment"
            ),
        ]
        indexes = [
            models.Index(
                fields=["brand_order"], name="return_open", condition=Q(closed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"return of {self.brand_order}"

    @property
    def shown_at(self) -> datetime | None:
        """When the goods, or the proof that they were sent, were there: whichever came first."""
        return min(filter(None, [self.sent_at, self.received_at]), default=None)

    @property
    def refund_by(self) -> datetime:
        """By when the money is due (art. 13); before `shown_at` the brand may wait longer."""
        due = self.asked_at + REFUND_WITHIN
        return max(due, self.shown_at) if self.shown_at else due

    @property
    def may_wait(self) -> bool:
        """Whether the brand may keep the money until the goods, or proof of sending, arrive."""
        return self.closed_at is None and self.shown_at is None and self.brand_order.has_left

    @property
    def less(self) -> int:
        """What was kept of the price for a lower value. Uses prefetched lines."""
        return sum(row.less for row in self.lines.all())


class ReturnLine(models.Model):
    """How many of one order line come back, came back, and were paid."""

    of = models.ForeignKey(Return, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="return_lines")
    quantity = models.PositiveIntegerField()
    received = models.PositiveIntegerField(null=True, blank=True, help_text="null: nobody counted")
    paid = models.PositiveIntegerField(
        null=True, blank=True, help_text="pieces; null in a refunded return: all of them"
    )
    less = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="gross; kept of the price for a lower value"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["of", "order_line"], name="return_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="return_line_quantity"),
            models.CheckConstraint(
                condition=Q(received=None) | Q(received__lte=F("quantity")),
                name="return_line_received",
            ),
            models.CheckConstraint(
                condition=Q(paid=None) | Q(paid__lte=F("quantity")), name="return_line_paid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line}"
