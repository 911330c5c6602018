"""Where a creator's money goes, and her tax status."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum import iban
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as NotANumber

from affiliates import tins
from affiliates.models import BrandTaxIdentity, TaxIdentity, TaxProfile
from affiliates.rails.sepa import COUNTRIES
from affiliates.vatnumbers import NUMBERED
from config.lib.local import country
from creators import profiles

OLDEST = date(1900, 1, 1)


def tax_countries() -> list[tuple[str, str]]:
    """Return every country that creators join from, the Netherlands first, then by name."""
    named = [(code, country(code)) for code in profiles.COUNTRIES]
    return sorted(named, key=lambda pair: (pair[0] != "NL", pair[1]))


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


class TinForm(forms.Form):
    """A tax number and its country; `known` is kept while the number is left empty."""

    tin_country = forms.ChoiceField(label=_("Country that you pay tax in"), choices=tax_countries)
    tin = forms.CharField(
        label=_("Tax number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    tin_hint = _("In the Netherlands your citizen service number (BSN).")

    def __init__(
        self, *args, known: TaxIdentity | BrandTaxIdentity | None = None, **kwargs
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.known = known if known and known.tin else None
        self.fields["tin"].help_text = (
            _("We have %s. Leave this empty to keep it.") % self.known.masked
            if self.known
            else self.tin_hint
        )

    def compact(self, text: str, where: str) -> str:
        """Return the number as it is stored. Raises tins.NotATin."""
        return tins.clean(text, where)

    def clean(self) -> dict:
        data = super().clean()
        text, where = data.get("tin", "").strip(), data.get("tin_country", "")
        if not text and self.known and self.known.tin_country == where:
            data["tin"] = self.known.tin
        elif not text:
            self.add_error("tin", _("Fill in your tax number. Without it we may not pay you."))
        elif where:
            try:
                data["tin"] = self.compact(text, where)
            except tins.NotATin:
                self.add_error("tin", _("This is no tax number of that country. Check the digits."))
        return data


def birth_day(day: date) -> date:
    """Return a day on which somebody living was born. Raises ValidationError."""
    if not OLDEST <= day < date.today():  # noqa: DTZ011 (a day, anywhere)
        raise ValidationError(_("Fill in the day on which you were born."))
    return day


class TaxForm(TinForm):
    """Her VAT status from today on, who she is to the tax office, and consent to self-billing.

    `known`: what she told before.
    """

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
    birth_on = forms.DateField(
        label=_("Date of birth"),
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
    )
    self_billing = forms.BooleanField(
        label=_("Thousand may make my invoices for me (self-billing)."),
        error_messages={
            "required": _("We can only pay you if we may make the invoice. Tick this box.")
        },
    )

    def clean_birth_on(self) -> date:
        return birth_day(self.cleaned_data["birth_on"])

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


class BrandTaxForm(TinForm):
    """What the tax office knows a brand by."""

    kind = forms.ChoiceField(
        label=_("The brand is"), choices=BrandTaxIdentity.Kind.choices, widget=forms.RadioSelect,
        initial=BrandTaxIdentity.Kind.ENTITY,
    )  # fmt: skip
    birth_on = forms.DateField(
        label=_("Date of birth"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
        help_text=_("Only if the brand is one person."),
    )
    tin_hint = _("In the Netherlands the RSIN of a company, or the BSN of a person.")

    def compact(self, text: str, where: str) -> str:
        is_person = self.cleaned_data.get("kind") == BrandTaxIdentity.Kind.PERSON
        return tins.clean(text, where) if is_person else tins.clean_entity(text, where)

    def clean_birth_on(self) -> date | None:
        day = self.cleaned_data["birth_on"]
        return birth_day(day) if day else None

    def clean(self) -> dict:
        data = super().clean()
        is_person = data.get("kind") == BrandTaxIdentity.Kind.PERSON
        if is_person and not data.get("birth_on") and "birth_on" not in self.errors:
            self.add_error("birth_on", _("Fill in the day on which you were born."))
        return data
