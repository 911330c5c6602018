"""Money that moved at a payment provider, and what it told us about it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.models.orders import BrandOrder, Order, OrderLine


class PaymentSession(models.Model):
    """One attempt of a shopper to pay an order at a provider's page."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        PROCESSING = "processing", _("the bank works on it")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")

    order = models.ForeignKey(Order, models.PROTECT, related_name="sessions")
    gateway = models.CharField(max_length=16)
    reference = models.CharField(max_length=120, help_text="the provider's id")
    url = models.TextField(blank=True, db_default="", help_text="its page there")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "reference"], name="payment_session_once"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.reference}"


class WebhookEvent(models.Model):
    """One message of a provider, kept as it came; handled once."""

    class Outcome(models.TextChoices):
        APPLIED = "applied", pgettext_lazy("event", "applied")
        IGNORED = "ignored", _("ignored")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")  # an error of ours: to be applied again

    gateway = models.CharField(max_length=16)
    external_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=60)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="events")
    body = models.JSONField()
    body_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    note = models.CharField(max_length=300, blank=True)
    integration = models.ForeignKey(
        "shop.Integration", models.PROTECT, null=True, blank=True, related_name="events"
    )
    about = models.CharField(
        max_length=120, blank=True, db_default="", default="", help_text="the order there"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "external_id"], name="webhook_event_once"),
        ]
        indexes = [
            models.Index(
                fields=["integration", "about", "id"],
                name="webhook_event_of_own_shop",
                condition=Q(integration__isnull=False),
            ),
            models.Index(fields=["gateway"], name="webhook_event_waiting", condition=Q(outcome="")),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.kind} {self.external_id}"


class Refund(models.Model):
    """Money given back to a shopper, and why."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    reference = models.CharField(max_length=120, unique=True)
    amount = models.PositiveBigIntegerField(help_text="gross, shipping included")
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=300, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive"),
        ]

    def __str__(self) -> str:
        return self.reference


class SplitLine(models.Model):
    """A part of a refund or dispute: of one order line, or of one brand's shipping."""

    brand_order = models.ForeignKey(BrandOrder, models.PROTECT, related_name="+")
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, null=True, blank=True, related_name="%(class)ss"
    )
    gross = models.PositiveBigIntegerField()
    tax = models.PositiveBigIntegerField()
    net = models.GeneratedField(
        expression=F("gross") - F("tax"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.gross} of {self.order_line or self.brand_order}"


class RefundLine(SplitLine):
    """What of a refund falls on one order line (null: on the brand's shipping)."""

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="lines")


class Dispute(models.Model):
    """A shopper's bank took the money back (chargeback), for good or for a while."""

    class State(models.TextChoices):
        OPEN = "open", _("open")  # announced, nothing withdrawn yet
        WITHDRAWN = "withdrawn", _("money withdrawn")
        WON = "won", _("won, money back")
        LOST = "lost", _("lost")

    order = models.ForeignKey(Order, models.PROTECT, related_name="disputes")
    reference = models.CharField(max_length=120, unique=True)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    reinstated_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.reference


class DisputeLine(SplitLine):
    """What of a dispute falls on one order line or shipping.

    gross counts what was not yet refunded; `already_refunded` is the part that the
    shopper had got back before and now has twice (borne by the platform).
    """

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="lines")
    already_refunded = models.PositiveBigIntegerField(default=0, help_text="gross")


class Payment(models.Model):
    """One movement of shoppers' money at a provider; never edited."""

    class Kind(models.TextChoices):
        CAPTURE = "capture", _("capture")
        MISFIT = "misfit", _("capture that fitted no open order")
        REFUND = "refund", _("refund")
        CHARGEBACK = "chargeback", _("chargeback")
        CHARGEBACK_WON = "chargeback_won", _("chargeback won")

    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="payments")
    gateway = models.CharField(max_length=16)
    kind = models.CharField(max_length=14, choices=Kind)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=120, blank=True, help_text="the provider's id")
    event_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001
    refund = models.OneToOneField(Refund, models.PROTECT, null=True, blank=True)
    dispute = models.ForeignKey(
        Dispute, models.PROTECT, null=True, blank=True, related_name="payments"
    )
    misfit = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="returns",
        help_text="the misfit that goes back by this",
    )
    external = models.BooleanField(default=False, help_text="in the brand's own shop; no ledger")
    ask_payer = models.BooleanField(
        default=False, db_default=False, help_text="its provider is to be asked which card paid"
    )
    tried_at = models.DateTimeField(
        null=True, blank=True, help_text="when its provider was last asked to pay it"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(kind="capture"), name="order_captured_once"
            ),
            models.UniqueConstraint(
                fields=["gateway", "kind", "reference"],
                condition=~Q(reference=""),
                name="payment_reference_once",
            ),
            models.UniqueConstraint(
                fields=["dispute", "kind"],
                condition=Q(dispute__isnull=False),
                name="dispute_payment_once",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="payment_to_ask", condition=Q(ask_payer=True)),
            models.Index(
                F("tried_at").asc(nulls_first=True),
                "id",
                name="payment_to_send",
                condition=Q(kind="refund", reference="", external=False),
            ),
            models.Index(fields=["id"], name="payment_misfit", condition=Q(kind="misfit")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class TopUp(models.Model):
    """Money that a brand pays in by card, to cover what it owes creators."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")

    number = models.CharField(max_length=16, unique=True)
    brand = models.ForeignKey("shop.Brand", models.PROTECT, related_name="top_ups")
    gateway = models.CharField(max_length=16)
    session = models.CharField(max_length=120, blank=True, help_text="the provider's page")
    charge = models.CharField(max_length=120, blank=True, help_text="the provider's id, when paid")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="top_up_amount_positive"),
            models.CheckConstraint(
                condition=Q(state="paid", paid_at__isnull=False)
                | (~Q(state="paid") & Q(paid_at__isnull=True)),
                name="top_up_paid_has_moment",
            ),
            models.UniqueConstraint(
                fields=["gateway", "charge"], condition=~Q(charge=""), name="top_up_charge_once"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Movement(models.Model):
    """Money that moved at a provider and that no shopper paid or got; never edited.

    amount is signed: what a kind says, or the other way where it is negative. Null: the
    provider has named the movement and is still to be asked how much it was.
    """

    class Kind(models.TextChoices):
        FEE = "fee", _("fee of the provider")
        DISPUTE_FEE = "dispute_fee", _("fee of a dispute")
        PAYOUT = "payout", _("paid to our bank")
        PAYOUT_BACK = "payout_back", _("came back from our bank")
        TOPUP_BACK = "topup_back", _("top-up taken back")

    gateway = models.CharField(max_length=16)
    kind = models.CharField(max_length=12, choices=Kind)
    reference = models.CharField(max_length=120, help_text="the provider's id")
    amount = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    dispute = models.ForeignKey(
        Dispute, models.PROTECT, null=True, blank=True, related_name="movements"
    )
    top_up = models.ForeignKey(
        TopUp, models.PROTECT, null=True, blank=True, related_name="movements"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "kind", "reference"], name="movement_once"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="movement_to_ask", condition=Q(amount__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
