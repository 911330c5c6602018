"""The shop, a brand's page, and a product's page."""

from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.lib import money
from config.lib.access import public
from config.lib.http import page_number, render_page
from shop import pricing, stocklevels, storefront, structured
from shop.forms.products import DETAILS
from shop.forms.storefront import FilterForm
from shop.models import Brand, TaxRate
from shop.models.brands import SellsAt
from shop.views.bag import cart_count, elsewhere, referral_for

NARROWING = ("q", "price_min", "price_max", "available", "sort")


def _listing(request, form, brand=None):
    """Return what a list of products shows."""
    wanted = form.filters(brand.slug if brand else "")
    found, is_near = storefront.page(wanted, page_number(request))
    canonical, is_found = _address(request, form)
    return {
        "form": form,
        "brand": brand,
        "canonical": canonical,
        "is_found": is_found,
        "shelf": next((one for one in form.shelves if one.slug == wanted.category), None),
        "share": _share([image for one in found.rows[:1] for image in one.images.all()]),
        "products": found,
        "is_near": is_near,
        "filters_on": [] if found else form.on(),
        "cart_count": cart_count(request),
    }


@public
@require_safe
def storefront_list(request):
    shelves = storefront.shelves()
    form = FilterForm(request.GET, shelves=shelves)
    context = _listing(request, form) | {"shelves": shelves}
    return render_page(request, "shop/storefront.html", context)


@public
@require_safe
def brand_page(request, brand_slug):
    brand = get_object_or_404(Brand.objects.active(), slug=brand_slug)
    form = FilterForm(request.GET, shelves=storefront.shelves())
    context = _listing(request, form, brand)
    context["referral"] = referral_for(request, brand.pk)
    return render_page(request, "shop/brand_page.html", context, partial="shop/_storefront.html")


@public
@require_safe
def product(request, brand_slug, product_slug):
    found = storefront.product(brand_slug, product_slug)
    if found is None:
        raise Http404("no such product on sale")
    referral = referral_for(request, found.brand_id)
    shelf = request.referral.more_of_shelf(referral, found) if referral else []
    more = shelf or [(one, one.get_absolute_url()) for one in storefront.more_of(found)]
    storefront.show_pictures([found, *(one for one, _url in more)])
    variants = storefront.variants(found)
    chosen = _chosen(variants, request.GET.get("variant", ""))
    pictures = list(found.images.all())
    lead, is_longer = storefront.lead(found.description)
    sold_here = found.sells_at != SellsAt.OWN_SHOP
    is_known = chosen is None or stocklevels.is_fresh(chosen, timezone.now())
    context = {
        "product": found,
        "brand": found.brand,
        "variants": variants,
        "chosen": chosen,
        "choice_of": _choice_of(variants),
        "prices_differ": len({variant.price for variant in variants}) > 1,
        "pictures": pictures,
        "shown": _shown(pictures, chosen),
        "share": _share(pictures),
        "structured": structured.product(found, variants, pictures, lead),
        "more": more,
        "more_of_shelf": bool(shelf),
        "referral": referral,
        "elsewhere": elsewhere(
            request, found.get_absolute_url(), referral.touch if referral else ""
        ),
        "earns": _earns(referral, found, chosen),
        "sold_here": sold_here,
        "buyable": bool(sold_here and chosen and found.in_stock and is_known),
        "is_known": is_known,
        "lead": lead,
        "is_longer": is_longer,
        "details": _details(found),
        "unit_price": pricing.unit_price(chosen.price, chosen.content) if chosen else None,
        "cart_count": cart_count(request),
    }
    return render_page(request, "shop/product.html", context)


def _chosen(variants, wanted):
    """Return the variant in the address, else the first that is in stock."""
    for variant in variants:
        if str(variant.pk) == wanted:
            return variant
    in_stock = [variant for variant in variants if variant.available != 0]
    return next(iter(in_stock or variants), None)


def _choice_of(variants):
    """Return what one chooses: `Size`, `Size, Colour`; empty when variants do not agree."""
    names = {tuple(name for name, _value in variant.options) for variant in variants}
    return ", ".join(names.pop()) if len(names) == 1 else ""


def _shown(pictures, chosen):
    """Return the picture of the chosen variant, else the first."""
    own = [image for image in pictures if chosen and image.pk == chosen.picture_id]
    return next(iter(own or pictures), None)


def _share(pictures):
    """Return the whole address of the first picture, for posts that show this page."""
    first = next((image for image in pictures if image.file), None)
    return structured.whole(first.file.url) if first else ""


def _address(request, form):
    """Return the one address of this list for search engines, and whether it should be found.

    Shelves and their further pages have one each; searches and filters lead to it.
    """
    kept = {name: value for name in ("category", "page") if (value := request.GET.get(name, ""))}
    if form.errors or kept.get("page") == "1" or page_number(request) == 1:
        kept.pop("page", None)
    if "category" in form.errors:
        kept.pop("category", None)
    query = f"?{urlencode(kept)}" if kept else ""
    narrowed = any(request.GET.get(name) for name in NARROWING)
    return structured.whole(request.path) + query, not narrowed


def _earns(referral, product, chosen):
    """Return the commission on one piece, where the brand lets shoppers see it."""
    if not referral or referral.rate_bp is None or not chosen:
        return None
    tax_bp = TaxRate.on(product.brand.country, product.tax_class, timezone.localdate())
    if tax_bp is None:
        return None
    net = chosen.price - money.tax_within(chosen.price, tax_bp)
    return money.half_up(net, referral.rate_bp)


def _details(product):
    """Return (label, text) of what the law wants told; the trader answers for its own goods."""
    told = dict(product.details)
    required = product.category.required_details if product.category else []
    if product.brand.made_by == Brand.MadeBy.ITSELF and "manufacturer" in required:
        seller = product.brand
        place = ", ".join(filter(None, [seller.address, f"{seller.postal_code} {seller.city}"]))
        told.setdefault("manufacturer", ", ".join(filter(None, [seller.legal_name, place.strip()])))
        told.setdefault("manufacturer_contact", seller.email)
    return [(label, told[key]) for key, label in DETAILS.items() if told.get(key)]
