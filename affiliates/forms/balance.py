"""What a brand pays in."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import money
from config.lib.fields import PriceField

LEAST, MOST = 10, 100_000  # whole units of the currency


class TopUpForm(forms.Form):
    """An amount in the brand's currency."""

    amount = PriceField(label=gettext_lazy("Amount"))

    def __init__(self, currency: str, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.currency = self.fields["amount"].currency = currency
        unit = 10 ** money.exponent(currency)
        self.least, self.most = LEAST * unit, MOST * unit
        self.fields["amount"].help_text = _("In %(currency)s, from %(least)s.") % {
            "currency": currency, "least": money.display(self.least, currency),
        }  # fmt: skip

    def clean_amount(self) -> int:
        """Return minor units."""
        amount = self.cleaned_data["amount"]
        if not self.least <= amount <= self.most:
            raise ValidationError(
                _("Pay in between %(least)s and %(most)s.")
                % {
                    "least": money.display(self.least, self.currency),
                    "most": money.display(self.most, self.currency),
                }
            )
        return amount
