"""What is dangerous about a product, and what to do."""

from django import forms
from django.utils.translation import gettext_lazy as _


class RecallForm(forms.Form):
    """What each who bought it reads."""

    hazard = forms.CharField(
        label=_("What is dangerous"), max_length=1000,
        help_text=_("Plainly, without 'voluntary' or 'precautionary'. Such as: the handle comes off when hot, you may be burnt."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    todo = forms.CharField(
        label=_("What to do now"), max_length=1000,
        help_text=_("Stop using it, and how to have it repaired, replaced or paid back, without cost."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    sure = forms.BooleanField(
        label=_("Take it off the shop and mail everybody who bought it. This cannot be undone.")
    )
