"""What is rehearsed."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from affiliates import clock
from affiliates.drill import LENGTH, LONGEST, Asked
from affiliates.forms.discover import COUNTRIES, COUNTRY_NAMES
from config.lib.fields import DayField
from creators.models import Creator, Platform
from shop.models import Brand


class DrillForm(forms.Form):
    """A platform that goes, for the creators of a country or all, from a day on."""

    gone = forms.ChoiceField(
        label=_("Platform"), choices=Platform.choices, widget=forms.RadioSelect
    )
    country = forms.ChoiceField(
        label=_("Creators in"), required=False,
        choices=[("", _("all countries")), *((code, COUNTRY_NAMES[code]) for code in COUNTRIES)],
    )  # fmt: skip
    start = DayField(label=_("From"))
    days = forms.IntegerField(
        label=_("Days without it"), required=False, min_value=1, max_value=LONGEST
    )

    def __init__(self, data, largest: str) -> None:
        """Fill what is not asked: the largest platform, tomorrow, four weeks."""
        tomorrow = clock.local_day(timezone.now()) + timedelta(days=1)
        usual = {"gone": largest or Platform.TIKTOK, "start": tomorrow.isoformat(), "days": LENGTH}
        super().__init__(usual | {key: value for key, value in data.items() if value})

    def asked(self, brand: Brand | None = None, creator: Creator | None = None) -> Asked:
        """Return what to rehearse; a creator's country is her own, so it is not asked."""
        data = self.cleaned_data
        start = datetime.combine(data["start"], time.min, clock.zone())
        country = data["country"] if brand else ""
        return Asked(data["gone"], country, start, data["days"], brand, creator)
