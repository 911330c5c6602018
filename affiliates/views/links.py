"""Links: the redirect's way through Django, and a creator's list of her own."""

from io import BytesIO

import segno
from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from affiliates import codes, linkreports
from affiliates import links as domain
from affiliates import redirect as door
from affiliates.models import Link
from config.lib.access import public
from config.lib.http import page_number, render_page
from creators.access import creator_required
from shop import storefront

QR_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


class Away(HttpResponseRedirect):
    """A redirect to the address on a link's row, which is a shop's own or ours."""

    allowed_schemes = ["http", "https"]


@public
@require_safe
def go(request, code: str):
    """Answer what the short cut in front of Django passed on."""
    return _follow(request, code)


@public
@require_safe
def alias(request, handle: str, word: str):
    link = Link.objects.filter(creator__handle=handle, alias=word).only("code").first()
    if link is None:
        raise Http404("no such alias")
    return _follow(request, link.code)


def _follow(request, code: str):
    found = domain.resolve(code, timezone.now())
    if found is None:
        raise Http404("no such link")
    if not found.is_live:
        return _ended(request, found.link)
    click = door.note(code, request.environ if hasattr(request, "environ") else request.META)
    headers = dict(door.headers_for(found.record.encode(), request.META, click))
    response = Away(headers.pop("Location"))
    for name, value in headers.items():
        if name == "Set-Cookie":
            text = value.partition(";")[0].partition("=")[2]
            response.set_cookie(door.referral.COOKIE, text, **door.cookie_options())
        elif name != "Content-Length":
            response[name] = value
    return response


def _ended(request, link: Link):
    """Say that an offer is over, and show what is like it."""
    similar = []
    if link.product:
        similar = storefront.more_of(link.product)
        prefetch_related_objects(similar, storefront.pictures())
    on_sale = link.product and link.product.status == "active"
    context = {"link": link, "product": link.product if on_sale else None, "similar": similar}
    response = render_page(request, "affiliates/link_ended.html", context, status=410)
    response["Cache-Control"] = "no-store, private"
    return response


@creator_required
@require_GET
def links(request):
    page = linkreports.own_links(request.creator, page_number(request))
    context = {
        "page": page,
        "bio": linkreports.bio_links(request.creator),
        "quota": domain.quota(request.creator, timezone.now()),
        "code": codes.current(request.creator),
    }
    return render_page(request, "affiliates/links.html", context)


def _own(request, pk: int) -> Link:
    rows = Link.objects.select_related("creator", "product", "collaboration__brand")
    return get_object_or_404(rows, pk=pk, creator=request.creator)


@creator_required
@require_POST
def link_off(request, pk: int):
    domain.deactivate(_own(request, pk))
    messages.success(request, _("The link is off. What was ordered before stays yours."))
    return redirect("affiliates:links")


@creator_required
@require_POST
def link_name(request, pk: int):
    link = _own(request, pk)
    try:
        domain.name(link, request.POST.get("alias", ""))
    except domain.BadAlias:
        messages.error(request, _("Use small letters, digits and hyphens, such as my-lamp."))
    except domain.AliasTaken:
        messages.error(request, _("You have a link of that name. Choose another word."))
    else:
        messages.success(request, _("Saved. Your link has a name that people can read."))
    return redirect("affiliates:links")


@creator_required
@require_GET
def link_qr_page(request, pk: int):
    """Show the QR code of a link: in a dialog, or without script as a page."""
    link = _own(request, pk)
    context = {"link": link, "url": domain.share_url(link), "nav_active": "links"}
    return render_page(request, "affiliates/qr.html", context)


@creator_required
@require_GET
def link_qr(request, pk: int, kind: str):
    """Return the QR code of a link as a picture for print (svg) or a post (png)."""
    if kind not in QR_TYPES:
        raise Http404("no such kind of picture")
    link = _own(request, pk)
    code = segno.make(domain.share_url(link), error="m")
    picture = BytesIO()
    if kind == "svg":  # without a size of its own: a page or a printer gives it one
        code.save(picture, kind=kind, border=4, omitsize=True, light="#fff")
    else:
        code.save(picture, kind=kind, scale=8, border=4)
    response = HttpResponse(picture.getvalue(), content_type=QR_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{link.code}.{kind}"'
    return response
