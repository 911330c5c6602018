"""What a creator lets a passport say, and the passport that she brings."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import passportfacts
from affiliates.passports import Offer
from config.lib import jws


class PassportForm(forms.Form):
    """One box per channel and per field: nothing is ticked before she ticks it."""

    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"),
        help_text=gettext_lazy(
            "At least one: by it the other market knows that the passport is yours."
        ),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one channel.")},
    )
    fields_said = forms.MultipleChoiceField(
        label=gettext_lazy("What it says of you"), widget=forms.CheckboxSelectMultiple,
        required=False,
    )  # fmt: skip
    consent = forms.BooleanField(
        label=gettext_lazy(
            "Sign this for me. Whoever has the file can read it; I can withdraw it at any time."
        ),
        error_messages={"required": gettext_lazy("Tick that we may sign it for you.")},
    )

    def __init__(self, *args, offer: Offer, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channels"].choices = [
            (str(one.pk), f"{one.get_platform_display()}, {one.handle}") for one in offer.channels
        ]
        known = passportfacts.FIELDS.items()
        choices = [(name, label) for name, label in known if name in offer.facts.said]
        self.fields["fields_said"].choices = choices
        if not choices:
            self.fields["fields_said"].widget = forms.MultipleHiddenInput()

    def chosen(self) -> tuple[list[str], list[int]]:
        """Return the fields and the channels that she ticked."""
        data = self.cleaned_data
        return data["fields_said"], [int(pk) for pk in data["channels"]]


class BringForm(forms.Form):
    """A file that another market signed."""

    file = forms.FileField(
        label=gettext_lazy("The passport's file"),
        help_text=gettext_lazy("The one that ends in .json, exactly as you downloaded it."),
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
        error_messages={"required": gettext_lazy("Choose the file of your passport.")},
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > jws.MAX_BYTES:
            raise forms.ValidationError(_("This file is too large to be a passport."))
        return file.read()
