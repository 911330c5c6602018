"""The filters of the creator search."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from affiliates.forms import filters
from creators.directory import EDGES, SORTS, Filters
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
    "fit": _("Best fit"),
    "engagement": _("Engagement for their size"),
    "score": _("Authenticity"),
    "followers": _("Followers"),
    "newest": _("Newest first"),
}
ANY = ("", _("Any"))
FOLLOWERS = [
    (str(n), lazy(number_format, str)(n, use_l10n=True, force_grouping=True)) for n in EDGES
]
OUT_OF_100 = _("{n} of 100")


def _steps(label, choices) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, coerce=int, empty_value=None, choices=[ANY, *choices]
    )


class DiscoverForm(forms.Form):
    """Search filters; a value that makes no sense is an error at its field, the rest still filters."""

    q = forms.CharField(label=_("Name, handle or subject"), required=False, max_length=100)
    platform = forms.MultipleChoiceField(
        label=_("Platform"), required=False, choices=Platform.choices,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    followers_min = _steps(_("Fewest followers"), FOLLOWERS)
    followers_max = _steps(_("Most followers"), FOLLOWERS)
    engagement_band = _steps(
        _("Engagement for their size"),
        [("50", _("Above the middle")), ("75", _("Best quarter")), ("90", _("Best tenth"))],
    )
    engagement_min = _steps(
        _("Reactions per follower at least"),
        [("100", "1%"), ("300", "3%"), ("500", "5%"), ("800", "8%")],
    )
    score_min = _steps(
        _("Authenticity at least"),
        [(str(n), format_lazy(OUT_OF_100, n=n)) for n in (50, 70, 80, 90)],
    )
    samples_min = _steps(
        _("Keep their word on samples, proven"),
        [(str(n), format_lazy(_("{n}% or more"), n=n)) for n in (60, 80)],
    )
    sold = forms.BooleanField(label=_("Sold in the last 90 days"), required=False)
    niche = forms.ChoiceField(label=_("Niche"), required=False)
    niche2 = forms.ChoiceField(label=_("And also"), required=False)
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

    def __init__(self, data: QueryDict, *, niches: list[Niche]):
        start = {"followers_min": str(MICRO[0]), "followers_max": str(MICRO[1])}
        # Small creators are who brands come for: so the range starts there, unless asked otherwise.
        values = start | {key: data.get(key, "") for key in data}
        values["platform"] = [name for name in data.getlist("platform") if name]
        super().__init__(values)
        for name in ("niche", "niche2"):
            self.fields[name].choices = [ANY, *((n.slug, n.label) for n in niches)]

    def on_now(self) -> list[str]:
        """Return the filters that are on, in words."""
        return filters.in_words(self, leave_out=("sort",))

    def filters(self) -> Filters:
        """Return what to search; fields with an error do not filter."""
        self.is_valid()
        clean = self.cleaned_data
        return Filters(
            text=clean.get("q", ""),
            platforms=tuple(clean.get("platform", ())),
            followers_min=clean.get("followers_min"),
            followers_max=clean.get("followers_max"),
            engagement_min_bp=clean.get("engagement_min"),
            engagement_pct_min=clean.get("engagement_band"),
            score_min=clean.get("score_min"),
            samples_min=clean.get("samples_min"),
            is_sold=clean.get("sold", False),
            niches=tuple(filter(None, (clean.get("niche"), clean.get("niche2")))),
            country=clean.get("country", ""),
            language=clean.get("language", ""),
            sort=clean.get("sort") or "fit",
        )


class SaveSearchForm(forms.Form):
    name = forms.CharField(label=_("Name of this search"), max_length=80)
