"""Joining in three steps, each of which may be left and taken up again."""

from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from config.lib.access import signed_in
from config.lib.http import client_language, render_page
from creators import enrolment, profiles
from creators.access import creator_of, creator_required
from creators.forms import AboutForm, initial_of
from creators.models import Creator
from creators.views.board import board_page, decision_view


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def join(request):
    """Step 1, "You"; someone who has been here goes on where she left."""
    creator = creator_of(request)
    if creator and request.method != "POST" and "edit" not in request.GET:
        return redirect(
            "creators:join_decision" if creator.decision_id else "creators:join_channels"
        )
    initial = (
        initial_of(creator) if creator else {"country": "NL", "languages": [request.LANGUAGE_CODE]}
    )
    form = AboutForm(request.POST or None, creator=creator, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            joined = profiles.save(request.user, form.about(), creator)
            profiles.remember_language(joined, client_language(request))
        except profiles.HandleTaken:
            form.add_error("handle", form.taken_message)
        else:
            return redirect("creators:join_channels")
    status = 422 if form.errors else 200
    return render_page(request, "creators/join.html", {"form": form, "step": 1}, status=status)


@creator_required
@require_safe
def join_channels(request):
    """Step 2, "Channels": connect them, and see the answer grow beside it."""
    return board_page(request, joining=True)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
def join_decision(request):
    """Step 3, "Your answer": decided on POST, and by itself when a channel was connected."""
    creator = request.creator
    if request.method == "POST":
        if creator.status in (
            Creator.Status.DRAFT,
            Creator.Status.WAITING,
            Creator.Status.DECLINED,
        ):
            enrolment.apply_decision(creator, timezone.now())
        return redirect("creators:join_decision")
    if creator.decision_id is None:
        return redirect("creators:join_channels")
    context = {"step": 3, "decision": decision_view(creator)}
    return render_page(request, "creators/join_decision.html", context)
