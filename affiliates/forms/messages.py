"""A message as it is typed."""

from django import forms
from django.utils.translation import gettext_lazy as _


class MessageForm(forms.Form):
    text = forms.CharField(
        label=_("Your message"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Plain text, 2,000 characters at the most."),
        error_messages={"required": _("Write something first.")},
    )
