"""Words for what the ledger and the receipts name by a code."""

from django.utils.translation import gettext_lazy as _

ENTRIES = {
    "capture": _("Sale"),
    "refund": _("Refund to a shopper"),
    "refund_late": _("Refund to a shopper"),
    "chargeback": _("Chargeback"),
    "chargeback_won": _("Chargeback won"),
    "fee": _("Our fee"),
    "fee_vat": _("VAT on our fee"),
    "settlement": _("Commissions of a night"),
    "settlement_vat": _("VAT on commissions"),
    "payout": _("Payout"),
    "payout_back": _("Payout that came back"),
    "topup": _("Top-up"),
    "goodwill": _("Goodwill"),
}


def entry_label(kind: str) -> str:
    """Return the words for an entry's kind; an unknown one is shown as it is."""
    return str(ENTRIES.get(kind) or kind.replace("_", " ").capitalize())
