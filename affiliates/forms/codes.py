"""The word that a creator chooses as her code."""

from django import forms
from django.utils.translation import gettext_lazy as _


class CodeForm(forms.Form):
    """One word; which words are free is the business of `affiliates.codes`."""

    code = forms.CharField(
        label=_("Your code"),
        max_length=40,
        help_text=_("4 to 24 letters and digits that you can say aloud, such as NOOR10."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
