"""Self-bills and invoices as PDF: the same facts give the same bytes."""

from __future__ import annotations

import hashlib
import logging
from datetime import date
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from affiliates.models import BrandInvoice, SelfBill, TaxProfile
from config.lib.money import written as sum_of

if TYPE_CHECKING:
    from config.lib.paper import Page

logger = logging.getLogger(__name__)


def self_bill(row: SelfBill) -> bytes:
    """Return a self-bill as PDF; the digest of the first one is kept."""
    facts = row.facts or {}
    with translation.override(facts.get("language", "en")):
        return _kept(row, _self_bill(row, facts))


def brand_invoice(row: BrandInvoice) -> bytes:
    """Return a brand's invoice as PDF; the digest of the first one is kept."""
    with translation.override(row.facts.get("language", "en")):
        return _kept(row, _brand_invoice(row))


def _kept(row: SelfBill | BrandInvoice, content: bytes) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    if not row.pdf_sha256:
        row.pdf_sha256 = digest
        row.save(update_fields=["pdf_sha256"])
    elif row.pdf_sha256 != digest:
        logger.error("%s is laid out otherwise than when it was first made", row)
    return content


def _page(day: date) -> Page:
    from config.lib.paper import Page  # slow to load: only who makes a document waits for it

    return Page(day)


def _self_bill(row: SelfBill, facts: dict) -> bytes:
    profile = row.tax_profile
    page = _page(row.issued_on)
    sign = 1 if row.kind == SelfBill.Kind.INVOICE else -1
    page.line(_("Invoice") if sign > 0 else _("Credit note"), bold=True, size=18)
    page.line("Factuur uitgereikt door afnemer (self-billing)")
    page.line(_("Number: %s") % f"{row.creator_id}-{row.number}")
    page.line(_("Date: %s") % date_format(row.issued_on, "j F Y"))
    if facts.get("of"):
        page.line(_("Belongs to: %s") % ", ".join(f"{row.creator_id}-{n}" for n in facts["of"]))
    supplier = facts.get("supplier") or {
        "name": profile.legal_name, "address": profile.address,
        "country": profile.country, "vat_number": profile.vat_number,
    }  # fmt: skip
    page.party(_("Supplier"), supplier)
    page.party(_("Customer"), facts.get("issuer") or {})
    page.ln(6)
    for name, amount in facts.get("lines") or [["", sign * row.amount]]:
        label = _("Advertising for %s") % name if name else _("Advertising")
        page.row(label, sum_of(amount, row.currency))
    _totals(page, sign * row.amount, sign * row.vat, row.currency)
    page.ln(4)
    page.line(_note(profile.kind))
    return bytes(page.output())


def _totals(page: Page, net: int, vat: int, currency: str) -> None:
    page.ln(2)
    page.row(_("Total without VAT"), sum_of(net, currency))
    page.row(_("VAT"), sum_of(vat, currency))
    page.row(_("Total"), sum_of(net + vat, currency), bold=True)


def _note(kind: str) -> str:
    """Return why there is VAT on a self-bill or not."""
    return {
        TaxProfile.Kind.PRIVATE: _("No VAT: the supplier is a private person."),
        TaxProfile.Kind.KOR: _("No VAT: exempt under the small-business scheme (KOR)."),
        TaxProfile.Kind.VAT_LIABLE: _("VAT at the Dutch standard rate."),
        TaxProfile.Kind.EU_REVERSE: _("VAT reverse-charged to the customer."),
    }[kind]


def _brand_invoice(row: BrandInvoice) -> bytes:
    page = _page(row.issued_on)
    page.line(_("Invoice") if row.total >= 0 else _("Credit note"), bold=True, size=18)
    page.line(_("Number: %s") % row.number)
    page.line(_("Date: %s") % date_format(row.issued_on, "j F Y"))
    page.line(_("Month: %s") % date_format(row.month, "F Y"))
    page.party(_("Supplier"), row.facts["issuer"])
    page.party(_("Customer"), row.facts["customer"])
    page.ln(6)
    page.row(_("Commissions to creators"), sum_of(row.commission, row.currency))
    page.row(_("Our fee"), sum_of(row.fee, row.currency))
    _totals(page, row.commission + row.fee, row.vat, row.currency)
    page.ln(4)
    page.line(_("Already taken from your balance. You need not pay anything."))
    if not row.vat:
        page.line(_("VAT reverse-charged to the customer, or outside the EU."))
    return bytes(page.output())
