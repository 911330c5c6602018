"""Documents: what we issue for creators, and what we invoice to brands."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SelfBill(models.Model):
    """An invoice or credit note that we issue on a creator's behalf, for one payout."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("invoice")
        CREDIT = "credit", _("credit note for corrections")
        REVERSAL = "reversal", _("credit note for a payout that came back")

    creator = models.ForeignKey("creators.Creator", models.PROTECT, related_name="self_bills")
    payout = models.ForeignKey("affiliates.Payout", models.PROTECT, related_name="self_bills")
    kind = models.CharField(
        max_length=8, choices=Kind, default=Kind.INVOICE, db_default=Kind.INVOICE
    )
    number = models.PositiveIntegerField(help_text="1, 2, 3 … per creator, without gaps")
    tax_profile = models.ForeignKey("affiliates.TaxProfile", models.PROTECT)
    amount = models.PositiveBigIntegerField(help_text="of a credit note: what it takes back")
    vat = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    issued_on = models.DateField()
    facts = models.JSONField(null=True, blank=True, help_text="what the document says, frozen")
    pdf_sha256 = models.CharField(max_length=64, blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["creator", "number"], name="self_bill_once"),
            models.UniqueConstraint(fields=["payout", "kind"], name="self_bill_of_payout_once"),
        ]

    def __str__(self) -> str:
        return f"{self.creator} {self.number}"


class BrandInvoice(models.Model):
    """What a brand owes us for one month: commission, fee and VAT; negative: a credit note."""

    brand = models.ForeignKey("shop.Brand", models.PROTECT, related_name="invoices")
    month = models.DateField(help_text="its first day")
    currency = models.CharField(max_length=3)
    number = models.PositiveIntegerField(unique=True, help_text="1, 2, 3 … without gaps")
    commission = models.BigIntegerField()
    fee = models.BigIntegerField()
    vat = models.BigIntegerField()
    issued_on = models.DateField()
    facts = models.JSONField(help_text="what the document says, frozen")
    pdf_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "month", "currency"], name="brand_invoice_once"
            ),
            models.CheckConstraint(
                condition=~Q(commission=0) | ~Q(fee=0) | ~Q(vat=0), name="brand_invoice_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"invoice {self.number} to {self.brand}"

    @property
    def total(self) -> int:
        return self.commission + self.fee + self.vat
