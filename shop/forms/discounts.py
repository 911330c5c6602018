"""A new discount code of a brand."""

from datetime import datetime, time, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.fields import DayField, NamesField, PercentField, PriceField
from shop import products as catalogue
from shop.models import Brand, DiscountCode, Product


class DiscountForm(forms.Form):
    """What a code takes off, on what, when, and how often."""

    code = forms.RegexField(
        r"^[A-Za-z0-9-]{3,24}$",
        label=_("Code"),
        help_text=_("What shoppers type: 3 to 24 letters and digits."),
        error_messages={"invalid": _("Use 3 to 24 letters, digits and hyphens.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    percent = PercentField(
        label=_("Percent off"), required=False, min_value=1, max_value=90,
        help_text=_("Fill in this or the amount."),
    )  # fmt: skip
    amount = PriceField(
        label=_("Amount off"), required=False,
        help_text=_("VAT included. At most nine tenths of what it is on."),
    )  # fmt: skip
    minimum = PriceField(
        label=_("From an order of"), required=False,
        help_text=_("What your products in the bag cost, without delivery. Empty: any order."),
    )  # fmt: skip
    starts_on = DayField(label=_("First day"), help_text=_("Empty: from now on."))
    ends_on = DayField(label=_("Last day"), help_text=_("Empty: until you stop it."))
    most_uses = forms.IntegerField(
        label=_("Orders in total"), required=False, min_value=1, max_value=10**6,
        help_text=_("Empty: as many as come."),
    )  # fmt: skip
    most_per_shopper = forms.IntegerField(
        label=_("Orders per shopper"), required=False, min_value=1, max_value=1_000,
        help_text=_("Counted by e-mail address. Empty: as many as she likes."),
    )  # fmt: skip
    products = NamesField(
        label=_("Only on these products"), required=False,
        help_text=_("One per line: its SKU or the address of its page. Empty: on all of yours."),
    )  # fmt: skip

    def __init__(self, *args, brand: Brand, at: datetime, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.brand, self.at = brand, at
        for name in ("amount", "minimum"):
            self.fields[name].currency = brand.currency

    def clean_code(self) -> str:
        return self.cleaned_data["code"].upper()

    def clean_percent(self) -> int | None:
        percent = self.cleaned_data["percent"]
        return None if percent is None else int(percent * 100)  # basis points

    def clean_products(self) -> list[Product]:
        try:
            return catalogue.named(self.brand, self.cleaned_data["products"])
        except catalogue.NotThere as error:
            message = _("You have no product “%(word)s”.")
            raise forms.ValidationError(message % {"word": error}) from error

    def clean(self) -> dict:
        data = super().clean()
        percent, amount = data.get("percent"), data.get("amount")
        if not {"percent", "amount"} & self.errors.keys() and bool(percent) == bool(amount):
            self.add_error(
                "percent", _("Say either how many percent or which amount it takes off.")
            )
        first, last = data.get("starts_on"), data.get("ends_on")
        today = timezone.localdate(self.at)
        if last and last < max(first or today, today):
            self.add_error("ends_on", _("The last day is over, or before the first."))
        return data

    def discount(self) -> DiscountCode:
        """Return the code that was described, not stored yet."""
        data = self.cleaned_data
        first, last = data["starts_on"], data["ends_on"]
        starts_at = max(_midnight(first), self.at) if first else self.at
        return DiscountCode(
            brand=self.brand,
            code=data["code"],
            rate_bp=data["percent"] or None,
            amount=data["amount"] or None,
            minimum=data["minimum"] or 0,
            starts_at=starts_at,
            ends_at=_midnight(last + timedelta(days=1)) if last else None,
            most_uses=data["most_uses"],
            most_per_shopper=data["most_per_shopper"],
        )


def _midnight(day) -> datetime:
    """Return the beginning of a day in the market's time zone."""
    return timezone.make_aware(datetime.combine(day, time()))
