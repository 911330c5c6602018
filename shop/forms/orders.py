"""Parcels, refunds and returns."""

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.fields import DayField, PriceField


class ShipForm(forms.Form):
    """One parcel: what is in it, and how it can be followed."""

    carrier = forms.CharField(label=_("Carrier"), required=False, max_length=40)
    code = forms.CharField(label=_("Tracking number"), required=False, max_length=60)
    track_url = forms.URLField(
        label=_("Address to follow the parcel"),
        required=False,
        max_length=300,
        assume_scheme="https",
        error_messages={"invalid": _("This is no web address. Nothing was changed.")},
    )

    def __init__(self, *args, left=None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.left = left or {}
        for line, count in self.left.items():
            self.fields[f"line_{line.pk}"] = forms.TypedChoiceField(
                label=str(line.title), coerce=int, initial=count, required=False,
                choices=[(n, str(n)) for n in range(count + 1)], empty_value=count,
            )  # fmt: skip

    def pieces(self):
        """The fields of what is in it."""
        return [self[f"line_{line.pk}"] for line in self.left]

    def quantities(self) -> dict[int, int]:
        return {line.pk: self.cleaned_data[f"line_{line.pk}"] for line in self.left}

    def clean(self) -> dict:
        data = super().clean()
        if self.left and not self.errors and not any(self.quantities().values()):
            raise forms.ValidationError(_("Choose at least one piece that is in the parcel."))
        return data


class PeriodForm(forms.Form):
    """The days of the orders that a brand takes out."""

    first = DayField(label=_("From"))
    last = DayField(label=_("To"))

    def clean(self) -> dict:
        data = super().clean()
        first, last = data.get("first"), data.get("last")
        if first and last and first > last:
            raise forms.ValidationError(_("The first day is after the last one."))
        return data


class RefundForm(forms.Form):
    """How much goes back; empty: everything that is left."""

    amount = PriceField(
        label=_("Amount"), required=False, help_text=_("Leave it empty to give everything back.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)
    key = forms.CharField(widget=forms.HiddenInput, max_length=60)

    def __init__(self, *args, currency: str, left: int, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].currency = currency
        self.left = left

    def clean_amount(self) -> int:
        amount = self.cleaned_data["amount"]
        amount = self.left if amount is None else amount
        if not 0 < amount <= self.left:
            raise forms.ValidationError(_("This is more than is left of the order, or nothing."))
        return amount


class WithdrawForm(forms.Form):
    """How many of each line come back; step one of two."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        required=False,
        help_text=_("You need not give one."),
    )

    def __init__(self, *args, left, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.left = left
        for line, count in left.items():
            self.fields[f"line_{line.pk}"] = forms.TypedChoiceField(
                label=str(line), coerce=int, initial=count,
                choices=[(n, str(n)) for n in range(count + 1)],
            )  # fmt: skip
        self.order_fields([*(f"line_{line.pk}" for line in left), "reason"])

    def quantities(self) -> dict[int, int]:
        return {line.pk: self.cleaned_data[f"line_{line.pk}"] for line in self.left}

    def clean(self) -> dict:
        data = super().clean()
        if not self.errors and not any(data.get(f"line_{line.pk}") for line in self.left):
            raise forms.ValidationError(_("Choose at least one piece to send back."))
        return data


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )
