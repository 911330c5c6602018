"""The double-entry ledger of the whole market; append-only."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """One side of entries: of a brand, of a creator, or (no owner) of the platform."""

    class Kind(models.TextChoices):
        PROVIDER_CLEARING = "provider_clearing", _("at the payment provider")
        BANK = "bank", _("bank")
        BRAND_BALANCE = "brand_balance", _("balance of a brand")
        CREATOR_BALANCE = "creator_balance", _("balance of a creator")
        PAYOUT_IN_TRANSIT = "payout_in_transit", _("payouts on their way")
        PLATFORM_REVENUE = "platform_revenue", _("our fees")
        PROVIDER_FEES = "provider_fees", _("fees of the provider")
        PLATFORM_LOSS = "platform_loss", _("our losses")
        VAT = "vat", _("VAT")
        SUSPENSE = "suspense", _("money that fits no order")

    kind = models.CharField(max_length=20, choices=Kind)
    brand = models.ForeignKey("shop.Brand", models.PROTECT, null=True, blank=True)
    creator = models.ForeignKey("creators.Creator", models.PROTECT, null=True, blank=True)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "brand", "creator", "currency"],
                nulls_distinct=False,
                name="account_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="brand_balance", brand__isnull=False, creator__isnull=True)
                | Q(kind="creator_balance", brand__isnull=True, creator__isnull=False)
                | (
                    ~Q(kind__in=["brand_balance", "creator_balance"])
                    & Q(brand__isnull=True, creator__isnull=True)
                ),
                name="account_owner_fits_kind",
            ),
        ]

    def __str__(self) -> str:
        return " ".join(
            str(part) for part in (self.kind, self.brand or self.creator or "", self.currency)
        )


class LedgerEntry(models.Model):
    """One amount that moved from a debit to a credit account, and what caused it.

    A trigger refuses UPDATE, DELETE and TRUNCATE. `kind` and its accounts: the table of
    entries in docs/money.md. (source_kind, source_id) names the causing row, such as
    ("settlement_line", 7), ("payment", 3), ("order_line", 9), ("payout", 2).
    """

    kind = models.CharField(max_length=24)
    # A trigger looks whether the accounts of all rows of a statement are there, at once.
    debit = models.ForeignKey(
        Account, models.PROTECT, related_name="debits", db_index=False, db_constraint=False
    )
    credit = models.ForeignKey(
        Account, models.PROTECT, related_name="credits", db_index=False, db_constraint=False
    )
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    source_kind = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    posted_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "ledger entries"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="entry_amount_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="entry_two_accounts"),
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "kind", "debit", "credit"],
                name="entry_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["debit", "id"], name="entry_debit", include=["amount", "posted_at"]
            ),
            models.Index(
                fields=["credit", "id"], name="entry_credit", include=["amount", "posted_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class Closing(models.Model):
    """What an account held after one entry: the sum of all up to it, written down at night.

    So that a page need not add up years. Nothing hangs on it: `check_books` adds all up anew,
    and stops payouts where the newest closing of an account is not the sum of its entries.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="closings", db_index=False)
    entry_id = models.BigIntegerField(help_text="the last entry counted, of any account")
    amount = models.BigIntegerField(help_text="credits minus debits, in minor units")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "entry_id"], name="closing_once", include=["amount"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"
