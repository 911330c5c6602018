"""Fields that forms of every app use."""

from datetime import date

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from config.lib import money


class PriceField(forms.CharField):
    """An amount as a person types it (`34,50`, `1.240,50`); cleans to minor units or None.

    What was typed means nothing without its currency: give it here, or set it in the form's
    `__init__` where it is a brand's. A field without one raises LookupError.
    """

    def __init__(self, *, currency: str | None = None, **kwargs) -> None:
        self._currency = currency
        super().__init__(**{"max_length": 20, **kwargs})
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    @property
    def currency(self) -> str:
        if self._currency is None:
            raise LookupError(f"the field “{self.label}” was given no currency")
        return self._currency

    @currency.setter
    def currency(self, code: str) -> None:
        self._currency = code

    def clean(self, value):
        text, currency = super().clean(value), self.currency
        if not text:
            return None
        try:
            return money.typed(text, currency)
        except money.TwoReadings as error:
            raise forms.ValidationError(str(error)) from error
        except money.BadAmount as error:
            raise forms.ValidationError(_("Write an amount like 34.50 or 34,50.")) from error

    def prepare_value(self, value):
        """Return what stands in the field, with the language's decimal sign."""
        if not isinstance(value, int):
            return value
        return number_format(money.decimal(value, self.currency))


class NamesField(forms.CharField):
    """Names or addresses, one on each line; cleans to the last part of each, as a list."""

    MOST = 100

    def __init__(self, **kwargs) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
        super().__init__(**{"max_length": 20_000, "widget": widget, **kwargs})

    def clean(self, value) -> list[str]:
        words = [line.strip() for line in super().clean(value).splitlines()]
        words = [word.partition("?")[0].rstrip("/").rpartition("/")[2] for word in words if word]
        if len(words) > self.MOST:
            raise forms.ValidationError(_("Name at most 100 products."))
        return words


class DayField(forms.DateField):
    """A day of our century: every sum with it stays a date."""

    FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)

    def __init__(self, **kwargs) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(**{"widget": widget, "required": False, **kwargs})

    def clean(self, value):
        day = super().clean(value)
        if day is not None and not self.FIRST <= day <= self.LAST:
            raise forms.ValidationError(_("Choose a day between 2000 and 2099."))
        return day


class PercentField(forms.DecimalField):
    """Percents as a person types them, in any language: `12.5`, `12,5` or `12,5 %`."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**{"decimal_places": 2, "localize": True, **kwargs})

    def to_python(self, value):
        if isinstance(value, str):
            value = value.strip().removesuffix("%").strip().replace(",", ".")
        return super().to_python(value)
