"""Where an order goes and who gets the confirmation."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.bag import BagPart
from shop.checkout import Buyer
from shop.countries import COUNTRIES

POSTAL_CODES = {  # countries whose form we are sure of
    "NL": (r"[1-9][0-9]{3} ?[A-Z]{2}", "3511 AB"),
    "BE": (r"[1-9][0-9]{3}", "2000"),
    "DE": (r"[0-9]{5}", "10115"),
    "FR": (r"[0-9]{5}", "75001"),
    "AT": (r"[1-9][0-9]{3}", "1010"),
    "LU": (r"[0-9]{4}", "1111"),
    "ES": (r"[0-9]{5}", "28001"),
    "IT": (r"[0-9]{5}", "00118"),
    "DK": (r"[0-9]{4}", "1050"),
}


class CheckoutForm(forms.Form):
    """Guest checkout; `total` is what the shopper saw, in minor units."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("For your confirmation. You need no account."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    address = forms.CharField(
        label=_("Street and house number"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    postal_code = forms.CharField(
        label=_("Postal code"),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    city = forms.CharField(
        label=_("Town or city"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )
    country = forms.ChoiceField(
        label=_("Country"),
        choices=COUNTRIES,
        initial="NL",
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=32,
        required=False,
        help_text=_("Only for the parcel service."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    creator_code = forms.CharField(
        label=_("Code of a creator"),
        max_length=40,
        required=False,
        help_text=_("If somebody gave you a code, she earns a commission. You pay nothing extra."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    discount_code = forms.CharField(
        label=_("Discount code of a brand"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    total = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**15)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(
        self, *args, find_code: Callable[[str], Any], parts: Sequence[BagPart] = (), **kwargs
    ) -> None:
        """`find_code` says whose code a word is: something with `code`, or None.

        Each of `parts` that can come in several ways asks which.
        """
        super().__init__(*args, **kwargs)
        self.find_code = find_code
        self.parts = [part for part in parts if part.choices]
        for part in self.parts:
            self.fields[f"delivery_{part.brand.pk}"] = forms.TypedChoiceField(
                label=_("Delivery by %(name)s") % {"name": part.brand.name},
                choices=[(str(way.key), way.label) for way in part.ways],
                coerce=int,
                initial=str(part.way.key),
                widget=forms.RadioSelect,
            )

    def ways(self) -> dict[int, int]:
        """Return the key of the chosen way by brand, of those that were chosen well."""
        names = {part.brand.pk: f"delivery_{part.brand.pk}" for part in self.parts}
        data = getattr(self, "cleaned_data", {})
        return {brand: data[name] for brand, name in names.items() if name in data}

    def clean_creator_code(self) -> str:
        typed = self.cleaned_data["creator_code"].strip()
        if not typed:
            return ""
        found = self.find_code(typed)
        if found is None:
            message = _("Nobody has the code %(code)s. Look at how it is spelled, or leave it out.")
            raise forms.ValidationError(message % {"code": typed})
        return found.code

    def clean(self) -> dict:
        data = super().clean()
        pattern, example = POSTAL_CODES.get(data.get("country", ""), (None, ""))
        code = (data.get("postal_code") or "").strip().upper()
        if pattern and code and not re.fullmatch(pattern, code, re.ASCII):
            message = _("A postal code there looks like %(example)s.") % {"example": example}
            self.add_error("postal_code", message)
        if code:
            data["postal_code"] = code
        return data

    def buyer(self, *, user, language: str) -> Buyer:
        """Return who orders."""
        data = self.cleaned_data
        names = ["email", "name", "address", "postal_code", "city", "country", "phone"]
        fields = {name: data[name] for name in names}
        return Buyer(**fields, language=language, user=user if user.is_authenticated else None)
