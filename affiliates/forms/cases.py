"""What an admin types to open a case or to decide one, and what a creator answers."""

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import RiskFlag
from creators.models import Case, Violation


class ConfirmedForm(forms.ModelForm):
    """Asks for a second factor given a moment ago, and keeps what was typed meanwhile."""

    is_confirmed = False  # set for each request

    def acts(self, data: dict[str, object]) -> bool:
        """Say whether what was typed freezes or moves anything."""
        return True

    def clean(self) -> dict[str, object]:
        data = super().clean()
        if self.acts(data) and not self.is_confirmed:
            said = _("Confirm that it is you, then save once more: {link}.")
            link = format_html(
                '<a href="{}" target="_blank" rel="noopener">{}</a>',
                reverse("mfa_reauthenticate"), _("confirm in a new window"),
            )  # fmt: skip
            self.add_error(None, format_html(said, link=link))
        return data


class OpenForm(ConfirmedForm):
    """A new case: against whom, for what, and about which commissions exactly."""

    violation = forms.ModelChoiceField(Violation.objects.none(), label=gettext_lazy("violation"))
    lines = forms.CharField(
        label=gettext_lazy("commissions, by number"),
        help_text=gettext_lazy("Separated by commas. Only these wait; all else is paid as always."),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
    )
    flag = forms.ModelChoiceField(
        RiskFlag.objects.filter(state=RiskFlag.State.OPEN),
        label=gettext_lazy("risk flag whose holds it takes over"),
        widget=forms.TextInput,
        required=False,
    )
    reason = forms.CharField(
        label=gettext_lazy("Facts and reasons, which the creator reads"), widget=forms.Textarea
    )

    class Meta:
        model = Case
        fields = ["creator", "violation", "reason", "lines", "flag", "takes_lines"]
        labels = {"takes_lines": gettext_lazy("If it is upheld, these are not paid")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["violation"].queryset = Violation.objects.in_force(timezone.now())
        self.fields["creator"].required = True

    def clean_lines(self) -> list[int]:
        words = self.cleaned_data["lines"].replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
            raise forms.ValidationError(_("Type numbers of commissions, separated by commas."))
        return [int(word) for word in words]

    def clean_reason(self) -> str:
        if not (text := self.cleaned_data["reason"].strip()):
            raise forms.ValidationError(_("Give the reason: the creator reads it."))
        return text


class DecideForm(ConfirmedForm):
    """A decision on one case."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            ("", "---------"),
            ("uphold", gettext_lazy("Uphold: the violation stands, the request is granted")),
            ("dismiss", gettext_lazy("Dismiss: no violation, the request is refused")),
        ],
        required=False,
    )
    outcome_reason = forms.CharField(
        label=gettext_lazy("Reasons, which those concerned read"),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
    )

    class Meta:
        model = Case
        fields = ["takes_lines"]
        labels = {"takes_lines": gettext_lazy("If it is upheld, these are not paid")}

    def acts(self, data: dict[str, object]) -> bool:
        return bool(data.get("outcome"))

    def clean(self) -> dict[str, object]:
        data = super().clean()
        if data.get("outcome") and not (data.get("outcome_reason") or "").strip():
            self.add_error("outcome_reason", _("Give the reason: those concerned read it."))
        return data


class WordForm(forms.Form):
    """What a creator says to a case: her answer, or her appeal."""

    text = forms.CharField(
        label=gettext_lazy("What do you say to it?"),
        help_text=gettext_lazy("Say what happened. You may add addresses of pages that show it."),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=5_000,
        error_messages={"required": gettext_lazy("Type what you have to say.")},
    )
