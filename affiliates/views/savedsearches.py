"""Keeping a search of creators, and taking it away."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from affiliates import savedsearches
from affiliates.forms.discover import DiscoverForm, SaveSearchForm
from affiliates.models import SavedSearch
from creators.models import Niche
from shop.access import brand_required


@brand_required
@require_POST
def search_save(request):
    """Keep the search whose filters were posted along, under the name given."""
    form = SaveSearchForm(request.POST)
    asked = request.POST.copy()
    for name in ("csrfmiddlewaretoken", "name", "after"):
        asked.pop(name, None)
    if form.is_valid():
        filters = DiscoverForm(asked, niches=list(Niche.objects.all())).filters()
        name = form.cleaned_data["name"]
        try:
            savedsearches.save(
                request.brand, request.user, name, asked.urlencode(), filters, timezone.now()
            )
        except savedsearches.TooMany:
            messages.error(
                request,
                _("You keep %(n)d searches already. Take one away first.")
                % {"n": savedsearches.MOST},
            )
        else:
            messages.success(
                request,
                _("%(name)s is saved. We mail you when new creators fit.") % {"name": name},
            )
    else:
        messages.error(request, _("Give the search a name of up to 80 characters."))
    url = reverse("affiliates:discover", args=[request.brand.slug])
    return redirect(f"{url}?{asked.urlencode()}")


@brand_required
@require_POST
def search_unsave(request, pk: int):
    saved = get_object_or_404(SavedSearch, pk=pk, brand=request.brand)
    saved.delete()
    messages.success(
        request, _("%(name)s is gone, and its letters with it.") % {"name": saved.name}
    )
    return redirect("affiliates:discover", request.brand.slug)
