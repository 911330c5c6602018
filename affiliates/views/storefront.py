"""A creator's public page, and where she fills it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates import (
    consent,
    disclosure,
    links,
    market,
    pagelinks,
    shareimages,
    shelf,
    switches,
)
from affiliates.forms.storefront import PageLinkForm
from affiliates.models import Link
from affiliates.models.links import PAGE_LINKS
from config.lib.access import public
from config.lib.http import render_page, whole
from creators.access import creator_required
from creators.models import Creator
from shop.models import Product

LOOKS_REAL = 70  # a lower score is no verdict, so shoppers are not shown it


def _shown(handle: str) -> Creator:
    rows = Creator.objects.select_related("directoryentry")
    creator = rows.filter(handle=handle.lower(), erased_at=None).first()
    if creator is None or creator.status not in Creator.HAS_PAGE:
        raise Http404("no such creator")
    return creator


@public
@require_safe
def share_image(request, handle: str):
    """Answer the picture that a post shows of her page."""
    creator = _shown(handle)
    word = disclosure.rule(creator.country).word
    card = shareimages.card_of(creator, shelf.shelf(creator), word)
    etag = f'"{card.digest}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(shareimages.png(card), content_type="image/png")
    response["ETag"], response["Cache-Control"] = etag, "public, max-age=3600"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@public
@require_safe
def storefront(request, handle: str):
    creator = _shown(handle)
    whole_shelf = shelf.shelf(creator)
    shelves = {link.product.category_id: link.product.category for link in whole_shelf}
    only = request.GET.get("shelf", "")
    only = only if any(one.slug == only for one in shelves.values()) else ""
    links_shown = [one for one in whole_shelf if not only or one.product.category.slug == only]
    taxes = market.tax_rates(timezone.now()) if links_shown else {}
    cards = [
        {"link": link, "product": link.product, "earns": _amount(link, taxes)}
        for link in links_shown
    ]
    entry = getattr(creator, "directoryentry", None)
    context = {
        "creator": creator,
        "cards": cards,
        "says_amounts": any(card["earns"] for card in cards),
        "shelves": sorted(shelves.values(), key=lambda one: (one.position, one.name)),
        "only": only,
        "score": entry.score if entry and (entry.score or 0) >= LOOKS_REAL else None,
        "scored_at": entry.refreshed_at if entry else None,
        "channels": [
            {
                "platform": row.platform,
                "url": row.url,
                "followers": getattr(entry, row.platform, None),
            }
            for row in creator.channels.verified()
        ],
        "others": pagelinks.of(creator),
        "ad_word": disclosure.word(consent.country_of(request.META), get_language() or "en"),
    }
    context |= _arrived(creator, request.GET.get("from", ""))
    return render_page(request, "affiliates/storefront.html", context)


def _arrived(creator: Creator, code: str) -> dict[str, object]:
    """Return what to say to whom a link of a platform that is off brought here."""
    if not links.CODE.fullmatch(code):
        return {}
    rows = creator.links.select_related("product__brand", "collaboration__brand")
    old, now = rows.filter(code=code).first(), timezone.now()
    if old is None or not switches.off(old.platform, creator.country, now):
        return {}
    old.creator = creator
    return {"arrived": old, "stand_in": links.stand_in(old, now)}


def _amount(link: Link, taxes: dict[tuple[str, str], int]) -> int | None:
    """What she earns on one sale, where the brand lets shoppers see it; minor units."""
    offer = link.collaboration
    if not offer or not offer.show_amount or link.product.price_from is None:
        return None
    return market.earned(link.product, offer.rate_bp, taxes)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
def storefront_settings(request):
    if request.method == "POST":
        _change(request, request.creator, timezone.now())
        return redirect("affiliates:storefront_settings")
    return _settings(request, PageLinkForm())


@creator_required
@require_POST
def page_links(request):
    """Add, order and take away her other addresses."""
    creator, pk = request.creator, whole(request.POST.get("id", "")) or 0
    form = PageLinkForm(request.POST if request.POST.get("do") == "add" else None)
    match request.POST.get("do"):
        case "remove":
            pagelinks.remove(creator, pk)
        case "up":
            pagelinks.move_up(creator, pk)
        case "add" if form.is_valid():
            try:
                pagelinks.add(creator, form.cleaned_data["label"], form.cleaned_data["url"])
            except pagelinks.Full:
                form.add_error(None, _("You have ten already. Remove one first."))
    if form.errors:
        return _settings(request, form)
    return redirect(reverse("affiliates:storefront_settings") + "#others")


def _settings(request, form):
    creator = request.creator
    context = {
        "creator": creator,
        "cards": shelf.shelf(creator),
        "candidates": shelf.candidates(creator),
        "others": pagelinks.of(creator),
        "most_links": PAGE_LINKS,
        "form": form,
        "nav_active": "storefront_settings",
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/storefront_settings.html", context, status=status)


def _change(request, creator, now) -> None:
    pk = whole(request.POST.get("id", "")) or 0
    match request.POST.get("do"):
        case "put":
            product = get_object_or_404(Product.objects.on_sale(), pk=pk)
            try:
                shelf.put(creator, product, now)
            except (
                links.NotEnrolled,
                links.NoOffer,
                links.LinkBlocked,
                links.BrandShort,
                links.ShopUntested,
                links.TermsMissing,
            ):
                messages.error(request, _("This product cannot be put on your page now."))
            else:
                messages.success(request, _("It is on your page."))
        case "off":
            shelf.take_off(creator, pk)
            messages.success(request, _("It is off your page. Its links keep working."))
        case "up":
            shelf.move_up(creator, pk)
