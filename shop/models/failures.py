"""Refunds that came back to us: the shopper is still to be paid."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop.models.payments import Payment


class RefundFailure(models.Model):
    """A refund that the shopper's bank did not take; resolved once, either way."""

    class State(models.TextChoices):
        OPEN = "open", _("to be paid")
        SENT_AGAIN = "sent_again", _("sent again to where it came from")
        BY_BANK = "by_bank", _("paid by our bank")

    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="failures", help_text="the refund that failed"
    )
    gateway = models.CharField(max_length=16)
    reference = models.CharField(max_length=120, help_text="the provider's id of what failed")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    failed_at = models.DateTimeField()
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="when the provider was last asked to send it again"
    )
    sent_reference = models.CharField(
        max_length=120, blank=True, help_text="the provider's id of the refund that went again"
    )
    bank_reference = models.CharField(max_length=120, blank=True, help_text="of our own transfer")
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_failure_positive"),
            models.UniqueConstraint(fields=["gateway", "reference"], name="refund_failure_once"),
            models.UniqueConstraint(
                fields=["bank_reference"],
                condition=~Q(bank_reference=""),
                name="refund_failure_transfer_once",
            ),
            models.CheckConstraint(
                condition=Q(state="open", resolved_at=None)
                | Q(state="sent_again", resolved_at__isnull=False)
                | (Q(state="by_bank", resolved_at__isnull=False) & ~Q(bank_reference="")),
                name="refund_failure_resolved_how",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
