"""What an owner types to connect a shop of her own."""

import re
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from shop.models import Integration

HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*\.[a-z][a-z0-9-]{1,62}")


class SecretForm(forms.Form):
    """The secret that Shopify shows; the other shops take ours."""

    secret = forms.CharField(
        label=_("Signing secret of Shopify"),
        min_length=16,
        max_length=200,
        required=False,
        help_text=_("For Shopify only. It stands under the webhooks there."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args, provider: str = "", **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.provider = provider

    def clean(self):
        data = super().clean()
        provider = data.get("provider") or self.provider
        if provider == Integration.Provider.SHOPIFY and not data.get("secret"):
            if "secret" not in self.errors:
                self.add_error("secret", _("Copy the signing secret from Shopify."))
        elif provider != Integration.Provider.SHOPIFY:
            data["secret"] = ""
        return data


class ConnectForm(SecretForm):
    provider = forms.ChoiceField(label=_("Your shop runs on"), choices=Integration.Provider.choices)
    domain = forms.CharField(
        label=_("Address of your shop"),
        max_length=120,
        help_text=_("Such as mill.example. Links lead there and nowhere else."),
    )
    days = forms.IntegerField(
        label=_("Days from shipping to delivery"),
        min_value=1,
        max_value=30,
        initial=4,
        help_text=_("Where no carrier tells, an order counts as delivered after so many days."),
    )
    field_order = ["provider", "domain", "days", "secret"]

    def clean_domain(self) -> str:
        typed = self.cleaned_data["domain"].strip().lower()
        try:
            host = urlsplit(typed if "//" in typed else f"//{typed}").hostname or ""
        except ValueError:
            host = ""
        host = host.removeprefix("www.")
        ours = urlsplit(settings.SITE_URL).hostname
        if not HOST.fullmatch(host) or host == ours:
            raise forms.ValidationError(_("Write the address of your shop, such as mill.example."))
        return host
