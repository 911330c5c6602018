"""Words for what the ledger and the receipts name by a code."""

from django.utils.translation import gettext_lazy as _

ENTRIES = {
    "capture": _("Sale"),
    "refund": _("Refund to a shopper"),
    "refund_late": _("Refund to a shopper"),
    "refund_failed": _("Refund that came back"),
    "refund_again": _("Refund sent again"),
    "refund_by_bank": _("Refund paid by our bank"),
    "chargeback": _("Chargeback"),
    "chargeback_won": _("Chargeback won"),
    "fee": _("Our fee"),
    "fee_vat": _("VAT on our fee"),
    "fee_refund": _("Our fee given back"),
    "fee_vat_refund": _("VAT on our fee given back"),
    "fee_dispute": _("Our fee given back"),
    "fee_vat_dispute": _("VAT on our fee given back"),
    "fee_dispute_won": _("Our fee"),
    "fee_vat_dispute_won": _("VAT on our fee"),
    "settlement": _("Commissions of a night"),
    "settlement_vat": _("VAT on commissions"),
    "payout": _("Payout"),
    "payout_vat": _("VAT of a payout"),
    "payout_paid": _("Payout that the bank has paid"),
    "payout_vat_paid": _("VAT of a payout that the bank has paid"),
    "payout_back": _("Payout that came back"),
    "payout_vat_back": _("VAT of a payout that came back"),
    "payout_returned": _("Payout that came back"),
    "payout_vat_returned": _("VAT of a payout that came back"),
    "dispute_fee": _("The bank's fee for a dispute"),
    "provider_fee": _("Fee of the provider"),
    "provider_payout": _("Paid to our bank by the provider"),
    "provider_payout_back": _("Sent back by our bank to the provider"),
    "topup": _("Top-up"),
    "topup_back": _("Top-up taken back"),
    "topup_bank": _("Top-up by bank transfer"),
    "goodwill": _("Goodwill from Thousand"),
    "write_off": _("Debt that Thousand wrote off"),
}


def entry_label(kind: str) -> str:
    """Return the words for an entry's kind; an unknown one is shown as it is."""
    return str(ENTRIES.get(kind) or kind.replace("_", " ").capitalize())


RULES = {
    "code": _("Your code was typed at checkout."),
    "newest_click": _("Yours was the newest click on this brand."),
    "other_brand": _("The click was on another brand."),
    "own_purchase": _("The buyer is the creator herself."),
    "link_inactive": _("The link was switched off."),
    "no_offer": _("There was no offer for this creator."),
    "offer_ended": _("The offer had ended."),
    "creator_not_enrolled": _("The creator was not enrolled."),
    "creator_suspended": _("The creator was suspended."),
    "platform_off": _("Clicked when its platform had been off for longer than clicks earn on."),
    "after_order": _("The click came after the order."),
    "expired": _("The click was too old."),
    "own_programme": _("The brand's own programme came first."),
    "code_wins": _("A code that was typed goes before clicks."),
    "not_newest": _("A newer click was there."),
    "no_touch": _("Nobody sent this shopper."),
}


VIA = {  # how a brand's own shop told who sent the shopper
    "creator_code": _("Your code was used in the brand's own shop."),
    "discount_link": _("Your discount link was used in the brand's own shop."),
    "landing": _("The shopper came into the brand's own shop by your link."),
    "cart": _("Your click was kept with the shopper's cart in the brand's own shop."),
}


def rule_label(rule: str, via: str = "") -> str:
    """Return a receipt's rule in words; where an own shop told it, how it did."""
    return str(VIA.get(via) or RULES.get(rule) or rule.replace("_", " ").capitalize())


BANK_REASONS = {  # ISO 20022 external status reasons that a creator can do something about
    "AC01": _("The account number is wrong."),
    "AC03": _("The account number is wrong."),
    "AC04": _("The account is closed."),
    "AC06": _("The account is blocked."),
    "AC07": _("The account is closed."),
    "AC13": _("This kind of account takes no transfers."),
    "AC14": _("This kind of account takes no transfers."),
    "AC17": _("The account is being closed."),
    "AG01": _("This kind of account takes no transfers."),
    "AM04": _("Our account was short of money. We send it again."),
    "BE01": _("The name is not that of the account."),
    "CNOR": _("Your bank takes no SEPA transfers."),
    "MS02": _("The bank refused it without a reason."),
    "MS03": _("The bank refused it without a reason."),
    "RC01": _("The bank is not known."),
    "RR04": _("The bank refused it under its rules."),
}


OUR_REASONS = {  # why we took a payout out of its batch just before it left (payouts.rechecks)
    "account_changed": _("You gave another bank account after this payout was made ready."),
    "account_name": _("The bank says that the name is not that of the account."),
    "account_refused": _("The bank refuses the account."),
    "tax_changed": _("You changed your tax status after this payout was made ready."),
    "identity": _("Your date of birth and tax number are missing."),
    "vat_number": _("The EU's register (VIES) does not know your VAT number any more."),
    "line_case": _("A case keeps part of it back until it is decided."),
    "brand_short": _("A brand of yours has to pay in first: shoppers got their money back."),
    "brand_suspended": _("The brand is suspended."),
    "brand_account": _("The account at Stripe is not there any more."),
}


def bank_reason(reason: str) -> str:
    """Return why a payout came to nothing; what starts with a known code is said in words."""
    code = reason.partition(" ")[0]
    return str(BANK_REASONS.get(code) or OUR_REASONS.get(code) or reason)


STEPS = {  # name -> (when it has been, when it is to come)
    "bought": (_("bought"), _("bought")),
    "delivered": (_("delivered"), _("not delivered yet")),
    "window": (_("could come back until"), _("may come back until")),
    "settled": (_("cleared"), _("clears")),
    "paid": (_("paid"), _("goes out")),
}


def step_label(name: str, done: bool) -> str:
    """Return a step of a sale in words."""
    return str(STEPS[name][0 if done else 1])
