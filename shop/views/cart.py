"""The bag: what is in it, putting in, changing, taking out."""

from urllib.parse import quote

from django.contrib import messages
from django.core import signing
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.lib.access import public
from config.lib.http import render_page, safe_next, whole
from shop import bag as bags
from shop import cart as carts
from shop.forms.storefront import AddForm
from shop.models import Variant
from shop.views.bag import (
    ELSEWHERE,
    ELSEWHERE_S,
    SESSION_KEY,
    bag_of,
    cart_count,
    open_bag,
    referral_for,
)
from shop.views.bag import (
    elsewhere as elsewhere_of,
)


@public
@require_safe
def cart(request):
    """Show the bag with today's prices."""
    return _page(request)


def _page(request, status=200):
    found = bag_of(request)
    bag = bags.contents(found, timezone.now()) if found else None
    context = {
        "bag": bag,
        "cart_count": bag.count if bag else 0,
        "quantities": range(1, 11),
        "elsewhere": elsewhere_of(request, request.path),
    }
    return render_page(request, "shop/cart.html", context, status=status)


@public
@require_safe
def elsewhere(request, token):
    """Go on in this browser with what is in the bag of another one, as the signed address says.

    With a copy: whoever passes her address on must not reach the order that is made of it.
    """
    try:
        facts = signing.loads(token, salt=ELSEWHERE, max_age=ELSEWHERE_S)
    except signing.BadSignature:
        messages.info(request, _("This address works for an hour only. Your bag is where it was."))
        return redirect("shop:storefront_list")
    if not cart_count(request) and (found := carts.find(facts["bag"])):
        request.session[SESSION_KEY] = carts.copy(found).key
    query = f"?touch={quote(facts['touch'])}" if facts["touch"] else ""
    return redirect(facts["path"] + query)


@public
@require_POST
def cart_add(request):
    """Put a variant into the bag, with the creator's touch that led to it."""
    form = AddForm(request.POST)
    rows = Variant.objects.select_related("product__brand")
    variant = rows.filter(pk=form.cleaned_data["variant"]).first() if form.is_valid() else None
    if variant is None:
        messages.error(request, _("Please choose what you want first."))
        return redirect(safe_next(request, "/shop/"))
    referral = referral_for(request, variant.brand_id)
    touch = referral.touch if referral else ""
    try:
        carts.add(open_bag(request), variant, form.cleaned_data["quantity"], touch)
    except carts.CannotAdd as error:
        messages.error(request, str(error))
        return redirect(variant.product)
    return redirect("shop:checkout" if "checkout" in request.POST else "shop:cart")


@public
@require_POST
def cart_update(request):
    """Change quantities: fields `line_<id>`; the button `remove` names a line to take out."""
    found = bag_of(request)
    wanted = {}
    for name, text in request.POST.items():
        prefix, _underscore, pk = name.partition("_")
        line, pieces = whole(pk), whole(text)
        if prefix == "line" and line is not None and pieces is not None:
            wanted[line] = pieces
    if (gone := whole(request.POST.get("remove", ""))) is not None:
        wanted[gone] = 0
    if found and wanted:
        carts.set_quantities(found, wanted)
    return _page(request) if request.htmx else redirect("shop:cart")
