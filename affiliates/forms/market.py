"""What creators type on the market page."""

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from affiliates.forms import filters
from affiliates.market import Wanted
from config.lib.fields import PriceField
from shop.models import Category
from shop.storefront import PRICES_IN, Filters

FITTING = "for-you"
SORTS = [
    ("new", _("Newest")),
    ("earn", _("Earn per sale")),
    ("cheap", _("Lowest price")),
    ("dear", _("Highest price")),
]


class MarketForm(forms.Form):
    """Search and filters, all optional, in the address of the page."""

    q = forms.CharField(label=_("Search products and brands"), required=False, max_length=200)
    category = forms.ChoiceField(label=_("Shelf"), required=False)
    earn_min = PriceField(label=_("Earn at least, per sale"), required=False, currency=PRICES_IN)
    price_min = PriceField(label=_("Lowest price"), required=False, currency=PRICES_IN)
    price_max = PriceField(label=_("Highest price"), required=False, currency=PRICES_IN)
    invited = forms.BooleanField(label=_("I am invited"), required=False)
    available = forms.BooleanField(label=_("In stock now"), required=False)
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=SORTS)
    on = forms.ChoiceField(label=_("You post on"), required=False)

    def __init__(
        self,
        *args: object,
        shelves: Sequence[Category],
        fitting: Sequence[str] = (),
        platforms: Sequence[tuple[str, str]] = (),
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fitting = [shelf.slug for shelf in shelves if shelf.slug in fitting]
        names = [(shelf.slug, shelf.label) for shelf in shelves]
        for_her = [(FITTING, _("For you"))] if self.fitting else []
        self.fields["category"].choices = [("", _("All")), *for_her, *names]
        self.fields["on"].choices = platforms
        self.is_valid()
        asked = getattr(self, "cleaned_data", {})
        self.platform = asked.get("on") or (platforms[0][0] if platforms else "")
        narrowing = ("earn_min", "price_min", "price_max", "invited", "available")
        self.narrowed = sum(asked.get(name) not in (None, False) for name in narrowing)

    def on_now(self) -> list[str]:
        """Return the filters that are on, in words."""
        return filters.in_words(self, leave_out=("sort", "on"))

    def wanted(self) -> Wanted:
        """Return what was asked for; a field with an error filters nothing."""
        asked = self.cleaned_data
        category = asked.get("category", "")
        sort = asked.get("sort") or "new"
        narrowed = Filters(
            q=asked.get("q", ""),
            category="" if category == FITTING else category,
            price_min=asked.get("price_min"),
            price_max=asked.get("price_max"),
            sort="new" if sort == "earn" else sort,
            available=asked.get("available", False),
        )
        return Wanted(
            filters=narrowed,
            shelves=self.fitting if category == FITTING else (),
            earn_min=asked.get("earn_min"),
            invited=asked.get("invited", False),
            by_earnings=sort == "earn",
            posting_on=self.platform,
        )
