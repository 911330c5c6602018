"""What a person says to hear what happens."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import endpoints, events

WRONG = {
    "scheme": gettext_lazy("It begins with https://"),
    "port": gettext_lazy("We send to the usual port of https only."),
    "login": gettext_lazy("Leave user name and password out: the signature says that it is us."),
    "host": gettext_lazy("Write a full address, such as https://mill.example/thousand."),
}


class EndpointForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Such as https://mill.example/thousand. It has to be public."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What it hears"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, whose: str, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        kinds = events.kinds_for(whose)
        self.fields["kinds"].choices = [(kind, _(events.KINDS[kind][0])) for kind in kinds]
        self.fields["kinds"].initial = kinds

    def clean_url(self) -> str:
        try:
            return endpoints.checked(self.cleaned_data["url"].strip())
        except endpoints.BadAddress as error:
            said = WRONG[str(error)]
            raise forms.ValidationError(said, params={"site": settings.SITE_URL}) from error
