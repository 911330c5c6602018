"""The shop's search and filters, and what goes into a bag."""

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.fields import PriceField
from shop.models import Category
from shop.storefront import PRICES_IN, SORTS, Filters

SORT_LABELS = {
    "new": _("Newest first"),
    "cheap": _("Lowest price first"),
    "dear": _("Highest price first"),
}


class FilterForm(forms.Form):
    """The filters of the shop; anything that makes no sense is told and left out."""

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    category = forms.ChoiceField(label=_("Shelf"), required=False)
    price_min = PriceField(label=_("Price from"), required=False, currency=PRICES_IN)
    price_max = PriceField(label=_("Price to"), required=False, currency=PRICES_IN)
    available = forms.BooleanField(label=_("In stock only"), required=False)
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=SORT_LABELS.items())

    def __init__(self, data, *, shelves: list[Category]) -> None:
        super().__init__(data)
        self.shelves = shelves
        choices = [(shelf.slug, shelf.label) for shelf in shelves]
        self.fields["category"].choices = [("", _("All shelves")), *choices]

    def on(self) -> list[str]:
        """Return in words which filters narrow the list, for a page that found nothing."""
        data = self.cleaned_data
        words = [dict(self.fields["category"].choices).get(data.get("category") or None)]
        for name in ("price_min", "price_max"):
            if data.get(name) is not None:
                words.append(f"{self.fields[name].label} {self[name].value()}")
        if data.get("available"):
            words.append(self.fields["available"].label)
        return [str(word) for word in words if word]

    def filters(self, brand: str = "") -> Filters:
        """Return the filters that are valid."""
        self.full_clean()
        data = self.cleaned_data
        sort = data.get("sort") or "new"
        return Filters(
            q=data.get("q", ""),
            category=data.get("category", ""),
            brand=brand,
            price_min=data.get("price_min"),
            price_max=data.get("price_max"),
            sort=sort if sort in SORTS else "new",
            available=data.get("available", False),
        )


class AddForm(forms.Form):
    """Which variant goes into the bag, and how often."""

    variant = forms.IntegerField(min_value=1, max_value=2**62)
    quantity = forms.IntegerField(min_value=1, max_value=99, required=False)

    def clean_quantity(self) -> int:
        return self.cleaned_data.get("quantity") or 1
