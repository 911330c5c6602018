"""What a sale costs: the calculator on the brands' page."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.lib import money


class CalculatorForm(forms.Form):
    """A price in euros, VAT included, and a commission in percent."""

    price = forms.CharField(label=_("Price in your shop, with VAT"), max_length=12)
    percent = forms.DecimalField(
        label=_("Commission in percent"), min_value=1, max_value=80, decimal_places=2, localize=True
    )

    def clean_price(self) -> int:
        """Return the price in cents."""
        try:
            amount = money.parse(self.cleaned_data["price"], "EUR")
        except money.BadAmount as error:
            raise ValidationError(str(error)) from error
        if amount == 0:
            raise ValidationError(_("Give a price above zero."))
        return amount

    def clean_percent(self) -> int:
        return int(self.cleaned_data["percent"] * 100)  # basis points
