"""Our words on the fields of allauth's forms, by field: label and help. No placeholders."""

from django.forms import BaseForm
from django.utils.translation import gettext_lazy as _

LABELS = {
    "login": _("E-mail address"),
    "email": _("E-mail address"),
    "password": _("Password"),
    "oldpassword": _("Your password now"),
    "password2": _("The new password once more"),
    "code": _("Code"),
    "name": _("A name for this key"),
    "passwordless": _("Sign in with this key alone, without a password"),
}
NEW_PASSWORD = _("New password")
HINTS = {
    "password1": _("At least 12 characters, and not one that many people use."),
    "name": _("So that you can tell your keys apart, such as “phone”."),
    "passwordless": _("The key then asks for your finger, face or PIN."),
}


def is_theirs(form: BaseForm) -> bool:
    """Say whether a form comes from allauth."""
    return type(form).__module__.startswith("allauth.")


def words(form: BaseForm, name: str) -> tuple[str, str]:
    """Return label and help of a field; empty where the form's own are good."""
    label = LABELS.get(name, "")
    if name == "password1" and {"password2", "oldpassword"} & set(form.fields):
        label = NEW_PASSWORD
    return str(label), str(HINTS.get(name, ""))
