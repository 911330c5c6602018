"""The file of a catalogue, or the address that gives it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.models import Feed

MAX_UPLOAD = 100 * 1024 * 1024
MOST_ADDRESSES = 10  # of one brand: each is a file that we fetch and read


class UploadForm(forms.Form):
    """A catalogue file, and which catalogue it is."""

    file = forms.FileField(
        label=_("Catalogue file"),
        help_text=_(
            "Shopify or WooCommerce CSV, Google Merchant XML or TSV; also as .gz; at most 100 MB."
        ),
    )
    feed = forms.ModelChoiceField(
        label=_("This file is"),
        queryset=Feed.objects.none(),
        required=False,
        empty_label=_("a catalogue of its own, named after the file"),
    )
    format = forms.ChoiceField(
        label=_("Kind of file"),
        choices=Feed.Format.choices,
        required=False,
    )
    shrink = forms.BooleanField(label=_("The file is smaller on purpose"), required=False)

    def __init__(self, *args, brand, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["feed"].queryset = Feed.objects.filter(brand=brand)

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD:
            raise forms.ValidationError(_("The file is larger than 100 MB."))
        return file


class AddressForm(forms.ModelForm):
    """Where a catalogue lies on the web, and how often it is read."""

    url = forms.URLField(
        label=_("Address of the file"),
        max_length=1000,
        assume_scheme="https",
        help_text=_("It must be open to everybody. Redirects are followed."),
    )
    name = forms.CharField(
        label=_("Name of this catalogue"), max_length=120,
        help_text=_("That of one that you uploaded: the address takes its place."),
    )  # fmt: skip
    every_hours = forms.TypedChoiceField(
        label=_("Read it"), choices=Feed.Every.choices, coerce=int, initial=Feed.Every.DAY
    )
    format = forms.ChoiceField(label=_("Kind of file"), choices=Feed.Format.choices, required=False)

    class Meta:
        model = Feed
        fields = ["url", "name", "every_hours", "format"]

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        if not url.lower().startswith(("https://", "http://")):
            raise forms.ValidationError(_("The address must begin with https:// or http://."))
        return url

    def clean(self) -> dict:
        rows = Feed.objects.filter(brand=self.instance.brand).exclude(url="")
        if rows.exclude(pk=self.instance.pk).count() >= MOST_ADDRESSES:
            raise forms.ValidationError(
                _("We read at most %(most)d addresses of a brand. Remove one first.")
                % {"most": MOST_ADDRESSES}
            )
        return super().clean()

    def clean_format(self) -> str:
        return self.cleaned_data["format"] or Feed.Format.AUTO

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        same = Feed.objects.filter(brand=self.instance.brand, name=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("You have a catalogue with this name already."))
        return name
