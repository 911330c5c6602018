"""Returns: what came back, what is kept of the price, and why nothing goes back."""

from datetime import datetime, time

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.fields import DayField, PriceField
from shop.models import Return


class ReceiveForm(forms.Form):
    """Which pieces came back, when, and in which condition."""

    came_on = DayField(label=_("Came back on"), required=True)
    condition = forms.ChoiceField(label=_("Condition"), choices=Return.Condition)

    def __init__(self, *args, made: Return, **kwargs) -> None:
        day = timezone.localdate(made.received_at) if made.received_at else timezone.localdate()
        initial = {"came_on": day, "condition": made.condition or Return.Condition.AS_NEW}
        super().__init__(*args, initial=initial, auto_id=f"id_{made.pk}_%s", **kwargs)
        self.made, self.lines = made, list(made.lines.all())
        for line in self.lines:
            count = line.quantity if line.received is None else line.received
            self.fields[f"line_{line.order_line_id}"] = forms.TypedChoiceField(
                label=line.order_line.title, coerce=int, initial=count,
                choices=[(n, str(n)) for n in range(line.quantity + 1)],
            )  # fmt: skip
        self.order_fields(["came_on", *(f"line_{line.order_line_id}" for line in self.lines)])

    def clean_came_on(self) -> datetime:
        day = self.cleaned_data["came_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This day is still to come."))
        if day < timezone.localdate(self.made.brand_order.paid_at):
            raise forms.ValidationError(_("This day is before the order."))
        zone = timezone.get_default_timezone()
        return timezone.make_aware(datetime.combine(day, time()), zone)

    def counts(self) -> dict[int, int]:
        return {
            line.order_line_id: self.cleaned_data[f"line_{line.order_line_id}"]
            for line in self.lines
        }

    def clean(self) -> dict:
        data = super().clean()
        if not self.errors and not any(self.counts().values()):
            raise forms.ValidationError(
                _("Choose at least one piece. If nothing came, close it without a refund.")
            )
        return data


class GiveBackForm(forms.Form):
    """What is kept of the price of goods that were used more than trying them needs."""

    less = PriceField(
        label=_("Keep of the price"), required=False,
        help_text=_(
            "Only for goods that lost value because they were used more than it takes to try them,"
            " as in a shop. Empty: everything goes back."
        ),
    )  # fmt: skip
    why = forms.CharField(
        label=_("Why you keep it"), max_length=300, required=False,
        help_text=_("The shopper reads this, and may ask us to decide."),
    )  # fmt: skip

    def __init__(self, *args, currency: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["less"].currency = currency

    def clean(self) -> dict:
        data = super().clean()
        if data.get("less") and not data.get("why"):
            self.add_error("why", _("Say why: the shopper reads it."))
        return data


class CloseForm(forms.Form):
    """Why nothing is given back for a return."""

    answer = forms.CharField(
        label=_("Why no money goes back"), max_length=300,
        help_text=_("The shopper reads this."),
        error_messages={"required": _("Say why: the shopper reads it.")},
    )  # fmt: skip


class SentForm(forms.Form):
    """The shopper's proof that a return is on its way."""

    proof = forms.CharField(
        label=_("Carrier and tracking number"), max_length=120,
        help_text=_("As on your receipt of the post. Then the seller may not wait any longer."),
    )  # fmt: skip
