"""What a creator types on the settings of her page."""

from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import DomainNameValidator, URLValidator
from django.utils.translation import gettext_lazy as _

LONGEST = 500
is_address = URLValidator(schemes=["https"])
is_name = DomainNameValidator(accept_idna=True)


class PageLinkForm(forms.Form):
    """Another address of hers: where it leads, and what it is called."""

    label = forms.CharField(label=_("Name"), max_length=60, help_text=_("Such as My newsletter."))
    url = forms.CharField(
        label=_("Address"),
        max_length=LONGEST,
        help_text=_("It begins with https://."),
        widget=forms.URLInput(attrs={"autocomplete": "url"}),
    )

    def clean_url(self) -> str:
        """Return an https address of a named host; without a scheme it is taken for one."""
        typed = self.cleaned_data["url"].strip()
        url = typed if "://" in typed else f"https://{typed}"
        try:
            is_address(url)
            parts = urlsplit(url)
            is_name(parts.hostname or "")
        except ValueError as error:
            raise _no_address() from error
        except ValidationError as error:
            raise _no_address() from error
        if parts.username or parts.password or len(url) > LONGEST:
            raise _no_address()
        return url


def _no_address() -> ValidationError:
    return ValidationError(_("Write a whole address, such as https://example.com/noor."))
