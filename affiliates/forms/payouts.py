"""Where a creator's money goes, and her tax status."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum import iban
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as NotANumber

from affiliates.models import TaxProfile
from affiliates.rails.sepa import COUNTRIES

NUMBERED = {TaxProfile.Kind.VAT_LIABLE, TaxProfile.Kind.EU_REVERSE}


class BankForm(forms.Form):
    """A SEPA bank account; the number is checked by its own check digits."""

    iban = forms.CharField(
        label=_("IBAN"),
        max_length=42,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Such as NL91 ABNA 0417 1643 00."),
    )
    holder = forms.CharField(
        label=_("Name on the account"),
        max_length=70,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("As your bank writes it."),
    )

    def clean_iban(self) -> str:
        try:  # without the countries' lists of banks: a new bank would be refused
            number = iban.validate(self.cleaned_data["iban"], check_country=False)
        except NotANumber as error:
            raise ValidationError(
                _("This is no bank account number. Check the digits on your bank card.")
            ) from error
        if number[:2] not in COUNTRIES:
            raise ValidationError(
                _("We cannot pay to an account in this country: it is outside SEPA.")
            )
        return number


class TaxForm(forms.Form):
    """Her VAT status from today on, and consent to our issuing her invoices."""

    kind = forms.ChoiceField(
        label=_("Your VAT status"), choices=TaxProfile.Kind.choices, widget=forms.RadioSelect
    )
    legal_name = forms.CharField(
        label=_("Legal name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
        help_text=_("Street, number, postal code and town, as on an invoice."),
    )
    vat_number = forms.CharField(
        label=_("VAT number"), max_length=20, required=False, help_text=_("Only if you have one.")
    )
    self_billing = forms.BooleanField(
        label=_("Thousand may make my invoices for me (self-billing)."),
        error_messages={
            "required": _("We can only pay you if we may make the invoice. Tick this box.")
        },
    )

    def clean(self) -> dict:
        data = super().clean()
        number = data.get("vat_number", "").strip()
        if data.get("kind") in NUMBERED and not number:
            self.add_error("vat_number", _("Fill in your VAT number, or choose another status."))
        elif number:
            try:
                data["vat_number"] = vat.validate(number)
            except NotANumber:
                self.add_error(
                    "vat_number", _("This is no EU VAT number. It looks like NL001234567B01.")
                )
        return data
