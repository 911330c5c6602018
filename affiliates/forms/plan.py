"""What a brand wants of a plan."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.forms.collaborations import percent_field
from affiliates.forms.discover import ANY, COUNTRIES, COUNTRY_NAMES
from affiliates.models import Collaboration
from affiliates.plans import Asked
from affiliates.rates import SUGGESTED_BP
from config.lib import money
from config.lib.fields import PriceField
from creators.models import Niche
from shop.models import Brand

LEAST, MOST = 10, 1_000_000  # whole units of the currency
GOALS = [
    ("sales", gettext_lazy("Most sales")),
    ("clicks", gettext_lazy("Most visits")),
    ("reach", gettext_lazy("Most people who react")),
]


class PlanForm(forms.Form):
    """Goal, subjects, country and money; a plan is reckoned for 90 days."""

    goal = forms.ChoiceField(
        label=gettext_lazy("What counts most"), choices=GOALS, widget=forms.RadioSelect,
        initial="sales",
    )  # fmt: skip
    budget = PriceField(label=gettext_lazy("Budget for 90 days"))
    niches = forms.MultipleChoiceField(
        label=gettext_lazy("Subjects"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Choose none to look at all."),
    )  # fmt: skip
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        required=False,
        choices=[ANY, *((code, COUNTRY_NAMES[code]) for code in COUNTRIES)],
    )
    percent = percent_field()
    sample = PriceField(
        label=gettext_lazy("What a sample costs you"), required=False,
        help_text=gettext_lazy("What you send to each creator, with postage. Leave it empty for none."),
    )  # fmt: skip
    most = forms.IntegerField(
        label=gettext_lazy("Creators that you can look after"), min_value=1, max_value=100,
        initial=20,
    )  # fmt: skip
    cap_percent = forms.IntegerField(
        label=gettext_lazy("At most on one platform, in percent of the reach"),
        min_value=25, max_value=100, initial=50,
        help_text=gettext_lazy("So that a ban of one platform leaves you the rest."),
    )  # fmt: skip

    def __init__(self, data=None, *, brand: Brand, niches: list[Niche]) -> None:
        open_one = Collaboration.objects.filter(brand=brand, kind="open", ends_at=None).first()
        rate = open_one.rate_bp if open_one else SUGGESTED_BP
        super().__init__(data, initial={"percent": rate / 100})
        self.currency = brand.currency
        for name in ("budget", "sample"):
            self.fields[name].currency = brand.currency
        self.fields["niches"].choices = [(one.slug, one.label) for one in niches]

    def clean_budget(self) -> int:
        """Return minor units."""
        amount, unit = self.cleaned_data["budget"], 10 ** money.exponent(self.currency)
        if not LEAST * unit <= amount <= MOST * unit:
            raise ValidationError(
                _("Plan with between %(least)s and %(most)s.")
                % {
                    "least": money.display(LEAST * unit, self.currency),
                    "most": money.display(MOST * unit, self.currency),
                }
            )
        return amount

    def clean_sample(self) -> int:
        """Return minor units."""
        return self.cleaned_data["sample"] or 0

    def asked(self) -> Asked:
        data = self.cleaned_data
        return Asked(
            goal=data["goal"], budget=data["budget"], rate_bp=int(data["percent"] * 100),
            niches=data["niches"], country=data["country"], sample=data["sample"],
            most=data["most"], cap_percent=data["cap_percent"],
        )  # fmt: skip
