"""Products of a brand that are named in a form, one on each line."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop.models import Brand, Product

MOST = 100


class ProductsField(forms.CharField):
    """SKUs or addresses of pages of one brand's products; cleans to the products.

    Set `brand` before the form is asked.
    """

    brand: Brand

    def __init__(self, **kwargs) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
        super().__init__(**{"max_length": 20_000, "widget": widget, **kwargs})

    def clean(self, value) -> list[Product]:
        words = [line.strip() for line in super().clean(value).splitlines()]
        words = [word.partition("?")[0].rstrip("/").rpartition("/")[2] for word in words if word]
        if len(words) > MOST:
            raise forms.ValidationError(_("Name at most 100 products."))
        rows = Product.objects.filter(brand=self.brand)
        rows = rows.filter(Q(slug__in=words) | Q(variants__sku__in=words)).distinct()
        found = list(rows.prefetch_related("variants"))
        known = {one.slug for one in found}
        known |= {variant.sku for one in found for variant in one.variants.all()}
        if unknown := [word for word in words if word not in known]:
            message = _("You have no product “%(word)s”.")
            raise forms.ValidationError(message % {"word": unknown[0]})
        return found
