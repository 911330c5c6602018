"""Choosing a list for creators."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Shortlist
from affiliates.shortlists import plain
from shop.models import Brand


class AddForm(forms.Form):
    """A list of the brand, or the name of a new one."""

    list = forms.ModelChoiceField(
        label=gettext_lazy("List"), queryset=Shortlist.objects.none(), required=False,
        empty_label=gettext_lazy("a new one, as below"),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Name of the new list"), max_length=80, required=False
    )

    def __init__(self, *args, brand: Brand, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["list"].queryset = Shortlist.objects.filter(brand=brand).order_by("pk")

    def clean(self) -> None:
        data = self.cleaned_data
        if not data.get("list") and not plain(data.get("name", "")):
            self.add_error("name", _("Choose a list, or give a new one a name."))
