"""A brand searches the directory and invites."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import collaborations
from affiliates import shortlists as lists
from affiliates.forms.discover import DiscoverForm, InviteForm
from affiliates.models import Participation
from config.lib.http import render_page
from creators import authenticity, directory
from creators.models import Creator, Niche, Platform
from shop.access import brand_required

PAGE = 12


@brand_required
@require_safe
def discover(request):
    niches = list(Niche.objects.all())
    form = DiscoverForm(request.GET, niches=niches)
    page = directory.search(form.filters(), cursor=request.GET.get("after", ""), size=PAGE)
    found = [entry.creator_id for entry in page.entries]
    kept = lists.kept(request.brand, found)
    asked = dict(
        Participation.objects.filter(
            creator__in=found, collaboration__brand=request.brand
        ).values_list("creator_id", "state")
    )
    orders = lists.orders_for(request.brand, found)
    names = {niche.slug: niche.label for niche in niches}
    cards = [
        {
            "entry": entry,
            "creator": entry.creator,
            "niches": [names.get(slug, slug) for slug in entry.niches],
            "mix": {
                key: getattr(entry, key) or 0 for key in Platform.values if getattr(entry, key)
            },
            "is_kept": entry.creator_id in kept,
            "state": asked.get(entry.creator_id, ""),
            "why": authenticity.in_words(entry.score_parts),
            "orders": orders.get(entry.creator_id, 0),
        }
        for entry in page.entries
    ]
    context = {
        "form": form,
        "cards": cards,
        "page": page,
        "shortlist": lists.summary(request.brand),
    }
    return render_page(request, "affiliates/discover.html", context)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
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
