"""An invitation, of one creator or of many."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from affiliates import clock
from affiliates.forms.collaborations import budget_field, fee_field, percent_field
from affiliates.models import Collaboration
from affiliates.rates import SUGGESTED_BP
from config.lib.fields import DayField
from shop.models import Brand


def ids_in(query: QueryDict) -> list[int]:
    """Return the creators that are ticked (`c`), each once; what is no number is left out."""
    found = [word for word in query.getlist("c") if word.isascii() and word.isdigit()]
    return list(dict.fromkeys(int(word[:18]) for word in found))


def invited_to(brand: Brand, at: datetime):
    """Return the collaborations of `brand` that one can be invited to."""
    running = Collaboration.objects.running(at).filter(brand=brand)
    return running.exclude(kind=Collaboration.Kind.OPEN)


class InviteForm(forms.Form):
    """An invitation of one creator to a collaboration that is not open to all."""

    collaboration = forms.ModelChoiceField(
        label=_("Collaboration"), queryset=Collaboration.objects.none(), empty_label=None
    )
    message = forms.CharField(
        label=_("Your message"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Plain text. Say why her audience fits what you make."),
    )

    def __init__(self, *args, brand, at, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["collaboration"].queryset = invited_to(brand, at)


def _begins_with(asked: QueryDict) -> dict[str, object]:
    """Return what a plan that was accepted proposes: name, percent, budget (minor units)."""
    found: dict[str, object] = {
        key: asked[key][:80] for key in ("name", "percent") if asked.get(key)
    }
    budget = asked.get("budget", "")
    if budget.isascii() and budget.isdigit() and int(budget[:18]) > 0:
        found["budget"] = int(budget[:18])
    return found


class InviteManyForm(InviteForm):
    """One message for many, to a collaboration that runs or to a new one with its own dates."""

    collaboration = forms.ModelChoiceField(
        label=_("Collaboration"),
        queryset=Collaboration.objects.none(),
        empty_label=_("a new one, as below"),
        required=False,
    )
    name = forms.CharField(
        label=_("Name of the new one"),
        required=False,
        max_length=80,
        help_text=_("Creators see it. Such as: Autumn breads."),
    )
    percent = percent_field(initial=SUGGESTED_BP // 100, required=False)
    starts_on = DayField(
        label=_("From"),
        help_text=_("Leave it empty to begin at once."),
    )
    ends_on = DayField(
        label=_("Up to and including"),
        help_text=_(
            "Orders count until then, also those of earlier clicks. Leave it empty for no end."
        ),
    )
    flat_fee = fee_field()
    budget = budget_field()
    field_order = [
        "collaboration", "name", "percent", "flat_fee", "budget", "starts_on", "ends_on",
        "message",
    ]  # fmt: skip

    def __init__(self, *args, brand: Brand, at: datetime, asked: QueryDict | None = None, **kwargs):
        initial = _begins_with(asked or QueryDict())
        super().__init__(*args, brand=brand, at=at, initial=initial, **kwargs)
        self.at = at
        for name in ("flat_fee", "budget"):
            self.fields[name].currency = brand.currency

    def clean(self) -> dict:
        data = super().clean()
        if data.get("collaboration"):
            return data
        today = clock.local_day(self.at)
        if not data.get("name") and "name" not in self.errors:
            self.add_error("name", _("Give the new collaboration a name."))
        if data.get("percent") is None and "percent" not in self.errors:
            self.add_error("percent", _("Say what a sale pays, in percent."))
        starts, ends = data.get("starts_on"), data.get("ends_on")
        if starts and starts < today:
            self.add_error("starts_on", _("This day is over. Choose today or later."))
        if ends and ends < max(starts or today, today):
            self.add_error("ends_on", _("It would end before it begins. Choose a later day."))
        return data

    def terms(self) -> dict[str, object]:
        """Return what `collaborations.create` takes for the new one."""
        data = self.cleaned_data
        starts, ends = data["starts_on"], data["ends_on"]
        later = starts and starts > clock.local_day(self.at)
        return {
            "name": data["name"],
            "rate_bp": int(data["percent"] * 100),
            "flat_fee": data["flat_fee"] or 0,
            "budget": data["budget"],
            "starts_at": clock.midnight(starts) if later else self.at,
            "ends_at": clock.midnight(ends + timedelta(days=1)) if ends else None,
        }
