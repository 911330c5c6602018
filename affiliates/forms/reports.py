"""What a visitor fills in to report a page."""

from django import forms
from django.utils.translation import gettext_lazy

from creators.models import Report


class ReportForm(forms.Form):
    """EU DSA art. 16: what, why, who if she wants, and in good faith."""

    ground = forms.ChoiceField(
        label=gettext_lazy("What is wrong?"),
        choices=Report.Ground.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what is wrong.")},
    )
    text = forms.CharField(
        label=gettext_lazy("Explain it"),
        help_text=gettext_lazy("What do you see, and why is it against the law or our terms?"),
        widget=forms.Textarea(attrs={"rows": 5}),
        min_length=10,
        max_length=5_000,
        error_messages={"required": gettext_lazy("Explain what is wrong, in a sentence or two.")},
    )
    name = forms.CharField(label=gettext_lazy("Your name"), max_length=100, required=False)
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("For a confirmation and the decision. Nobody else sees it."),
        required=False,
    )
    good_faith = forms.BooleanField(
        label=gettext_lazy("To the best of my knowledge this is accurate and complete."),
        error_messages={"required": gettext_lazy("Tick that what you say is accurate.")},
    )
