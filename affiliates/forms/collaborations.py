"""A brand's offer of commission, as it is typed."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from affiliates.models import Collaboration
from affiliates.rates import HIGHEST_BP, LOWEST_BP, SUGGESTED_BP
from config.lib.fields import NamesField, PercentField, PriceField
from shop import products as catalogue
from shop.models import Brand, Product

TERMS = ("window_days", "hold_days", "min_followers")


def percent_field(**options) -> PercentField:
    return PercentField(
        label=_("Commission in percent"),
        min_value=LOWEST_BP // 100,
        max_value=HIGHEST_BP // 100,
        help_text=_("Of the price without VAT, from 1 to 80. Many brands give 15."),
        **options,
    )


def fee_field() -> PriceField:
    return PriceField(
        label=_("A fee for one post, beside the commission"),
        required=False,
        help_text=_("Set aside when a creator says yes, paid after you approve her post."),
    )


def budget_field() -> PriceField:
    return PriceField(
        label=_("Budget for commissions"),
        required=False,
        help_text=_(
            "In all, from now on. A sale that does not fit earns the creator nothing, never a part."
            " Empty: no limit."
        ),
    )


class BudgetForm(forms.Form):
    """A new budget in the brand's currency, from now on."""

    budget = budget_field()

    def __init__(self, *args, currency: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["budget"].currency = currency


class FeeWordForm(forms.Form):
    """Why a post is not what was agreed."""

    text = forms.CharField(label=_("Why not"), required=False, max_length=1000)


class RateForm(forms.Form):
    """A new rate for a collaboration that runs."""

    percent = percent_field()

    def clean_percent(self) -> int:
        return int(self.cleaned_data["percent"] * 100)  # basis points


class ProductRateForm(RateForm):
    """A rate of their own for some of the brand's products."""

    products = NamesField(
        label=_("Products"), help_text=_("One per line: its SKU or the address of its page.")
    )
    field_order = ["products", "percent"]

    def __init__(self, *args, brand: Brand, **kwargs) -> None:
        super().__init__(*args, auto_id="own_%s", **kwargs)  # it stands beside a RateForm
        self.brand = brand
        self.fields["percent"].label = _("Their commission in percent")

    def clean_products(self) -> list[Product]:
        try:
            return catalogue.named(self.brand, self.cleaned_data["products"])
        except catalogue.NotThere as error:
            message = _("You have no product “%(word)s”.")
            raise forms.ValidationError(message % {"word": error}) from error


class TermsForm(forms.Form):
    """How long a click counts, how long a sale waits, and who may take new links."""

    window_days = forms.IntegerField(
        label=_("Days that a click counts"), min_value=1, max_value=90,
        help_text=_("From 1 to 90. Many brands give 30."),
    )  # fmt: skip
    hold_days = forms.IntegerField(
        label=_("Days from delivery until a sale clears"), min_value=15, max_value=45,
        help_text=_("From 15 to 45: the right to return and a day, or as long as you take returns."),
    )  # fmt: skip
    min_followers = forms.IntegerField(
        label=_("Followers that a creator needs"), min_value=0, max_value=10**9,
        help_text=_("On her largest channel, for new links. 0: every enrolled creator."),
    )  # fmt: skip

    def terms(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in TERMS}


class CollaborationForm(RateForm, TermsForm):
    """A new collaboration, its money in the brand's currency."""

    kind = forms.ChoiceField(
        label=_("Who may take part"),
        choices=Collaboration.Kind.choices,
        widget=forms.RadioSelect,
        initial=Collaboration.Kind.OPEN,
    )
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Creators see it. Such as: Autumn breads.")
    )
    percent = percent_field(initial=SUGGESTED_BP // 100)
    message = forms.CharField(
        label=_("What you ask of creators"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Plain text: what matters about your products, what to show, what to leave."),
    )
    other_programme = forms.ChoiceField(
        label=_("If your own affiliate programme claims the same order"),
        choices=Collaboration.OtherProgramme.choices,
        help_text=_("Creators see this before they take a link."),
    )
    show_amount = forms.BooleanField(
        label=_("Shoppers may see the commission in money"), required=False
    )
    flat_fee = fee_field()
    budget = budget_field()
    field_order = [
        "kind", "name", "percent", "flat_fee", "budget", "message", "other_programme",
        "show_amount",
    ]  # fmt: skip

    def __init__(self, *args, currency: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in TERMS:  # what is left empty is what most brands give
            self.fields[name].required = False
            self.fields[name].initial = Collaboration._meta.get_field(name).default
        for name in ("flat_fee", "budget"):
            self.fields[name].currency = currency

    def clean(self) -> dict:
        data = super().clean()
        if data.get("flat_fee") and data.get("kind") == Collaboration.Kind.OPEN:
            self.add_error("flat_fee", _("A fee is for creators you choose: not for all."))
        return data

    def terms(self) -> dict[str, object]:
        """Return what `collaborations.create` takes beside the rate."""
        data = self.cleaned_data
        return {
            name: data[name]
            for name in ("kind", "name", "message", "other_programme", "show_amount")
        } | {
            name: self.fields[name].initial if data[name] is None else data[name] for name in TERMS
        } | {
            "rate_bp": data["percent"], "flat_fee": data["flat_fee"] or 0,
            "budget": data["budget"],
        }  # fmt: skip
