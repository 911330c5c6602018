"""The terms for everyone to read: what holds, what is announced, what was, and what differs."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.lib import typed
from config.lib.access import public
from config.lib.http import client_language, render_page, safe_next
from shop import terms as domain
from shop.access import owner_changes
from shop.models import Terms

ACCEPT = "accept_terms"  # the version that was read, where they are asked in between


@public
@require_safe
def terms_list(request):
    now = timezone.now()
    rows = list(Terms.objects.published().order_by("kind", "-version"))
    kinds = []
    for key, label in Terms.Kind.choices:
        own = [row for row in rows if row.kind == key]
        holds = next((row for row in own if row.effective_from <= now), None)
        kinds.append((key, label, holds, [row for row in own if row.effective_from > now]))
    return render_page(request, "shop/terms_list.html", {"kinds": kinds})


@public
@require_safe
def terms(request, kind: str, version: int | None = None):
    """One version, with the way to all others; without a number the one that holds."""
    rows = domain.versions(kind)
    now = timezone.now()
    holds = next((row for row in rows if row.effective_from <= now), None)
    row = next((one for one in rows if one.version == version), None) if version else holds
    if row is None:
        raise Http404("no such version")
    context = {"row": row, "rows": rows, "holds": holds}
    return render_page(request, "shop/terms.html", context)


@public
@require_safe
def terms_changes(request, kind: str, version: int):
    """What a version changes, compared with the one before it."""
    rows = {row.version: row for row in domain.versions(kind)}
    new, old = rows.get(version), rows.get(version - 1)
    if new is None or old is None:
        raise Http404("nothing to compare")
    dutch = client_language(request) == "nl"
    lines = domain.changes(
        old.text_nl if dutch else old.text, new.text_nl if dutch else new.text
    )  # fmt: skip
    context = {"old": old, "new": new, "lines": lines}
    return render_page(request, "shop/terms_changes.html", context)


@owner_changes
@require_http_methods(["GET", "HEAD", "POST"])
def brand_terms(request):
    """The terms for brands, to be accepted before anything is published."""
    now = timezone.now()
    if request.method == "POST":
        domain.accept(Terms.Kind.BRAND, now, user=request.user, brand=request.brand)
        messages.success(request, _("Thank you. You can go on."))
        return redirect(safe_next(request, reverse("shop:products", args=[request.brand.slug])))
    context = {
        "brand": request.brand,
        "row": domain.in_force(Terms.Kind.BRAND, now),
        "asked": domain.missing(Terms.Kind.BRAND, now, brand=request.brand),
        "next": safe_next(request, ""),
    }
    return render_page(request, "shop/brand_terms.html", context)


def terms_first(view: Callable) -> Callable:
    """Let a brand publish only once somebody accepted, for it, the terms in force.

    Where they are missing a page asks for them and carries along what was sent: an owner accepts
    and it is done; a member's waits in her browser until an owner has accepted.
    """

    @wraps(view)
    def wrapper(request, *args: object, **kwargs: object):
        if request.method != "POST" or "archive" in request.POST:
            return view(request, *args, **kwargs)
        now, is_owner = timezone.now(), request.membership.is_owner
        asked = domain.missing(Terms.Kind.BRAND, now, brand=request.brand)
        if asked and is_owner and request.POST.get(ACCEPT) == str(asked.pk):
            domain.accept(Terms.Kind.BRAND, now, user=request.user, brand=request.brand)
            asked = None
        if asked is None:
            return view(request, *args, **kwargs)
        fields = [(name, value) for name, value in typed.fields(request) if name != ACCEPT]
        offer = typed.Offer(request.get_full_path(), fields, bool(request.FILES))
        context = {"brand": request.brand, "row": asked, "offer": offer, "accept": ACCEPT}
        return render_page(request, "shop/terms_first.html", context, status=422)

    return wrapper
