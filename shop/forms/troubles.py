"""What is wrong with an order, and what the brand does about it."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib import images
from shop import pictures
from shop.models import OrderLine, Trouble


class TroubleForm(forms.Form):
    """What is wrong, with which pieces, in words, and a picture if there is one."""

    kind = forms.ChoiceField(
        label=_("What is wrong?"), widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is wrong.")},
    )  # fmt: skip
    words = forms.CharField(
        label=_("In your words"), max_length=2000, required=False,
        help_text=_("What happened? The seller reads this, and we do if it comes to that."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    picture = forms.FileField(
        label=_("A picture of it"), required=False,
        help_text=_(
            "Only the seller and those of us who decide see it; it is deleted 90 days after."
        ),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )  # fmt: skip

    def __init__(self, *args, kinds: list[str], lines: Mapping[OrderLine, int], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        self.fields["kind"].choices = [(k, Trouble.Kind(k).label) for k in kinds]
        for line, left in lines.items():
            self.fields[f"line_{line.pk}"] = forms.TypedChoiceField(
                label=line.title, coerce=int, initial=left,
                choices=[(n, str(n)) for n in range(left + 1)],
            )  # fmt: skip
        self.order_fields(["kind", *(f"line_{line.pk}" for line in lines), "words", "picture"])

    def quantities(self) -> dict[int, int]:
        return {line.pk: self.cleaned_data[f"line_{line.pk}"] for line in self.lines}

    def clean_picture(self) -> bytes:
        file = self.cleaned_data["picture"]
        if not file:
            return b""
        try:
            if file.size > images.MAX_BYTES:
                raise images.NotAPicture("large")
            raw = file.read()
            images.encode(raw)
        except images.NotAPicture as error:
            raise forms.ValidationError(f"{pictures.why(str(error))}.") from error
        return raw

    def clean(self) -> dict:
        data = super().clean()
        if data.get("kind") == Trouble.Kind.NOT_REFUNDED:  # it is about what was sent back
            return data
        if not self.errors and not any(self.quantities().values()):
            raise forms.ValidationError(
                _("Choose at least one piece that something is wrong with.")
            )
        return data


class AnswerForm(forms.Form):
    """What the brand does about it."""

    words = forms.CharField(
        label=_("What you do about it"), max_length=2000,
        help_text=_("The shopper reads this. Such as: a new one leaves tomorrow."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say what you do about it, or give the money back.")},
    )  # fmt: skip
