"""What an admin says about a platform that goes off."""

from __future__ import annotations

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.utils.translation import gettext_lazy as _

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
        label=_("Reason"), max_length=300, help_text=_("Whoever decides reads it.")
    )

    class Meta:
        model = PlatformSwitch
        fields = ("platform", "country", "off_from", "off_until", "reason")


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
