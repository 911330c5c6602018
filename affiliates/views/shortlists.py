"""The bookmark button, a brand's lists behind it, and what is done with a list."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates import candidates
from affiliates import shortlists as lists
from affiliates.forms.invite import ids_in
from affiliates.forms.shortlists import AddForm
from affiliates.models import Shortlist
from config.lib import pages
from config.lib.http import page_number, render_page, safe_next
from creators.models import Creator
from shop.access import brand_required

MOST_ADDED = 100
PAGE = 50


@brand_required
@require_safe
def shortlists(request):
    """Show the list that is asked for (`list`), else the oldest, beside the names of the others."""
    every = lists.of(request.brand)
    shown = lists.chosen(request.brand, request.GET.get("list", ""))
    context = {
        "lists": every,
        "shown": shown,
        "is_first": bool(shown) and shown.pk == every[0].pk,
        "entries": pages.page(lists.entries_of(shown), page_number(request), PAGE),
        "shortlist": lists.summary(shown),
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
def shortlist_new(request):
    try:
        made = lists.make(request.brand, request.POST.get("name", ""))
    except ValueError:
        messages.error(request, _("Give the list a name of up to 80 characters."))
    except lists.TooMany:
        messages.error(request, _too_many())
    else:
        return _to(request, made.pk)
    return _to(request)


@brand_required
@require_POST
def shortlist_rename(request, pk: int):
    get_object_or_404(Shortlist, pk=pk, brand=request.brand)
    if lists.rename(request.brand, pk, request.POST.get("name", "")):
        messages.success(request, _("The list has its new name."))
    else:
        messages.error(request, _("That name is empty, or another list of yours has it."))
    return _to(request, pk)


@brand_required
@require_POST
def shortlist_remove(request, pk: int):
    if not lists.remove(request.brand, pk):
        raise Http404("no such list")
    messages.success(request, _("The list is gone. The creators learn nothing of it."))
    return _to(request)


@brand_required
@require_POST
def shortlist_off(request, pk: int, creator_id: int):
    get_object_or_404(Shortlist, pk=pk, brand=request.brand)
    lists.take_off(request.brand, pk, creator_id)
    return _to(request, pk)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def shortlist_add(request):
    """Put the chosen creators (`c`) on a list, or on a new one."""
    asked = request.POST if request.method == "POST" else request.GET
    entries = candidates.chosen(ids_in(asked), MOST_ADDED)
    form = AddForm(request.POST or None, brand=request.brand)
    if form.is_valid() and entries:
        try:
            target = form.cleaned_data["list"] or lists.make(
                request.brand, form.cleaned_data["name"]
            )
        except lists.TooMany:
            form.add_error("name", _too_many())
        else:
            new = lists.add(target, [entry.creator_id for entry in entries], request.user)
            said = ngettext(
                "%(n)d creator is new on “%(name)s”.", "%(n)d creators are new on “%(name)s”.", new
            )
            messages.success(request, said % {"n": new, "name": target.name})
            return _to(request, target.pk)
    context = {"form": form, "entries": entries, "nav_active": "discover"}
    status = 422 if form.is_bound else 200
    return render_page(request, "affiliates/shortlist_add.html", context, status=status)


@brand_required
@require_POST
def note(request, creator_id: int):
    """Keep a note of the team about a creator on its lists."""
    if not lists.note(request.brand, creator_id, request.POST.get("note", "")):
        raise Http404("she is not on the list")
    messages.success(request, _("Noted. Your team sees it, the creator does not."))
    return redirect(safe_next(request, f"/brand/{request.brand.slug}/shortlists/"))


def _to(request, pk: int | None = None):
    url = reverse("affiliates:shortlists", args=[request.brand.slug])
    return redirect(f"{url}?{urlencode({'list': pk})}" if pk else url)


def _too_many() -> str:
    return _("You have %(n)d lists already. Take one away first.") % {"n": lists.MOST}
