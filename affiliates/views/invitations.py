"""A creator answers the brands that invited her."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from affiliates import collaborations as domain
from affiliates import solvency
from affiliates.models import Participation
from config.lib.http import render_page
from creators.access import creator_required


@creator_required
@require_safe
def invitations(request):
    rows = (
        Participation.objects.filter(creator=request.creator)
        .select_related("collaboration__brand")
        .order_by("-asked_at", "-id")[:100]
    )
    lights = solvency.lights(row.collaboration.brand_id for row in rows)
    for row in rows:
        row.light = lights.get(row.collaboration.brand_id)
    context = {"rows": list(rows), "now": timezone.now(), "nav_active": "market"}
    return render_page(request, "affiliates/invitations.html", context)


@creator_required
@require_POST
def invitation_answer(request, participation_id: int):
    answer = domain.accept if request.POST.get("answer") == "yes" else domain.decline
    try:
        row = answer(request.creator, participation_id, timezone.now())
    except domain.NotInvited:
        messages.error(request, _("This invitation is not open any more."))
        return redirect("affiliates:invitations")
    if row.state == Participation.State.ACCEPTED:
        brand = row.collaboration.brand.name
        messages.success(request, _("You take part. Take a link of %(brand)s.") % {"brand": brand})
    else:
        messages.success(request, _("You said no. Nothing else changes."))
    return redirect("affiliates:invitations")
