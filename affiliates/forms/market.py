"""What creators type on the market page."""

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.fields import PriceField
from shop.models import Category
from shop.storefront import Filters

SORTS = [("new", _("Newest")), ("cheap", _("Lowest price")), ("dear", _("Highest price"))]


class MarketForm(forms.Form):
    """Search and filters, all optional, in the address of the page."""

    q = forms.CharField(label=_("Search products and brands"), required=False, max_length=200)
    category = forms.ChoiceField(label=_("Shelf"), required=False)
    price_min = PriceField(label=_("Lowest price"), required=False)
    price_max = PriceField(label=_("Highest price"), required=False)
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=SORTS)

    def __init__(self, *args: object, shelves: Sequence[Category], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        names = [(shelf.slug, shelf.label) for shelf in shelves]
        self.fields["category"].choices = [("", _("All shelves")), *names]

    def filters(self) -> Filters:
        """Return what was asked for; a field with an error filters nothing."""
        self.is_valid()
        asked = self.cleaned_data
        return Filters(
            q=asked.get("q", ""),
            category=asked.get("category", ""),
            price_min=asked.get("price_min"),
            price_max=asked.get("price_max"),
            sort=asked.get("sort") or "new",
        )
