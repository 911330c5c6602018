"""A brand invites: one creator, a selection, or all of its shortlist."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from affiliates import candidates, collaborations
from affiliates import shortlists as lists
from affiliates.forms.invite import InviteForm, InviteManyForm, ids_in
from config.lib import ratelimit
from config.lib.http import render_page
from creators.models import Creator
from shop.access import brand_required


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("invitations", times=50, seconds=86_400)
def invite(request, creator_id: int):
    creator = get_object_or_404(Creator.objects.enrolled(), pk=creator_id)
    now = timezone.now()
    form = InviteForm(request.POST or None, brand=request.brand, at=now)
    if form.is_valid():
        new = collaborations.invite(
            form.cleaned_data["collaboration"], [creator], now, form.cleaned_data["message"]
        )
        if new:
            messages.success(request, _("%(name)s is invited.") % {"name": creator.display_name})
        else:
            messages.info(
                request, _("%(name)s was invited before.") % {"name": creator.display_name}
            )
        return redirect("affiliates:discover", request.brand.slug)
    status = 422 if form.is_bound else 200
    context = {"form": form, "creator": creator}
    return render_page(request, "affiliates/invite.html", context, status=status)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("invitations", times=50, seconds=86_400)
def invite_many(request):
    """Invite the chosen creators (`c`), or with `list` those of the shortlist, in one go."""
    now = timezone.now()
    asked = request.POST if request.method == "POST" else request.GET
    wanted = ids_in(asked)
    if "list" in asked and not wanted:
        wanted = [row.creator_id for row in lists.entries_of(request.brand)]
    entries = candidates.chosen(wanted, collaborations.MOST_AT_ONCE)
    form = InviteManyForm(request.POST or None, brand=request.brand, at=now)
    if form.is_valid() and entries:
        offer, new = _send(request.brand, form, [entry.creator for entry in entries], now)
        _say(request, new, len(entries) - new)
        return redirect("affiliates:collaboration", request.brand.slug, offer.pk)
    context = {
        "form": form,
        "entries": entries,
        "left_out": max(len(wanted) - collaborations.MOST_AT_ONCE, 0),
        "most": collaborations.MOST_AT_ONCE,
        "nav_active": "discover",
    }
    status = 422 if form.is_bound else 200
    return render_page(request, "affiliates/invite_many.html", context, status=status)


def _send(brand, form, people, now):
    """Return the collaboration and how many were invited to it for the first time."""
    message = form.cleaned_data["message"]
    if offer := form.cleaned_data["collaboration"]:
        return offer, collaborations.invite(offer, people, now, message)
    return collaborations.invite_to_new(brand, people, now, message, **form.terms())


def _say(request, new, before):
    if new:
        words = ngettext("%(n)d creator is invited.", "%(n)d creators are invited.", new)
        messages.success(request, words % {"n": new})
    if before:
        words = ngettext("%(n)d was invited before.", "%(n)d were invited before.", before)
        messages.info(request, words % {"n": before})
