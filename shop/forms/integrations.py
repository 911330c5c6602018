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


class StockForm(forms.Form):
    """The keys to a shop whose stock is sold here."""

    provider = forms.ChoiceField(
        label=_("Your stock is in"),
        choices=[row for row in Integration.Provider.choices if row[0] != "api"],
    )
    address = forms.CharField(
        label=_("Address of your shop"),
        max_length=180,
        help_text=_("Shopify: name.myshopify.com. WooCommerce: as you open it, with https."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    key = forms.CharField(
        label=_("Client ID (Shopify) or consumer key (WooCommerce)"), min_length=16, max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    key_secret = forms.CharField(
        label=_("Its secret"), min_length=16, max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, auto_id="stock_%s", **kwargs)

    def clean_key(self) -> str:
        return self._word("key")

    def clean_key_secret(self) -> str:
        return self._word("key_secret")

    def _word(self, name: str) -> str:
        typed = self.cleaned_data[name].strip()
        if not KEY.fullmatch(typed):
            raise forms.ValidationError(_("Copy it as it stands there, without spaces."))
        return typed

    def clean(self):
        data = super().clean()
        if data.get("address") and data.get("provider"):
            address = _api_address(data["address"], data["provider"])
            if address:
                data["address"] = address
            else:
                self.add_error("address", _("This is no address of such a shop."))
        return data


KEY = re.compile(r"[A-Za-z0-9_\-.]{16,200}")
MYSHOPIFY = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com")
FOLDER = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,60}){0,5}")


def _api_address(typed: str, provider: str) -> str:
    """Return where the API of a shop begins: https, the standard port; "" for no such address."""
    typed = typed.strip()
    try:
        parts = urlsplit(typed if "//" in typed else f"https://{typed}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    ours = urlsplit(settings.SITE_URL).hostname
    if parts.scheme not in ("http", "https") or port not in (None, 443) or "@" in parts.netloc:
        return ""
    if provider == Integration.Provider.SHOPIFY:
        return f"https://{host}" if MYSHOPIFY.fullmatch(host) else ""
    folder = parts.path.partition("/wp-")[0].rstrip("/")
    if not HOST.fullmatch(host) or host == ours or not FOLDER.fullmatch(folder):
        return ""
    return f"https://{host}{folder}"
