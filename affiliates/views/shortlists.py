"""The bookmark button and the list behind it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from affiliates import shortlists as lists
from config.lib import ratelimit, sheets
from config.lib.http import render_page, safe_next
from creators.models import Creator
from shop.access import brand_required


@brand_required
@require_safe
def shortlists(request):
    context = {
        "entries": list(lists.entries_of(request.brand)[:200]),
        "shortlist": lists.summary(request.brand),
        "nav_active": "discover",
    }
    return render_page(request, "affiliates/shortlists.html", context)


@brand_required
@require_POST
def toggle(request, creator_id: int):
    creator = get_object_or_404(Creator, pk=creator_id, directoryentry__is_listed=True)
    lists.toggle(request.brand, creator, request.user)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect(safe_next(request, f"/brand/{request.brand.slug}/shortlists/"))


@brand_required
@require_POST
def note(request, creator_id: int):
    """Keep a note of the team about a creator on the list."""
    if not lists.note(request.brand, creator_id, request.POST.get("note", "")):
        raise Http404("she is not on the list")
    messages.success(request, _("Noted. Your team sees it, the creator does not."))
    return redirect("affiliates:shortlists", request.brand.slug)


@brand_required
@require_safe
@ratelimit.exports
def shortlist_csv(request):
    return sheets.answer(lists.table(request.brand), "shortlist.csv")
