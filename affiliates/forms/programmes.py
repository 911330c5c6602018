"""How a brand's own programme is recognised, as it is typed."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from affiliates.codes import plain

PARAMETER = re.compile(r"[A-Za-z0-9_.-]{1,30}(?:=[A-Za-z0-9_.~-]{1,40})?")
CODE = re.compile(r"[A-Z0-9]{3,24}")
OURS = {"touch", "thousand", "variant", "page"}  # addresses of ours use them
MOST_PARAMETERS, MOST_CODES = 10, 200


def words(text: str) -> list[str]:
    """Return what stands on lines or between commas, each once."""
    return list(dict.fromkeys(part for part in re.split(r"[\s,;]+", text) if part))


class OwnProgrammeForm(forms.Form):
    parameters = forms.CharField(
        label=_("Parameters in its links"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One on each line, such as awc, or with a value, such as utm_source=awin."),
    )
    codes = forms.CharField(
        label=_("Its discount codes"),
        required=False,
        max_length=6_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One on each line. A shopper may type one where a creator's code is asked."),
    )
    window_days = forms.IntegerField(
        label=_("Days that its click counts"), min_value=1, max_value=90, initial=30
    )

    def clean_parameters(self) -> list[str]:
        found = words(self.cleaned_data["parameters"])
        for one in found:
            if not PARAMETER.fullmatch(one) or one.partition("=")[0] in OURS:
                raise forms.ValidationError(
                    _("%(word)s cannot be a parameter."), params={"word": one}
                )
        if len(found) > MOST_PARAMETERS:
            raise forms.ValidationError(_("Ten parameters are enough."))
        return found

    def clean_codes(self) -> list[str]:
        found = list(dict.fromkeys(plain(one) for one in words(self.cleaned_data["codes"])))
        for one in found:
            if not CODE.fullmatch(one):
                raise forms.ValidationError(
                    _("%(word)s is no code: use 3 to 24 letters and digits."), params={"word": one}
                )
        if len(found) > MOST_CODES:
            raise forms.ValidationError(_("These are too many codes."))
        return found
