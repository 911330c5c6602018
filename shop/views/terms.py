"""The terms for everyone to read: what holds, what is announced, what was, and what differs."""

from collections.abc import Callable
from functools import partial, wraps

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.lib.access import public
from config.lib.http import client_language, render_page, safe_next
from shop import terms as domain
from shop.access import owner_changes
from shop.models import Terms


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


def terms_first(view: Callable | None = None, *, back: str = "") -> Callable:
    """Let a brand publish only once somebody accepted, for it, the terms in force.

    Whoever accepted comes back to the page that she came from: this one, or where it shows
    nothing by itself, the one named `back`.
    """
    if view is None:
        return partial(terms_first, back=back)

    @wraps(view)
    def wrapper(request, *args: object, **kwargs: object):
        if request.method == "POST" and "archive" not in request.POST:
            now = timezone.now()
            if domain.missing(Terms.Kind.BRAND, now, brand=request.brand):
                messages.error(request, _("Accept the terms first; then do this again."))
                url = reverse("shop:brand_terms", args=[request.brand.slug])
                page = request.path
                if back:
                    page = reverse(back, args=[request.brand.slug, *args, *kwargs.values()])
                return redirect(f"{url}?next={page}")
        return view(request, *args, **kwargs)

    return wrapper
