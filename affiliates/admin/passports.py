"""Passports: which markets' are read, and what was issued and brought."""

from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _

from affiliates.admin.base import Desk
from affiliates.models import Passport, PassportEvidence, PassportIssuer, RevokedPassport
from config.lib import jws
from config.lib.readonly import Editable


class IssuerForm(forms.ModelForm):
    """An origin and nothing more: no path, no sign-in, no other port, and HTTPS."""

    origin = forms.URLField(max_length=200, assume_scheme="https")

    def clean_origin(self) -> str:
        origin = self.cleaned_data["origin"].rstrip("/")
        parts = urlsplit(origin)
        if parts.scheme != "https" or parts.netloc != parts.hostname or origin != parts.geturl():
            raise forms.ValidationError(_("Write it as https://other.example, and nothing more."))
        if parts.path or parts.query or parts.fragment:
            raise forms.ValidationError(_("Write it as https://other.example, and nothing more."))
        return origin

    def clean_keys(self) -> list:
        keys = self.cleaned_data["keys"] or []
        try:
            for key in keys if isinstance(keys, list) else [None]:
                jws.public_of(key)
        except jws.BadDocument as error:
            said = _("Each key is a JWK of Ed25519, as the other market publishes it.")
            raise forms.ValidationError(said) from error
        return keys


@admin.register(PassportIssuer)
class PassportIssuerAdmin(Editable):
    """Whose passports are read: only a superuser lists a market, or takes one off."""

    form = IssuerForm
    list_display = ["name", "origin", "is_active", "added_at", "added_by"]
    list_select_related = ["added_by"]
    readonly_fields = ["added_at", "added_by"]

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser

    def save_model(self, request, obj, form, change):
        if not change:
            obj.added_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(Passport)
class PassportAdmin(Desk):
    """What was issued; what it says is the creator's to show."""

    list_display = ["uid", "creator", "issued_at", "expires_at", "revoked_at"]
    list_select_related = ["creator"]
    search_fields = ["=uid", "creator__handle"]
    exclude = ["document"]


@admin.register(PassportEvidence)
class PassportEvidenceAdmin(Desk):
    list_display = ["uid", "issuer", "creator", "issued_at", "expires_at", "checked_at", "refused"]
    list_filter = ["issuer", "refused"]
    list_select_related = ["creator", "issuer"]
    search_fields = ["=uid", "creator__handle"]
    exclude = ["document"]


@admin.register(RevokedPassport)
class RevokedPassportAdmin(Desk):
    list_display = ["uid", "revoked_at", "until"]
    search_fields = ["=uid"]
