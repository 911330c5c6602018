"""A brand searches the directory and compares."""

from django.contrib import messages
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from affiliates import candidates, savedsearches
from affiliates import shortlists as lists
from affiliates.forms.discover import DiscoverForm, SaveSearchForm
from affiliates.forms.invite import ids_in
from affiliates.forms.tables import MOST
from config.lib import replica
from config.lib.http import render_page
from creators import directory, seen, smallfirst
from creators.models import Niche
from shop.access import brand_required

PAGE = smallfirst.OF


@brand_required
@require_safe
@replica.reads
def discover(request):
    now = timezone.now()
    niches = list(Niche.objects.all())
    form = DiscoverForm(request.GET, niches=niches)
    after = request.GET.get("after", "")
    filters = form.filters()
    resting = seen.resting(now)
    page = directory.search(filters, cursor=after, size=PAGE, at=now, resting=resting)
    if page.count > PAGE:  # there was a choice
        seen.record(page.entries, now, resting, request.brand.pk)
    context = {
        "form": form,
        "cards": candidates.of(request.brand, page.entries, niches, now),
        "page": page,
        "view": "table" if request.GET.get("view") == "table" else "cards",
        "saved": savedsearches.of(request.brand),
        "save_form": SaveSearchForm(),
        "asked": [
            (key, value)
            for key, values in request.GET.lists()
            for value in values
            if key != "after"
        ],
        "shortlist": lists.summary(lists.oldest(request.brand)),
        "kept_places": smallfirst.KEPT,
        "small_below": smallfirst.BELOW,
        "new_days": smallfirst.NEW_DAYS,
        "most_taken": MOST,
    }
    return render_page(request, "affiliates/discover.html", context)


@brand_required
@require_safe
@replica.reads
def compare(request):
    """Show up to four chosen creators side by side."""
    wanted = ids_in(request.GET)
    if len(wanted) > candidates.MOST_COMPARED:
        messages.info(
            request,
            _("Four at a time: these are the first four of the %(n)d you chose.")
            % {"n": len(wanted)},
        )
    entries = candidates.chosen(wanted, candidates.MOST_COMPARED)
    cards = candidates.of(request.brand, entries, Niche.objects.all(), timezone.now())
    context = {"cards": cards, "nav_active": "discover"}
    return render_page(request, "affiliates/compare.html", context)
