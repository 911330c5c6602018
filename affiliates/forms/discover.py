"""The filters of the creator search."""

from __future__ import annotations

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from affiliates.forms import filters
from creators.directory import SORTS, Filters
from creators.models import Niche, Platform

MICRO = (1_000, 50_000)
COUNTRIES = ["NL", "BE", "DE", "FR", "ES", "IT", "PL", "PT", "IE", "AT", "DK", "SE", "FI", "GB"]
LANGUAGES = {
    "nl": _("Dutch"), "en": _("English"), "de": _("German"), "fr": _("French"),
    "es": _("Spanish"), "it": _("Italian"), "pl": _("Polish"), "pt": _("Portuguese"),
}  # fmt: skip
COUNTRY_NAMES = {
    "NL": _("Netherlands"), "BE": _("Belgium"), "DE": _("Germany"), "FR": _("France"),
    "ES": _("Spain"), "IT": _("Italy"), "PL": _("Poland"), "PT": _("Portugal"),
    "IE": _("Ireland"), "AT": _("Austria"), "DK": _("Denmark"), "SE": _("Sweden"),
    "FI": _("Finland"), "GB": _("United Kingdom"),
}  # fmt: skip
SORT_NAMES = {
    "engagement": _("Engagement"),
    "score": _("Real followers"),
    "followers": _("Followers"),
    "newest": _("Newest first"),
}
ANY = ("", _("Any"))


class DiscoverForm(forms.Form):
    """Search filters; a value that makes no sense is an error at its field, the rest still filters."""

    q = forms.CharField(label=_("Name, handle or subject"), required=False, max_length=100)
    platform = forms.ChoiceField(
        label=_("Platform"), required=False, choices=[ANY, *Platform.choices]
    )
    followers_min = forms.IntegerField(
        label=_("Fewest followers"), required=False, min_value=0, max_value=10**9
    )
    followers_max = forms.IntegerField(
        label=_("Most followers"), required=False, min_value=0, max_value=10**9
    )
    engagement_min = forms.TypedChoiceField(
        label=_("Engagement at least"), required=False, coerce=int, empty_value=None,
        choices=[ANY, ("100", "1%"), ("300", "3%"), ("500", "5%"), ("800", "8%")],
    )  # fmt: skip
    score_min = forms.TypedChoiceField(
        label=_("Real followers at least"), required=False, coerce=int, empty_value=None,
        choices=[ANY, *((str(n), format_lazy(_("{n} of 100"), n=n)) for n in (50, 70, 80, 90))],
    )  # fmt: skip
    niche = forms.ChoiceField(label=_("Niche"), required=False)
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        choices=[ANY, *((code, COUNTRY_NAMES[code]) for code in COUNTRIES)],
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[ANY, *LANGUAGES.items()]
    )
    sort = forms.ChoiceField(
        label=_("Sort by"), required=False, choices=[(key, SORT_NAMES[key]) for key in SORTS]
    )

    def __init__(self, data, *, niches: list[Niche]):
        start = {"followers_min": str(MICRO[0]), "followers_max": str(MICRO[1])}
        # Small creators are who brands come for: so the range starts there, unless asked otherwise.
        values = start | {key: data.get(key, "") for key in data}
        super().__init__(values)
        self.fields["niche"].choices = [ANY, *((n.slug, n.label) for n in niches)]

    def on_now(self) -> list[str]:
        """Return the filters that are on, in words."""
        return filters.in_words(self, leave_out=("sort",))

    def filters(self) -> Filters:
        """Return what to search; fields with an error do not filter."""
        self.is_valid()
        clean = self.cleaned_data
        return Filters(
            text=clean.get("q", ""),
            platform=clean.get("platform", ""),
            followers_min=clean.get("followers_min"),
            followers_max=clean.get("followers_max"),
            engagement_min_bp=clean.get("engagement_min"),
            score_min=clean.get("score_min"),
            niche=clean.get("niche", ""),
            country=clean.get("country", ""),
            language=clean.get("language", ""),
            sort=clean.get("sort") or "engagement",
        )
