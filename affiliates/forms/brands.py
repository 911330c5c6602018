"""What a sale costs: the calculator on the brands' page."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.lib.fields import PercentField, PriceField


class CalculatorForm(forms.Form):
    """A price in euros, VAT included, and a commission in percent."""

    price = PriceField(label=_("Price in your shop, with VAT"), currency="EUR")
    percent = PercentField(label=_("Commission in percent"), min_value=1, max_value=80)

    def clean_price(self) -> int:
        """Return the price in cents."""
        amount = self.cleaned_data["price"]
        if amount == 0:
            raise ValidationError(_("Give a price above zero."))
        return amount

    def clean_percent(self) -> int:
        return int(self.cleaned_data["percent"] * 100)  # basis points
