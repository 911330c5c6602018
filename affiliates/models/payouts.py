"""Money on its way out: methods, tax profiles, payouts, their claims and attempts."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Rail(models.TextChoices):
    SEPA = "sepa", _("SEPA credit transfer")
    CONNECT = "connect", _("Stripe Connect")
    FAKE = "fake", _("demo rail")


class PayoutMethod(models.Model):
    """A creator's bank account; a new one is a new row and waits 48 hours."""

    class NameCheck(models.TextChoices):
        UNCHECKED = "unchecked", _("not checked")
        MATCH = "match", _("match")
        CLOSE = "close", _("close")
        NONE = "none", _("no match")

    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="payout_methods")
    rail = models.CharField(max_length=8, choices=Rail, default=Rail.SEPA)
    iban = models.CharField(_("IBAN"), max_length=34)
    holder = models.CharField(_("name on the account"), max_length=70)
    name_check = models.CharField(max_length=10, choices=NameCheck, default=NameCheck.UNCHECKED)
    name_checked_at = models.DateTimeField(null=True, blank=True)
    refused = models.CharField(
        max_length=12,
        blank=True,
        db_default="",
        help_text="the bank's code; not used until it is replaced",
    )
    usable_from = models.DateTimeField()
    created_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when the creator was mailed of it"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["creator"], condition=Q(replaced_at=None), name="payout_method_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.iban[:4]}…{self.iban[-4:]}"


class TaxProfile(models.Model):
    """A creator's VAT status from a date on, and her consent to self-billing."""

    class Kind(models.TextChoices):
        PRIVATE = "private", _("private person, no VAT number")
        KOR = "kor", _("small-business scheme (KOR)")
        VAT_LIABLE = "vat_liable", _("VAT-liable in the Netherlands")
        EU_REVERSE = "eu_reverse", _("VAT-liable elsewhere in the EU, reverse charge")

    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="tax_profiles")
    kind = models.CharField(max_length=10, choices=Kind)
    legal_name = models.CharField(_("legal name"), max_length=120)
    address = models.CharField(_("address"), max_length=200)
    country = models.CharField(max_length=2)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    effective_from = models.DateField()
    self_billing_accepted_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-effective_from", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["vat_liable", "eu_reverse"]) | ~Q(vat_number=""),
                name="tax_profile_has_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} from {self.effective_from}"


class FeePolicy(models.Model):
    """What we charge a brand, from a date on; frozen on each line when it is paid."""

    class Base(models.TextChoices):
        ATTRIBUTED = "attributed", _("lines that a creator sold")
        ALL = "all", _("every line")

    brand = models.ForeignKey(
        "shop.Brand", models.PROTECT, null=True, blank=True, help_text="null: every brand"
    )
    rate_bp = models.PositiveIntegerField(help_text="of a line's net price")
    base = models.CharField(max_length=10, choices=Base, default=Base.ATTRIBUTED)
    minimum = models.PositiveIntegerField(default=0, help_text="minor units per line")
    minimum_currency = models.CharField(
        max_length=3, default="EUR", db_default="EUR",
        help_text="of the minimum; fees in another currency have none",
    )  # fmt: skip
    gives_back = models.BooleanField(default=True, help_text="a refund gives the fee back")
    effective_from = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "fee policies"
        constraints = [
            models.CheckConstraint(condition=Q(rate_bp__lte=5000), name="fee_rate"),
            models.UniqueConstraint(
                fields=["brand", "effective_from"], nulls_distinct=False, name="fee_policy_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rate_bp} bp from {self.effective_from:%Y-%m-%d}"

    def minimum_in(self, currency: str) -> int:
        """Return the least fee of a line in a currency, in its minor units."""
        return self.minimum if currency == self.minimum_currency else 0


class PayoutBatch(models.Model):
    """The payouts of one day on one rail; approved and exported by two admins."""

    class State(models.TextChoices):
        BUILT = "built", _("built")
        APPROVED = "approved", _("approved")
        EXPORTED = "exported", _("exported")
        CLOSED = "closed", _("closed")
        CANCELLED = "cancelled", _("cancelled")

    rail = models.CharField(max_length=8, choices=Rail)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.BUILT)
    pay_on = models.DateField()
    built_at = models.DateTimeField()
    built_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="null: the night, or the command without --by",
    )
    by_night = models.BooleanField(
        default=False, db_default=False, help_text="a Friday's own batch, of which there is one"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    exported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    exported_at = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=35, unique=True)
    file_schema = models.CharField(
        max_length=20, blank=True, db_default="", help_text="of the exported file"
    )
    file_sha256 = models.CharField(max_length=64, blank=True)
    file_debtor = models.JSONField(null=True, blank=True, help_text="the account that it leaves")
    left_out = models.JSONField(
        default=dict, blank=True, db_default=Value({}, models.JSONField()),
        help_text="why → {count, creators}: who had enough and lacked something",
    )  # fmt: skip

    class Meta:
        verbose_name_plural = "payout batches"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | Q(exported_by=None)
                | ~Q(approved_by=F("exported_by")),
                name="batch_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(exported_by=None) | Q(approved_by__isnull=False),
                name="batch_approved_before_export",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rail} batch of {self.pay_on}"

    @classmethod
    def next_message_id(cls, pay_on: date) -> str:
        """Return the id that the bank knows the next batch by; builds hold one lock."""
        newest = cls.objects.order_by("-id").values_list("id", flat=True).first()
        return f"THOUSAND-{pay_on:%Y%m%d}-{(newest or 0) + 1}"


class Payout(models.Model):
    """Money on its way to one creator or brand."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        PROCESSING = "processing", _("on its way")
        PAID = "paid", pgettext_lazy("payout", "paid")
        FAILED = "failed", _("failed")
        RETURNED = "returned", _("returned")
        CANCELLED = "cancelled", _("cancelled")

    OPEN = (State.PENDING, State.PROCESSING)

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="payouts")
    creator = models.ForeignKey(
        "creators.Creator", models.PROTECT, null=True, blank=True, related_name="payouts"
    )
    brand = models.ForeignKey(
        "shop.Brand", models.PROTECT, null=True, blank=True, related_name="payouts"
    )
    method = models.ForeignKey(PayoutMethod, models.PROTECT, null=True, blank=True)
    tax_profile = models.ForeignKey(TaxProfile, models.PROTECT, null=True, blank=True)
    amount = models.PositiveBigIntegerField()
    vat = models.PositiveBigIntegerField(default=0, help_text="paid on top of amount")
    currency = models.CharField(max_length=3)
    rail = models.CharField(max_length=8, choices=Rail)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    reason = models.CharField(max_length=300, blank=True, help_text="why failed or returned")
    destination = models.CharField(
        max_length=64, blank=True, db_default="",
        help_text="a brand's account at the provider when this was built; a later one waits",
    )  # fmt: skip
    provider_ref = models.CharField(max_length=64, blank=True)
    retries = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="retried_by",
        verbose_name=_("pays again"), help_text="the payout that failed or came back",
    )  # fmt: skip
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when we mailed that it came to nothing"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_amount_positive"),
            models.CheckConstraint(
                condition=Q(creator__isnull=False, brand__isnull=True)
                | Q(creator__isnull=True, brand__isnull=False),
                name="payout_one_owner",
            ),
            models.UniqueConstraint(
                Coalesce("creator", F("brand") * -1),
                "currency",
                condition=Q(state__in=["pending", "processing"]),
                name="payout_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"payout {self.pk} of {self.amount} {self.currency}"


class PayoutClaim(models.Model):
    """One settlement line that a payout pays; released when the payout comes to nothing."""

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="claims")
    line = models.ForeignKey("affiliates.SettlementLine", models.PROTECT, related_name="claims")
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(released_at=None), name="line_claimed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line} in {self.payout}"


class PayoutAttempt(models.Model):
    """One order to the rail to pay; its key is never used for another."""

    class State(models.TextChoices):
        SENT = "sent", _("sent")
        UNKNOWN = "unknown", _("outcome unknown")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="attempts")
    n = models.PositiveSmallIntegerField()
    idempotency_key = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.SENT)
    reason = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(help_text="when it was handed over to be sent")
    tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="calls made under this key"
    )
    next_at = models.DateTimeField(
        null=True, blank=True, help_text="when the rail is called next; empty: never"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"], name="attempt_to_send", condition=Q(next_at__isnull=False)
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["payout", "n"], name="attempt_once"),
            models.UniqueConstraint(
                fields=["payout"], condition=Q(state="succeeded"), name="attempt_succeeded_once"
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.n} of {self.payout}"


class PayoutWord(models.Model):
    """What an admin says became of a payout; booked when another one says so too."""

    class Kind(models.TextChoices):
        FAILED = "failed", _("the bank refused it")
        RETURNED = "returned", _("the money came back")

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="words")
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.CharField(max_length=300)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    said_at = models.DateTimeField()
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["payout"], condition=Q(agreed_by=None), name="payout_word_open_once"
            ),
            models.CheckConstraint(
                condition=Q(agreed_by=None) | ~Q(agreed_by=F("said_by")),
                name="payout_word_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by=None, agreed_at=None)
                | Q(agreed_by__isnull=False, agreed_at__isnull=False),
                name="payout_word_agreed_has_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payout}: {self.kind}"


class BrandNotice(models.Model):
    """Somebody of a brand was mailed of what changes for its money, once for each change."""

    subject = models.CharField(max_length=120, help_text="a fee policy or an account, as it was")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "user"], name="brand_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.user}"
