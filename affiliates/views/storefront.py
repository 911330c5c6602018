"""A creator's public page, and where she fills it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import links, market, shelf
from affiliates.models import Link
from config.lib.access import public
from config.lib.http import render_page, whole
from creators.access import creator_required
from creators.models import Creator
from shop.models import Product

SHOWN_AS = {"waiting", "pilot", "full"}  # whose page is there


@public
@require_safe
def storefront(request, handle: str):
    creator = Creator.objects.filter(handle=handle.lower(), erased_at=None).first()
    if creator is None or creator.status not in SHOWN_AS:
        raise Http404("no such creator")
    links_shown = shelf.shelf(creator)
    taxes = market.tax_rates(timezone.now()) if links_shown else {}
    cards = [
        {"link": link, "product": link.product, "earns": _amount(link, taxes)}
        for link in links_shown
    ]
    entry = getattr(creator, "directoryentry", None)
    context = {
        "creator": creator,
        "cards": cards,
        "score": entry.score if entry else None,
        "channels": list(creator.channels.verified()),
    }
    return render_page(request, "affiliates/storefront.html", context)


def _amount(link: Link, taxes: dict[tuple[str, str], int]) -> int | None:
    """What she earns on one sale, where the brand lets shoppers see it; minor units."""
    offer = link.collaboration
    if not offer or not offer.show_amount or link.product.price_from is None:
        return None
    return market.earned(link.product, offer.rate_bp, taxes)


@creator_required
@require_http_methods(["GET", "POST"])
def storefront_settings(request):
    creator, now = request.creator, timezone.now()
    if request.method == "POST":
        _change(request, creator, now)
        return redirect("affiliates:storefront_settings")
    context = {
        "creator": creator,
        "cards": shelf.shelf(creator),
        "candidates": shelf.candidates(creator),
        "bio": [(platform, links.share_url(link)) for platform, link in _bio_links(creator)],
        "nav_active": "storefront_settings",
    }
    return render_page(request, "affiliates/storefront_settings.html", context)


def _bio_links(creator):
    found = creator.links.filter(collaboration=None).select_related("creator")
    return [(link.get_platform_display(), link) for link in found]


def _change(request, creator, now) -> None:
    pk = whole(request.POST.get("id", "")) or 0
    match request.POST.get("do"):
        case "put":
            product = get_object_or_404(Product.objects.on_sale(), pk=pk)
            try:
                shelf.put(creator, product, now)
            except (links.NotEnrolled, links.NoOffer, links.TermsMissing):
                messages.error(request, _("This product cannot be put on your page now."))
            else:
                messages.success(request, _("It is on your page."))
        case "off":
            shelf.take_off(creator, pk)
            messages.success(request, _("It is off your page. Its links keep working."))
        case "up":
            shelf.move_up(creator, pk)
