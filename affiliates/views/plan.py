"""A brand plans: many small creators for one budget, and what one big one would bring."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from affiliates import candidates, participations, plans
from affiliates.forms.invite import ids_in
from affiliates.forms.plan import PlanForm
from config.lib import ratelimit
from config.lib.http import render_page
from creators.models import Niche
from shop.access import brand_required


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("plans", times=60, seconds=3_600)
def plan(request):
    """Show the plan that is asked for in the address; POST accepts the creators in it (`c`)."""
    if request.method == "POST":
        return _accept(request)
    form = PlanForm(request.GET or None, brand=request.brand, niches=list(Niche.objects.all()))
    made = plans.make(request.brand, form.asked(), timezone.now()) if form.is_valid() else None
    context = {"form": form, "plan": made}
    if made:
        context["commissions"] = plans.commissions(made, form.asked())
    status = 422 if form.is_bound and made is None else 200
    return render_page(request, "affiliates/plan.html", context, status=status)


def _accept(request):
    entries = candidates.chosen(ids_in(request.POST), participations.MOST_AT_ONCE)
    if not entries:
        return redirect("affiliates:plan", request.brand.slug)
    ids = [entry.creator_id for entry in entries]
    made = plans.keep(request.brand, ids, timezone.now())
    said = ngettext(
        "%(n)d creator is on your shortlist “%(name)s”. Now invite them.",
        "%(n)d creators are on your shortlist “%(name)s”. Now invite them.",
        len(ids),
    )
    messages.success(request, said % {"n": len(ids), "name": made.name})
    page = reverse("affiliates:invite_many", args=[request.brand.slug])
    terms = {key: request.POST.get(key, "")[:20] for key in ("percent", "budget")}
    query = {"c": ids, "name": made.name, **terms}
    return redirect(f"{page}?{urlencode(query, doseq=True)}")
