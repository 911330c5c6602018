"""A brand's products: the list, and one of them by hand."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.http import render_page
from shop import pictures, productlists, stocklevels, storefront
from shop import products as catalogue
from shop.access import brand_required
from shop.forms.products import ImageFormSet, ManyForm, ProductForm, VariantFormSet
from shop.models import Product, Variant
from shop.models.brands import SellsAt
from shop.views.terms import terms_first

PER_PAGE = 30
FORGOTTEN = gettext_noop("Choose your pictures again: the browser forgot them.")
MANY = 5_000  # products that are changed at once
# What a person says of a variant.
TYPED = ["sku", "options", "price", "stock", "compare_at", "content", "position", "is_active"]


@brand_required
@require_POST
@terms_first
def products_many(request):
    """Change, take off or bring back the chosen products, or all of a list."""
    brand, form = request.brand, ManyForm(request.POST)
    back = redirect("shop:products", brand_slug=brand.slug)
    asked = {name: request.POST.get(name, "") for name in ("q", "status")}
    if query := urlencode({name: value for name, value in asked.items() if value}):
        back["Location"] += f"?{query}"
    if "all" in request.POST:
        chosen = list(productlists.found(brand, asked).values_list("pk", flat=True)[:MANY])
    else:
        typed = request.POST.getlist("product")[:MANY]
        chosen = [int(pk[:18]) for pk in typed if pk.isascii() and pk.isdigit()]
    facts = form.facts() if form.is_valid() else {}
    if "archive" in request.POST:
        facts = {"status": Product.Status.ARCHIVED}
    elif "restore" in request.POST:
        facts = {"status": Product.Status.DRAFT}
    if not chosen or not facts:
        wanted = _("Choose what to change.") if chosen else _("Choose products first.")
        messages.warning(request, wanted)
        return back
    n, kept = catalogue.change(brand, chosen, **facts)
    said = ngettext("%(n)d product changed.", "%(n)d products changed.", n)
    messages.success(request, said % {"n": n})
    if kept:
        _say_kept(request, kept)
    return back


def _say_kept(request, kept):
    """Name the products on sale that stay on their shelf, and what they lack for the other."""
    n = len(kept)
    names = Product.objects.filter(pk__in=sorted(kept)[:5]).order_by("pk")
    lacks = {code: None for codes in kept.values() for code in codes}
    facts = {
        "n": n,
        "names": ", ".join(names.values_list("title", flat=True)) + (" …" if n > 5 else ""),
        "lacks": ", ".join(str(productlists.LACKS.get(code, code)) for code in lacks),
    }
    said = ngettext(
        "%(n)d product stays where it is, since it is on sale and needs first: %(lacks)s. (%(names)s)",
        "%(n)d products stay where they are, since they are on sale and need first: %(lacks)s. (%(names)s)",
        n,
    )
    messages.warning(request, said % facts)


@brand_required
@require_safe
def products(request):
    rows = Product.objects.filter(brand=request.brand)
    counts = rows.aggregate(
        active=Count("id", Q(status="active")),
        draft=Count("id", Q(status="draft")),
        archived=Count("id", Q(status="archived")),
    )
    status, words = request.GET.get("status", ""), request.GET.get("q", "").strip()
    rows = productlists.listed(request.brand, request.GET)
    rows = rows.prefetch_related(storefront.pictures())
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    for product in page:
        product.lacks = productlists.lacks(product)
    context = {"brand": request.brand, "page": page, "counts": counts, "status": status, "q": words}
    context["many"] = ManyForm()
    return render_page(request, "shop/products.html", context)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@terms_first
def product_edit(request, product_id=None):
    """A new product, or one that is there; both with their variants."""
    brand = request.brand
    if product_id:
        product = get_object_or_404(
            Product.objects.select_related("category"), brand=brand, pk=product_id
        )
    else:
        product = Product(
            brand=brand, currency=brand.currency, tax_class="", sells_at=brand.sells_at
        )
    sent = request.POST if request.method == "POST" else None  # also where it holds nothing
    form = ProductForm(sent, request.FILES or None, instance=product)
    variants = VariantFormSet(sent, instance=product, form_kwargs={"currency": product.currency})
    images = ImageFormSet(sent, instance=product)
    if request.method == "POST" and _all_valid(request, form, variants, images):
        try:
            _save(brand, form, variants, images)
        except IntegrityError:
            product.pk = product_id  # nothing was stored
            form.add_error(
                None, _("One of these SKUs stands here twice, or another product of yours has it.")
            )
            if request.FILES:
                form.add_error("pictures", _(FORGOTTEN))
        else:
            messages.success(request, _("Saved."))
            return redirect("shop:products", brand_slug=brand.slug)
    context = {"brand": brand, "product": product, "form": form, "variants": variants}
    context["images"] = images
    bad = request.method == "POST"
    return render_page(request, "shop/product_edit.html", context, status=422 if bad else 200)


def _all_valid(request, form, variants, images):
    """Ask every form, so that each tells what is wrong with it; then what only all of them know."""
    valid = all([form.is_valid(), variants.is_valid(), images.is_valid()])
    added = form.cleaned_data.get("pictures") or []
    kept = sum(not row.cleaned_data.get("DELETE") for row in images.forms if row.is_valid())
    if added and kept + len(added) > pictures.MAX_IMAGES:
        message = _("A product has at most %(n)d pictures. Take some away first.")
        form.add_error("pictures", message % {"n": pictures.MAX_IMAGES})
        return False
    if not valid and request.FILES and "pictures" not in form.errors:
        form.add_error("pictures", _(FORGOTTEN))
    return valid


@transaction.atomic
def _save(brand, form, variants, images):
    """Store what was typed; a product that is off the shelves stays off until it is brought back."""
    product = form.save(commit=False)
    locked = (
        Variant.objects.filter(product=product.pk).order_by("pk").select_for_update(no_key=True)
    )
    there = {variant.pk: variant for variant in locked}
    if product.pk is None:
        product.status = Product.Status.DRAFT
        product.slug = catalogue.free_slugs(brand, [product.title])[0]
        product.save()
    else:
        product.save(update_fields=[*form.Meta.fields, "details", "updated_at"])
    for n, row in enumerate(variants.forms):
        if not row.has_changed() and not row.instance.pk:
            continue
        variant = row.save(commit=False)
        option = row.cleaned_data.get("option", "")
        if option != variant.label:
            variant.options = [["", option]] if option else []
        variant.product, variant.brand, variant.position = product, brand, n
        variant.is_active = not row.cleaned_data["is_off"]
        variant.sku = variant.sku or f"{product.slug}/{option or n + 1}"[:120]
        if variant.pk:
            variant.stock = row.counted(there[variant.pk])
            variant.save(update_fields=TYPED)
        else:
            variant.save()
    if images.instance.pk:
        images.save()
    pictures.add(product, form.cleaned_data["pictures"])
    catalogue.refresh([product.pk])
    catalogue.publish(brand, [product.pk])
    if product.sells_at == SellsAt.BESIDE:
        stocklevels.ring_for(brand.pk, timezone.now())


@brand_required
@require_POST
@terms_first
def product_status(request, product_id):
    """Take a product off the shelves, or bring it back."""
    product = get_object_or_404(Product, brand=request.brand, pk=product_id)
    if "archive" in request.POST:
        catalogue.take_off(request.brand, [product.pk], timezone.now())
        messages.success(request, _("The product is no longer shown."))
    else:
        Product.objects.filter(pk=product.pk).update(status=Product.Status.DRAFT)
        catalogue.refresh([product.pk])
        active = catalogue.publish(request.brand, [product.pk])
        messages.success(
            request, _("The product is on sale.") if active else _("It is a draft now.")
        )
    return redirect("shop:products", brand_slug=request.brand.slug)
