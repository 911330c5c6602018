"""A brand invites: one creator, a selection, or all of a shortlist."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from affiliates import candidates, evidence, flatfees, outreach, participations, passportpaper
from affiliates import shortlists as lists
from affiliates.forms.invite import InviteForm, InviteManyForm, ids_in
from affiliates.views.messages import quota_words
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
    if form.is_valid() and (done := _try(request.brand, form, [creator], now)):
        if done[1]:
            messages.success(request, _("%(name)s is invited.") % {"name": creator.display_name})
        else:
            messages.info(
                request,
                _("%(name)s was invited before, or takes no invitations of yours.")
                % {"name": creator.display_name}
                + f" {_again()}",
            )
        return redirect("affiliates:discover", request.brand.slug)
    status = 422 if form.is_bound else 200
    brought = passportpaper.shown(evidence.of(creator, now))
    context = {"form": form, "creator": creator, "brought": brought}
    return render_page(request, "affiliates/invite.html", context, status=status)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("invitations", times=50, seconds=86_400)
def invite_many(request):
    """Invite the chosen creators (`c`), or those of a shortlist (`list`), in one go."""
    now = timezone.now()
    asked = request.POST if request.method == "POST" else request.GET
    wanted = ids_in(asked)
    if "list" in asked and not wanted:
        shown = lists.chosen(request.brand, asked["list"])
        wanted = [row.creator_id for row in lists.entries_of(shown)]
    entries = candidates.chosen(wanted, participations.MOST_AT_ONCE)
    form = InviteManyForm(request.POST or None, brand=request.brand, at=now, asked=request.GET)
    people = [entry.creator for entry in entries]
    if form.is_valid() and people and (done := _try(request.brand, form, people, now)):
        offer, new = done
        _say(request, new, len(entries) - new)
        return redirect("affiliates:collaboration", request.brand.slug, offer.pk)
    context = {
        "form": form,
        "entries": entries,
        "left_out": max(len(wanted) - participations.MOST_AT_ONCE, 0),
        "most": participations.MOST_AT_ONCE,
        "standing": outreach.standing(request.brand, now),
        "rule": outreach,
        "nav_active": "discover",
    }
    status = 422 if form.is_bound else 200
    return render_page(request, "affiliates/invite_many.html", context, status=status)


def _try(brand, form, people, now):
    """Return the collaboration and how many are new; None: the form says why nobody is invited."""
    try:
        return _send(brand, form, people, now)
    except outreach.QuotaReached as full:
        form.add_error(None, quota_words(full))
    except flatfees.NotFunded:
        form.add_error(
            None,
            _(
                "Your balance does not cover this fee for all of them, with VAT and what you have"
                " promised already. Top up first, or invite fewer."
            ),
        )
    return None


def _send(brand, form, people, now):
    """Return the collaboration and how many were invited to it for the first time."""
    message = form.cleaned_data["message"]
    if offer := form.cleaned_data["collaboration"]:
        return offer, participations.invite(offer, people, now, message)
    return participations.invite_to_new(brand, people, now, message, **form.terms())


def _say(request, new, before):
    if new:
        words = ngettext("%(n)d creator is invited.", "%(n)d creators are invited.", new)
        messages.success(request, words % {"n": new})
    if before:
        words = ngettext(
            "%(n)d was invited before, or takes no invitations of yours.",
            "%(n)d were invited before, or take no invitations of yours.",
            before,
        )
        messages.info(request, words % {"n": before} + f" {_again()}")


def _again() -> str:
    said = _("What nobody answered can be sent again %(n)d days after it lapsed.")
    return said % {"n": participations.AGAIN_DAYS}
