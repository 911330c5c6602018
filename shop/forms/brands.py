"""A trader's details, shipping and what its products start with."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.fields import PriceField
from shop import brands
from shop.countries import COUNTRIES
from shop.models import Brand, Category, DeliveryOption
from shop.models.brands import SellsAt, TaxClass

# As people write one, with six digits at least.
PHONE = re.compile(r"\+?(?:[ ()./-]*[0-9]){6,15}[ )]*", re.ASCII)


def days_field(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=60)


def check_days(form: forms.ModelForm, first: str, last: str) -> None:
    """A promise has its last day, and ends no sooner than it begins."""
    days_from, days_to = form.cleaned_data.get(first), form.cleaned_data.get(last)
    if days_from is not None and days_to is None and last not in form.errors:
        form.add_error(last, _("Say the last day too, or leave both empty."))
    elif days_from is not None and days_to is not None and days_to < days_from:
        form.add_error(last, _("This is sooner than the first day."))


class TraderForm(forms.ModelForm):
    """What every page about a brand asks: the trader (EU DSA art. 30) and the defaults."""

    country = forms.ChoiceField(label=_("Country"), choices=COUNTRIES)
    category = forms.ModelChoiceField(
        label=_("Shelf for products whose shelf we cannot tell"),
        queryset=Category.objects.filter(is_blocked=False),
        required=False,
        empty_label=_("none: they stay drafts"),
    )
    tax_class = forms.ChoiceField(
        label=_("VAT of most of your products"),
        choices=[*TaxClass.choices, ("", _("it differs: I say it at each product"))],
        required=False,
    )
    made_by = forms.ChoiceField(
        label=_("Who makes your products?"),
        choices=Brand.MadeBy.choices,
        required=False,
        help_text=_("EU law wants shoppers to see the manufacturer and where to write to."),
    )

    class Meta:
        model = Brand
        fields = [
            "name", "description", "legal_name", "address", "postal_code", "city", "country",
            "email", "phone", "register_number", "vat_number", "tax_class", "category",
            "made_by",
        ]  # fmt: skip
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "legal_name": _("As it stands in the trade register."),
            "email": _("Shoppers see it and send questions there."),
            "phone": _("Shoppers see it. EU law asks for it where you sell here."),
            "vat_number": _("Leave it empty if you have none."),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in brands.NEEDED:
            self.fields[name].required = True
        complete = {"name": "organization", "address": "street-address", "city": "address-level2"}
        complete |= {"postal_code": "postal-code", "email": "email", "phone": "tel"}
        for name, token in complete.items():
            self.fields[name].widget.attrs["autocomplete"] = token

    @property
    def sells_here(self) -> bool:
        return self.instance.sells_at != SellsAt.OWN_SHOP

    def clean_phone(self) -> str:
        phone = " ".join(self.cleaned_data["phone"].split())
        if phone and not PHONE.fullmatch(phone):
            raise forms.ValidationError(_("Write it as one dials it, such as +31 75 612 3456."))
        return phone

    def clean_made_by(self) -> str:
        return self.cleaned_data["made_by"] or self.instance.made_by

    def clean(self) -> dict:
        data = super().clean()
        if self.sells_here and not data.get("phone") and "phone" not in self.errors:
            self.add_error("phone", _("Tell where shoppers can call you: you sell to them here."))
        try:
            data["vat_number"] = brands.vat_number(
                data.get("vat_number") or "", data.get("country") or ""
            )
        except brands.BadVatNumber:
            self.add_error(
                "vat_number",
                _("This VAT number cannot be right. Check the digits, or leave it empty."),
            )
        return data


class JoinForm(TraderForm):
    """The first page of a new brand."""

    field_order = ["sells_at"]  # known before the trader's details are judged by it

    sells_at = forms.ChoiceField(
        label=_("Where do shoppers pay?"),
        choices=SellsAt.choices,
        initial=SellsAt.HERE,
        widget=forms.RadioSelect,
    )
    currency = forms.ChoiceField(
        label=_("Currency of your prices"), initial="EUR",
        choices=lambda: [(code, code) for code in brands.currencies()],
        help_text=_("Those in which creators can be paid here."),
    )  # fmt: skip
    certified = forms.BooleanField(
        label=_("I only offer products that follow EU law, and these details are true."),
    )
    terms = forms.BooleanField(
        label=_("I accept the terms for brands, and that Thousand writes my invoices for me."),
    )

    class Meta(TraderForm.Meta):
        fields = [*TraderForm.Meta.fields, "sells_at", "currency"]

    @property
    def sells_here(self) -> bool:
        return self.cleaned_data.get("sells_at") != SellsAt.OWN_SHOP


class SettingsForm(TraderForm):
    """What a brand may change later: its details, shipping and returns."""

    shipping_price = PriceField(
        label=_("Shipping per order"), help_text=_("VAT included. 0 is free.")
    )
    free_shipping_from = PriceField(
        label=_("Free shipping from"), required=False, help_text=_("Leave it empty for never.")
    )
    delivery_days_from = days_field(_("Days to deliver, from"))
    delivery_days_to = days_field(_("Days to deliver, to"))
    ships_to = forms.MultipleChoiceField(
        label=_("Countries you ship to"),
        choices=COUNTRIES,
        required=False,
        help_text=_("Choose none to ship to all of the EU."),
        widget=forms.CheckboxSelectMultiple,
    )
    return_days = forms.IntegerField(
        label=_("Days to return"), min_value=14, max_value=100, help_text=_("14 by law, or more.")
    )

    class Meta(TraderForm.Meta):
        fields = [
            *TraderForm.Meta.fields, "shipping_price", "free_shipping_from",
            "delivery_days_from", "delivery_days_to", "ships_to", "return_days", "return_address",
            "pays_return",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in ("shipping_price", "free_shipping_from"):
            self.fields[name].currency = self.instance.currency

    def clean_shipping_price(self) -> int:
        return self.cleaned_data["shipping_price"] or 0

    def clean(self) -> dict:
        data = super().clean()
        check_days(self, "delivery_days_from", "delivery_days_to")
        return data


class DeliveryForm(forms.ModelForm):
    """One more way to deliver."""

    price = PriceField(label=_("Price"), help_text=_("VAT included. 0 is free."))
    free_from = PriceField(
        label=_("Free from"), required=False, help_text=_("Leave it empty for never.")
    )
    days_from = days_field(_("Days to deliver, from"))
    days_to = days_field(_("Days to deliver, to"))

    class Meta:
        model = DeliveryOption
        fields = ["name", "price", "free_from", "days_from", "days_to"]
        help_texts = {"name": _("Shoppers read it. Such as: Pick-up point.")}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in ("price", "free_from"):
            self.fields[name].currency = self.instance.brand.currency

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        same = DeliveryOption.objects.filter(brand=self.instance.brand, name=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("You have a way with this name already."))
        return name

    def clean(self) -> dict:
        data = super().clean()
        check_days(self, "days_from", "days_to")
        return data
