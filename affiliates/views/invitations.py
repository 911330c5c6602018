"""A creator answers the brands that invited her."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from affiliates import earnings, flatfees, solvency
from affiliates import participations as domain
from affiliates.forms.samples import PostForm
from affiliates.letters import day
from affiliates.models import FlatFee, Participation
from config.lib import ratelimit
from config.lib.http import render_page
from creators import cases, posts
from creators.access import creator_required
from creators.platforms.base import NoPost


@creator_required
@require_safe
def invitations(request):
    rows = (
        Participation.objects.filter(creator=request.creator)
        .select_related("collaboration__brand", "fee__commission")
        .order_by("-asked_at", "-id")[:100]
    )
    lights = solvency.lights(row.collaboration.brand_id for row in rows)
    now = timezone.now()
    for row in rows:
        row.light = lights.get(row.collaboration.brand_id)
        row.is_open = row.state == Participation.State.INVITED and (
            row.answer_by is None or row.answer_by > now
        )
    rows = _with_contests(request.creator, list(rows))
    context = {
        "rows": rows,
        "offers": domain.open_for(request.creator, now)[:30] if request.creator.is_enrolled else [],
        "nav_active": "market",
    }
    return render_page(request, "affiliates/invitations.html", context)


def _with_contests(creator, rows):
    """Add to each fee that was refused or taken back what she said against it."""
    no = {FlatFee.State.REFUSED, FlatFee.State.VOID}
    refused = [row for row in rows if getattr(row, "fee", None) and row.fee.state in no]
    if refused:
        subjects = {row.pk: earnings.subject_of(row.fee.commission) for row in refused}
        found = cases.contests(creator, list(subjects.values()))
        for row in refused:
            row.contest = found.get(subjects[row.pk])
    return rows


@creator_required
@require_POST
def invitation_answer(request, participation_id: int):
    get_object_or_404(Participation, pk=participation_id, creator=request.creator)
    answer = domain.accept if request.POST.get("answer") == "yes" else domain.decline
    try:
        row = answer(request.creator, participation_id, timezone.now())
    except domain.NotInvited:
        messages.error(request, _("This invitation is not open any more."))
        return redirect("affiliates:invitations")
    except flatfees.NotFunded:
        flatfees.note_unfunded(participation_id, timezone.now())
        messages.error(
            request,
            _(
                "The money for this fee is not there now, so nothing is promised. The brand sees it;"
                " the invitation stays open."
            ),
        )
        return redirect("affiliates:invitations")
    if row.state == Participation.State.ACCEPTED:
        facts = {"brand": row.collaboration.brand.name, "day": day(row.collaboration.starts_at)}
        if row.collaboration.starts_at > timezone.now():
            said = _("You take part. From %(day)s on you can take links of %(brand)s.")
        else:
            said = _("You take part. Take a link of %(brand)s.")
        messages.success(request, said % facts)
    else:
        messages.success(request, _("You said no. Nothing else changes."))
    return redirect("affiliates:invitations")


@creator_required
@require_POST
@ratelimit.limited("applications", times=40, seconds=86_400)
def application(request, collaboration_id: int):
    """Ask a brand to take part in a collaboration by approval."""
    text = request.POST.get("text", "")[:2_000]
    try:
        row = domain.apply(request.creator, collaboration_id, timezone.now(), text)
    except domain.NotOpen:
        messages.error(request, _("This collaboration takes nobody now."))
    except domain.TooMany:
        messages.error(request, _("You wait for 20 brands already. Go on when they have answered."))
    else:
        brand = row.collaboration.brand.name
        messages.success(request, _("Asked. %(brand)s answers within 7 days.") % {"brand": brand})
    return redirect("affiliates:invitations")


@creator_required
@require_POST
@ratelimit.limited("sample_steps", times=60, seconds=3_600)
def fee_post(request, pk: int):
    """Hand in the post that a fee is for."""
    get_object_or_404(FlatFee, pk=pk, participation__creator=request.creator)
    said = _hand_in(request, pk)
    if said:
        messages.error(request, said)
    else:
        messages.success(
            request, _("The brand looks at it within 7 days. Without an answer it counts.")
        )
    return redirect("affiliates:invitations")


def _hand_in(request, pk: int) -> str:
    """Hand the typed address in; return what is wrong with it, or nothing."""
    form = PostForm(request.POST)
    if not form.is_valid():
        return _("Paste the whole address, from https:// on.")
    try:
        flatfees.hand_in(request.creator, pk, form.cleaned_data["url"], timezone.now())
    except flatfees.OutOfOrder:
        return _("This fee has gone on meanwhile. Here is how it stands.")
    except flatfees.NotHers:
        return _("The platform says that somebody else published it, not your channel.")
    except posts.NotAPost:
        return _("This is no address of a post that we know. Copy the one the post shows.")
    except posts.NoChannel as error:
        said = _("You have no verified channel on %(platform)s. Connect it first.")
        return said % {"platform": error.platform}
    except NoPost:
        return _("The platform shows nobody a post there. Is it public?")
    return ""
