"""Invoices and credit notes to shoppers, issued on behalf of the brand that sold."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from shop.models.brands import Brand
from shop.models.orders import BrandOrder
from shop.models.payments import Refund


class SaleDocument(models.Model):
    """One document of a brand's own row of numbers; what it says is frozen."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("invoice")
        CREDIT = "credit", _("credit note")

    brand = models.ForeignKey(Brand, models.PROTECT, related_name="sale_documents")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … per brand, without gaps")
    kind = models.CharField(max_length=8, choices=Kind)
    brand_order = models.ForeignKey(BrandOrder, models.PROTECT, related_name="documents")
    refund = models.ForeignKey(
        Refund, models.PROTECT, null=True, blank=True, related_name="documents"
    )
    issued_on = models.DateField()
    gross = models.PositiveBigIntegerField(help_text="of a credit note: what it takes back")
    tax = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    facts = models.JSONField(help_text="what it says, frozen; who bought stands at the order")
    pdf_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        ordering = ["brand", "number"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "number"], name="sale_document_number"),
            models.UniqueConstraint(
                fields=["brand_order"], condition=Q(kind="invoice"), name="sale_invoice_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="invoice", refund=None) | Q(kind="credit", refund__isnull=False),
                name="sale_credit_has_refund",
            ),
            models.CheckConstraint(condition=Q(tax__lte=F("gross")), name="sale_document_tax"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The number as it is printed, unique among all brands: `31-000012`."""
        return f"{self.brand_id}-{self.number:06d}"
