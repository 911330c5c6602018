"""Closing an account: said once more, on purpose."""

from django import forms
from django.utils.translation import gettext_lazy as _


class CloseForm(forms.Form):
    """One box to tick."""

    sure = forms.BooleanField(
        label=_("Erase my data and close my account. I know that this cannot be undone."),
        error_messages={"required": _("Tick the box to close your account.")},
    )
