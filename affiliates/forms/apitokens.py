"""What a person says to make a key to the API."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import apitokens

LASTS = [
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("a year")),
    ("0", gettext_lazy("until I end it")),
]


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=60,
        help_text=gettext_lazy("Such as the name of the program that uses it."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("How long it works"), choices=LASTS, coerce=int, initial="90"
    )

    def __init__(self, whose: str, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [
            (scope, _(apitokens.SCOPES[scope][0])) for scope in apitokens.scopes_for(whose)
        ]
