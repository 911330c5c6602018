"""Links: the redirect's way through Django, and a creator's list of her own."""

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from affiliates import (
    clock,
    codes,
    dashboards,
    linkblocks,
    linkreports,
    offerdays,
    promises,
    solvency,
    switches,
    switchwords,
)
from affiliates import links as domain
from affiliates import redirect as door
from affiliates.attribution import facts
from affiliates.models import Link, LinkDay, PlatformSwitch
from config.lib import local, ratelimit
from config.lib.access import public
from config.lib.http import page_number, render_page
from creators.access import creator_required
from shop import integrations, storefront
from shop.models.brands import SellsAt


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
@require_safe
def links(request):
    page = linkreports.own_links(request.creator, page_number(request))
    found = LinkDay.objects.filter(link__creator=request.creator)
    now = timezone.now()
    off = switches.platforms_off(request.creator.country, now).values()
    context = {
        "page": page,
        "off": [(switchwords.of_link(switch), switch.platform) for switch in off],
        **_chart(linkreports.days(found, _today())),
        "quota": domain.quota(request.creator, now),
        "code": codes.current(request.creator),
    }
    return render_page(request, "affiliates/links.html", context)


def own_link(request, pk: int) -> Link:
    """Return a link of the creator who asks, or 404."""
    rows = Link.objects.select_related("creator", "product", "collaboration__brand")
    return get_object_or_404(rows, pk=pk, creator=request.creator)


@creator_required
@require_safe
def link(request, pk: int):
    """Show what one link brought by day, where it was seen, and what can be done with it."""
    link = own_link(request, pk)
    brand_ids = [link.collaboration.brand_id] if link.collaboration else []
    now = timezone.now()
    off = switches.platforms_off(link.creator.country, now)
    context = {
        "light": next(iter(solvency.lights(brand_ids).values()), None),
        "offer_days": _offer_days(link, now, bool(off)),
        "own_shop": _own_shop(link),
        "row": linkreports.report(link),
        "link": link,
        "currency": linkreports.currency_of(link),
        **_chart(linkreports.days(link.days.all(), _today())),
        "seen": linkreports.seen_on(link),
        "locked": link.rate_locked_until and link.rate_locked_until > now,
        "off": switchwords.of_link(off[link.platform]) if link.platform in off else "",
        "promise": promises.of_click(link, now, off) if off else None,
        "nav_active": "links",
    }
    if block := context["row"].block:
        block.link = link
        context |= {"stopped": block, "contest": linkblocks.contested(block)}
    return render_page(request, "affiliates/link.html", context)


def _offer_days(link: Link, now, is_off: bool) -> dict[str, int] | None:
    """Return how long a click on it counts and a sale waits; what a dark link promises, too."""
    if link.collaboration is None:
        return None
    days = offerdays.both(link.collaboration, now, promises.taken(link))
    if is_off:
        held = promises.stood_for({(link.pk, now): link}, list(PlatformSwitch.objects.ever()))
        days["window_days"] = facts.window(link, now, now, held[link.pk, now] if held else ())
    return days


def _own_shop(link: Link) -> dict | None:
    """Return whether the brand's own shop tells us of sales, and when it last did."""
    product = link.product
    if product is None or product.sells_at != SellsAt.OWN_SHOP:
        return None
    tells, heard_at = integrations.hearing(product)
    return {"silent": not tells, "heard_at": heard_at}


def _today():
    return clock.local_day(timezone.now())


def _chart(days):
    """Return what the charts of clicks and orders by day need."""
    clicks, orders = [day.clicks for day in days], [day.orders for day in days]
    sentences = [
        ", ".join(
            [
                local.short_day(day.day, "D j M"),
                ngettext("%(n)d click", "%(n)d clicks", day.clicks) % {"n": day.clicks},
                ngettext("%(n)d order", "%(n)d orders", day.orders) % {"n": day.orders},
            ]
        )
        for day in days
    ]
    axis = [local.short_day(day) for day in dashboards.axis(day.day for day in days)]
    return {"days": days, "clicks": clicks, "orders": orders, "top_clicks": max(clicks),
            "top_orders": max(orders), "axis": axis, "sentences": sentences}  # fmt: skip


@creator_required
@require_POST
def link_off(request, pk: int):
    domain.deactivate(own_link(request, pk), timezone.now())
    messages.success(request, _("The link is off. What was ordered before stays yours."))
    return redirect("affiliates:links")


@creator_required
@require_POST
@ratelimit.limited("cases", times=20, seconds=3_600)
def link_contest(request, pk: int):
    """Open her case about a link that we switched off; another admin decides it."""
    row = own_link(request, pk)
    block = linkblocks.of([row]).get(row.pk)
    text = request.POST.get("text", "").strip()[:2_000]
    if block is None:
        messages.info(request, _("This link is not switched off by us any more."))
    elif text:
        block.link = row
        linkblocks.contest(block, text, timezone.now())
        messages.success(request, _("We have it. A person decides within ten days."))
    else:
        messages.error(request, _("Say what is wrong with it, then send it again."))
    return redirect("affiliates:link", row.pk)


@creator_required
@require_POST
def link_name(request, pk: int):
    link = own_link(request, pk)
    try:
        domain.name(link, request.POST.get("alias", ""))
    except domain.BadAlias:
        messages.error(request, _("Use small letters, digits and hyphens, such as my-lamp."))
    except domain.AliasTaken:
        messages.error(request, _("You have a link of that name. Choose another word."))
    else:
        messages.success(request, _("Saved. Your link has a name that people can read."))
    return redirect("affiliates:link", link.pk)
