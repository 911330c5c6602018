"""A product by hand, with its variants; and the file of a feed."""

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib import images
from config.lib.fields import PriceField
from config.lib.images import Encoded, NotAPicture
from shop import descriptions, pictures, pricing, products
from shop.feeds import base
from shop.models import Brand, Category, Image, Product, Variant
from shop.models.brands import SellsAt, TaxClass
from shop.products import BY_TRADER

MAX_UPLOADS = 10  # pictures in one go
DETAILS = {
    "ingredients": _("Ingredients"),
    "allergens": _("Allergens"),
    "manufacturer": _("Manufacturer"),
    "manufacturer_contact": _("Mail or web address of the manufacturer"),
    "warnings": _("Warnings"),
}


class PicturesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Pictures from a person's disk; cleans to the list of them made anew."""

    widget = PicturesInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"})

    def clean(self, data, initial=None) -> list[Encoded]:
        files = [file for file in data or [] if file]
        if len(files) > MAX_UPLOADS:
            message = _("Choose at most %(n)d pictures at a time.")
            raise forms.ValidationError(message % {"n": MAX_UPLOADS})
        made, errors = [], []
        for file in files:
            try:
                if file.size > images.MAX_BYTES:
                    raise NotAPicture("large")
                made.append(images.encode(file.read()))
            except NotAPicture as error:
                errors.append(f"{file.name}: {pictures.why(str(error))}.")
        if errors:
            raise forms.ValidationError(errors)
        return made


class ProductForm(forms.ModelForm):
    """One product; what its shelf requires is asked for by name."""

    category = forms.ModelChoiceField(
        label=_("Shelf"), queryset=Category.objects.filter(is_blocked=False), required=True
    )
    tax_class = forms.ChoiceField(
        label=_("VAT"),
        choices=[("", _("that of its shelf, or of my brand")), *TaxClass.choices],
        required=False,
    )
    sells_at = forms.ChoiceField(label=_("Sold"), choices=SellsAt.choices)
    withdrawal = forms.ChoiceField(label=_("Returns"), choices=Product.Withdrawal.choices)
    own_shop_url = forms.URLField(
        label=_("Address in your own shop"), required=False, max_length=500, assume_scheme="https"
    )
    description = forms.CharField(
        label=_("Description"), required=False, max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )  # fmt: skip
    pictures = PicturesField(
        label=_("Add pictures"),
        required=False,
        help_text=_(
            "JPEG, PNG, WebP or GIF, at most 10 MB each. We take out where they were taken."
        ),
    )

    class Meta:
        model = Product
        fields = [
            "title", "description", "category", "tax_class", "withdrawal", "sells_at",
            "own_shop_url",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.initial["description"] = descriptions.as_typed(self.instance.description)
        self.fields["sells_at"].choices = _ways(self.instance)
        for key, label in DETAILS.items():
            name = f"detail_{key}"
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=2000, initial=self.instance.details.get(key, ""),
                widget=forms.Textarea(attrs={"rows": 2}),
            )  # fmt: skip

    def clean_description(self) -> str:
        if "description" not in self.changed_data:
            return self.instance.description
        return descriptions.as_html(self.cleaned_data["description"])

    def clean(self) -> dict:
        data = super().clean()
        category = data.get("category")
        moves = self.instance.pk and category and "category" in self.changed_data
        if moves and "tax_class" not in self.changed_data:
            known = products.tax_class_on(self.instance, self.instance.category, category)
            data["tax_class"] = known
        by_others = self.instance.brand.made_by == Brand.MadeBy.OTHERS
        for key in category.required_details if category else []:
            if key not in DETAILS or (key in BY_TRADER and not by_others):
                continue
            if not data.get(f"detail_{key}"):
                self.add_error(f"detail_{key}", _("Products on this shelf need this."))
        sold_here = data.get("sells_at") not in (None, SellsAt.OWN_SHOP)
        if sold_here and "sells_at" in self.changed_data and not self.instance.brand.phone:
            said = _(
                "First an owner adds your phone number to My brand: who sells here is asked for it."
            )
            self.add_error("sells_at", said)
        if data.get("sells_at") == SellsAt.OWN_SHOP and not data.get("own_shop_url"):
            self.add_error("own_shop_url", _("Tell where shoppers buy it."))
        self.instance.details = self.instance.details | {
            key: data.get(f"detail_{key}", "") for key in DETAILS
        }
        return data


def _ways(product: Product) -> list[tuple[str, str]]:
    """Return how a product may be sold: where a shop keeps the stock, its stock is that of the shop."""
    beside = product.brand.sells_at == SellsAt.BESIDE
    closed = {SellsAt.HERE if beside else SellsAt.BESIDE} - {product.sells_at}
    return [row for row in SellsAt.choices if row[0] not in closed]


class ManyForm(forms.Form):
    """What several products get at once; an empty field leaves theirs."""

    category = forms.ModelChoiceField(
        label=_("Shelf"),
        queryset=Category.objects.filter(is_blocked=False),
        required=False,
        empty_label=_("leave as it is"),
    )
    tax_class = forms.ChoiceField(
        label=_("VAT"), choices=[("", _("leave as it is")), *TaxClass.choices], required=False
    )
    withdrawal = forms.ChoiceField(
        label=_("Returns"),
        choices=[("", _("leave as it is")), *Product.Withdrawal.choices],
        required=False,
    )

    def facts(self) -> dict[str, object]:
        """Return what is to be changed."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class VariantForm(forms.ModelForm):
    """One row of the table of variants."""

    option = forms.CharField(
        label=_("Choice"), required=False, max_length=80, help_text=_("such as M or green")
    )
    price = PriceField(label=_("Price"), help_text=_("VAT included"))
    stock = forms.IntegerField(
        label=_("Stock"), required=False, min_value=0, max_value=10**9,
        help_text=_("empty: always in stock"),
    )  # fmt: skip
    # What the page showed: pieces may be sold while somebody types.
    stock_shown = forms.IntegerField(
        required=False, min_value=0, max_value=10**9, widget=forms.HiddenInput
    )
    compare_at = PriceField(label=_("Price before"), required=False)
    content = forms.CharField(
        label=_("Content"), required=False, max_length=20, help_text=_("such as 500 g or 0.75 l")
    )
    is_off = forms.BooleanField(label=_("Sell this variant no more"), required=False)

    class Meta:
        model = Variant
        fields = ["sku", "option", "price", "stock", "compare_at", "content"]
        labels = {"sku": _("SKU")}

    def __init__(self, *args, currency: str = "EUR", **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price"].currency = self.fields["compare_at"].currency = currency
        self.fields["sku"].required = False
        if self.instance.pk:
            self.fields["option"].initial = self.instance.label
            self.fields["stock_shown"].initial = self.instance.stock
            self.fields["is_off"].initial = not self.instance.is_active

    def clean_price(self) -> int:
        price = self.cleaned_data["price"]
        if not price:
            raise forms.ValidationError(_("A product needs a price."))
        return price

    def clean_compare_at(self) -> int | None:
        return self.cleaned_data["compare_at"] or None

    def clean_content(self) -> str:
        text = self.cleaned_data["content"]
        try:
            return pricing.content(text) if text else ""
        except ValueError as error:
            message = _("Write a number and g, kg, ml, cl, l, m or piece.")
            raise forms.ValidationError(message) from error

    def clean_stock(self) -> int | None:
        stock = self.cleaned_data["stock"]
        if stock is not None and self.instance.pk and stock < self.instance.reserved:
            message = _("Open orders hold %(n)d of these; the stock cannot be less.")
            raise forms.ValidationError(message % {"n": self.instance.reserved})
        return stock

    def counted(self, there: Variant) -> int | None:
        """Return the stock that was meant, by the row as it is now: what was sold meanwhile stays sold."""
        typed, shown = self.cleaned_data["stock"], self.cleaned_data.get("stock_shown")
        if self.add_prefix("stock_shown") in self.data:
            if typed == shown:
                return there.stock
            if None not in (typed, shown, there.stock):
                typed += there.stock - shown
        return None if typed is None else max(typed, there.reserved)


class ImageForm(forms.ModelForm):
    """One picture that a product has: what it shows, and its place."""

    alt = forms.CharField(
        label=_("What it shows"), required=False, max_length=200,
        help_text=_("for people who cannot see it"),
    )  # fmt: skip
    position = forms.IntegerField(
        label=_("Place"), min_value=0, max_value=999, help_text=_("the lowest is shown first")
    )

    class Meta:
        model = Image
        fields = ["alt", "position"]

    @property
    def why(self) -> str:
        """Why the picture is not here yet, in words."""
        return pictures.why(self.instance.problem)


class ImagesFormSet(forms.BaseInlineFormSet):
    def add_fields(self, form, index) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("Take this picture away")


ImageFormSet = forms.inlineformset_factory(
    Product, Image, form=ImageForm, formset=ImagesFormSet, extra=0, can_delete=True,
)  # fmt: skip
VariantFormSet = forms.inlineformset_factory(
    Product, Variant, form=VariantForm, extra=3, max_num=base.MAX_VARIANTS, can_delete=False,
    min_num=1, validate_min=True,
)  # fmt: skip
