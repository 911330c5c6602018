"""What an admin says about a platform that goes off."""

from __future__ import annotations

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from affiliates import switches
from affiliates.models import PlatformSwitch, SwitchWord
from creators.profiles import COUNTRIES
from shop.countries import NAMES


class SwitchForm(forms.ModelForm):
    """A platform, where, from when, until when, and why."""

    country = forms.ChoiceField(
        label=_("Creators in"),
        required=False,
        choices=[("", _("all countries")), *((code, NAMES.get(code, code)) for code in COUNTRIES)],
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Whoever decides reads it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    by = None  # who proposes it, set for each request

    class Meta:
        model = PlatformSwitch
        fields = ("platform", "country", "off_from", "off_until", "reason")
        help_texts = {
            "off_from": _(
                "From then on its links lead to the creators' pages. 30 days ago at most."
            ),
            "off_until": _("Empty: nobody knows yet. Two admins say later when it is back."),
        }

    def clean(self) -> dict[str, object]:
        data = super().clean()
        if self.by is not None and data.get("platform") and data.get("off_from"):
            row = PlatformSwitch(
                platform=data["platform"], country=data.get("country") or "",
                off_from=data["off_from"], off_until=data.get("off_until"),
            )  # fmt: skip
            try:
                switches.check(row, self.by, timezone.now())
            except switches.NotAllowed as error:
                self.add_error(None, str(error))
        return data


class WordForm(forms.Form):
    """That it is back, or that it was an error."""

    kind = forms.ChoiceField(label=_("What"), choices=SwitchWord.Kind.choices[1:])
    moment = forms.SplitDateTimeField(
        label=_("Back from"), required=False, widget=AdminSplitDateTime
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)


class AnswerForm(forms.Form):
    """Yes or no to what another admin said."""

    answer = forms.ChoiceField(label=_("Answer"), choices=SwitchWord.Answer.choices)
    reason = forms.CharField(label=_("Reason"), max_length=300)
