"""Many links at once: the products as a list of their addresses."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MOST = 50
ADDRESS = re.compile(r"/shop/([a-z0-9-]{1,80})/([a-z0-9-]{1,200})/?(?:[?#]\S*)?$")


class ManyForm(forms.Form):
    """Product pages, one a line, and where the links are posted."""

    products = forms.CharField(
        label=_("Product pages"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("One address a line, at most 50, such as /shop/mill/jar/."),
    )
    platform = forms.ChoiceField(label=_("You post on"))
    terms = forms.BooleanField(label=_("I agree to the terms for creators."), required=False)

    def __init__(self, *args, platforms, asks_terms: bool, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["platform"].choices = platforms
        if not asks_terms:
            del self.fields["terms"]

    def clean_products(self) -> list[tuple[str, str]]:
        """Return brand and product slugs; says which lines are no product pages."""
        lines = [line.strip() for line in self.cleaned_data["products"].splitlines()]
        found = {line: ADDRESS.search(line) for line in lines if line}
        wrong = [line for line, match in found.items() if match is None]
        if wrong:
            raise ValidationError(
                _("No product page: %(lines)s") % {"lines": ", ".join(wrong[:5])[:300]}
            )
        if len(found) > MOST:
            raise ValidationError(_("At most 50 at a time."))
        return [match.groups() for match in found.values()]
