"""What a brand pays in."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import money

LEAST, MOST = 10, 100_000  # whole units of the currency


class TopUpForm(forms.Form):
    """An amount in the brand's currency."""

    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=16,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, currency: str, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        unit = 10 ** money.exponent(currency)
        self.least, self.most = LEAST * unit, MOST * unit
        self.fields["amount"].help_text = _("In %(currency)s, from %(least)s.") % {
            "currency": currency, "least": money.display(self.least, currency),
        }  # fmt: skip

    def clean_amount(self) -> int:
        """Return minor units."""
        try:
            amount = money.parse(self.cleaned_data["amount"], self.currency)
        except money.BadAmount as error:
            raise ValidationError(_("Write the amount like 250.00.")) from error
        if not self.least <= amount <= self.most:
            raise ValidationError(
                _("Pay in between %(least)s and %(most)s.")
                % {
                    "least": money.display(self.least, self.currency),
                    "most": money.display(self.most, self.currency),
                }
            )
        return amount
