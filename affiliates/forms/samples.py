"""What both sides of a sample type."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from affiliates.models import SampleRequest
from affiliates.samples import Wish
from creators.models import Channel, Creator
from shop.countries import COUNTRIES
from shop.models import Product, Variant

ADDRESS = ("name", "address", "postal_code", "city", "country")


class WishForm(forms.Form):
    """A creator asks for a sample: which one, what she makes of it, and where it is sent."""

    variant = forms.ModelChoiceField(
        label=_("Which one"), queryset=Variant.objects.none(), empty_label=None
    )
    content = forms.ChoiceField(
        label=_("You promise"), choices=SampleRequest.Content.choices, widget=forms.RadioSelect,
        initial=SampleRequest.Content.VIDEO,
    )  # fmt: skip
    channel = forms.ModelChoiceField(
        label=_("On your channel"), queryset=Channel.objects.none(), empty_label=None
    )
    message = forms.CharField(
        label=_("A word to the brand"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Plain text. What would you show, and why does it fit?"),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=100)
    address = forms.CharField(label=_("Street and number"), max_length=120)
    postal_code = forms.CharField(label=_("Postal code"), max_length=16)
    city = forms.CharField(label=_("City"), max_length=80)
    country = forms.ChoiceField(label=_("Country"), choices=COUNTRIES)

    def __init__(self, *args, creator: Creator, product: Product, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["variant"].queryset = product.variants.filter(is_active=True)
        self.fields["variant"].label_from_instance = lambda row: row.label or product.title
        self.fields["channel"].queryset = creator.channels.verified()
        self.fields["country"].initial = creator.country
        for field, word in zip(ADDRESS, ("name", "street-address", "postal-code", "address-level2",
                                         "country"), strict=True):  # fmt: skip
            self.fields[field].widget.attrs["autocomplete"] = word

    def wish(self) -> Wish:
        data = self.cleaned_data
        return Wish(
            variant=data["variant"],
            content=data["content"],
            channel=data["channel"],
            message=data["message"],
            address={field: data[field] for field in ADDRESS},
        )


class PostForm(forms.Form):
    """The address of her post."""

    url = forms.URLField(
        label=_("Address of your post"),
        max_length=500,
        assume_scheme="https",
        help_text=_("Open the post, tap Share, copy the link."),
        error_messages={"invalid": _("Paste the whole address, from https:// on.")},
    )


class WordForm(forms.Form):
    """A yes or a no of the brand, or what she says with a step."""

    text = forms.CharField(
        label=_("A word to the other side"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip


class TrackingForm(forms.Form):
    """How the parcel can be followed."""

    tracking = forms.CharField(
        label=_("Tracking number or address"),
        required=False,
        max_length=120,
        help_text=_("She sees it. You may leave it empty."),
    )
