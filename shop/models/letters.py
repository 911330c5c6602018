"""Mails that an order calls for: written down with the fact they tell, posted once."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from shop.models.brands import Brand
from shop.models.orders import Order

MOST_ATTEMPTS = 30  # of one letter; then a person has to look


class OrderLetterQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Letters that are to be posted, oldest first."""
        rows = self.filter(sent_at=None, attempts__lt=MOST_ATTEMPTS)
        return rows.order_by("attempts", "id")


class OrderLetter(models.Model):
    """One mail about an order to one address; `kind` names the words, `about` the row it tells of."""

    kind = models.CharField(max_length=24)
    about = models.PositiveBigIntegerField(help_text="the id of what it tells of")
    order = models.ForeignKey(Order, models.PROTECT, related_name="letters")
    brand = models.ForeignKey(
        Brand, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="to somebody of its team; empty: to the shopper",
    )  # fmt: skip
    to = models.EmailField()
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    refused = models.BooleanField(default=False, help_text="the address takes no mail")
    attempts = models.PositiveSmallIntegerField(default=0)
    objects = OrderLetterQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "about", "to"], name="order_letter_once"),
        ]
        indexes = [
            models.Index(
                fields=["attempts", "id"], name="order_letter_waiting", condition=Q(sent_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
