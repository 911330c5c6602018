"""A brand's offer of commission, as it is typed."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from affiliates.models import Collaboration
from affiliates.rates import HIGHEST_BP, LOWEST_BP, SUGGESTED_BP
from config.lib.fields import PercentField, PriceField


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
    """A new budget, from now on."""

    budget = budget_field()


class FeeWordForm(forms.Form):
    """Why a post is not what was agreed."""

    text = forms.CharField(label=_("Why not"), required=False, max_length=1000)


class RateForm(forms.Form):
    """A new rate for a collaboration that runs."""

    percent = percent_field()

    def clean_percent(self) -> int:
        return int(self.cleaned_data["percent"] * 100)  # basis points


class CollaborationForm(RateForm):
    """A new collaboration."""

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
        label=_("Shoppers may see the commission in euros"), required=False
    )
    flat_fee = fee_field()
    budget = budget_field()
    field_order = [
        "kind", "name", "percent", "flat_fee", "budget", "message", "other_programme",
        "show_amount",
    ]  # fmt: skip

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
            "rate_bp": data["percent"], "flat_fee": data["flat_fee"] or 0,
            "budget": data["budget"],
        }  # fmt: skip
