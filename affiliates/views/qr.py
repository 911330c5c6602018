"""QR codes of a creator's own addresses: each of her links, and her page."""

from io import BytesIO

import segno
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from affiliates import linkcache, links
from affiliates.views.links import own_link
from config.lib.http import render_page
from creators.access import creator_required

TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@creator_required
@require_safe
def link_qr_page(request, pk: int):
    """Show the QR code of a link: in a dialog, or without script as a page."""
    link = own_link(request, pk)
    offer = link.collaboration
    title = link.product.title if link.product else offer.brand.name if offer else _("My page")
    return _page(request, title, links.share_url(link), "link_qr", link.pk)


@creator_required
@require_safe
def link_qr(request, pk: int, kind: str):
    link = own_link(request, pk)
    return _picture(links.share_url(link), kind, link.code)


@creator_required
@require_safe
def page_qr_page(request):
    """Show the QR code of her page."""
    return _page(request, _("My page"), _address(request.creator), "page_qr")


@creator_required
@require_safe
def page_qr(request, kind: str):
    return _picture(_address(request.creator), kind, request.creator.handle)


def _address(creator) -> str:
    return linkcache.absolute(creator.get_absolute_url())


def _page(request, title: str, url: str, name: str, *args):
    pictures = {kind: reverse(f"affiliates:{name}", args=[*args, kind]) for kind in TYPES}
    context = {"title": title, "url": url, **pictures, "nav_active": "links"}
    return render_page(request, "affiliates/qr.html", context)


def _picture(url: str, kind: str, name: str) -> HttpResponse:
    """Return the QR code of `url` for print (svg) or a post (png)."""
    if kind not in TYPES:
        raise Http404("no such kind of picture")
    code = segno.make(url, error="m")
    picture = BytesIO()
    if kind == "svg":  # without a size of its own: a page or a printer gives it one
        code.save(picture, kind=kind, border=4, omitsize=True, light="#fff")
    else:
        code.save(picture, kind=kind, scale=8, border=4)
    response = HttpResponse(picture.getvalue(), content_type=TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
