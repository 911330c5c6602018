"""A brand's samples: who asks, what it owes, and what creators made of them."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates import evidence, passportpaper, sampleletters, samplelists, samplerecords
from affiliates import samples as domain
from affiliates.forms.samples import TrackingForm, WordForm
from affiliates.models import Collaboration, SampleRequest
from affiliates.samplerules import TURN, Record, Side
from affiliates.samplesteps import OutOfOrder
from config.lib import pages
from config.lib.http import page_number, render_page
from shop.access import brand_required

PAGE = 50


_own = samplelists.of_brand


@brand_required
@require_safe
def brand_samples(request):
    now = timezone.now()
    over = "over" in request.GET
    rows = samplelists.of_brand_by_turn(request.brand, over)
    page = pages.page(rows, page_number(request), PAGE)
    records = samplerecords.of_creators({row.creator_id for row in page}, now)
    for row in page:
        row.record = records.get(row.creator_id, Record())
        row.is_ours = TURN.get(row.state) == Side.BRAND
    context = {
        "page": page,
        "over": over,
        "record": samplerecords.of_brands([request.brand.pk], now).get(request.brand.pk),
        "gives": Collaboration.objects.running(now)
        .filter(brand=request.brand, gives_samples=True)
        .exists(),
    }
    return render_page(request, "affiliates/brand_samples.html", context)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def brand_sample(request, pk: int):
    """One sample with its steps; a POST is one step of the brand, named by `step`."""
    row = get_object_or_404(_own(request.brand), pk=pk)
    now = timezone.now()
    word = WordForm(request.POST or None)
    tracking = TrackingForm(request.POST or None)
    if request.method == "POST" and _step(request, row, word, tracking, now):
        return redirect("affiliates:brand_sample", request.brand.slug, row.pk)
    context = {
        "row": row,
        "word": word,
        "tracking": tracking,
        "events": sampleletters.told(row),
        "to_do": sampleletters.to_do(row),
        "record": samplerecords.of_creator(row.creator, now),
        "brought": passportpaper.shown(evidence.of(row.creator, now)),
        "is_ours": TURN.get(row.state) == Side.BRAND,
        "shows_address": row.state in (SampleRequest.State.ACCEPTED, SampleRequest.State.SHIPPED),
    }
    status = 422 if word.errors or tracking.errors else 200
    return render_page(request, "affiliates/brand_sample.html", context, status=status)


def _step(request, row, word, tracking, now) -> bool:
    """Do what was pressed; False: the page says what is missing."""
    if not (word.is_valid() and tracking.is_valid()):
        return False
    step, text = request.POST.get("step"), word.cleaned_data["text"]
    try:
        if step in ("accept", "decline"):
            domain.answer(request.brand, row.pk, step == "accept", now, text)
        elif step == "ship":
            domain.ship(request.brand, row.pk, now, tracking.cleaned_data["tracking"])
        elif step in ("confirm", "refuse"):
            domain.confirm(request.brand, row.pk, step == "confirm", now, text)
    except OutOfOrder:
        messages.error(request, _("This sample has gone on meanwhile. Here is how it stands."))
    except ValueError:
        word.add_error("text", _("Say why not: the creator reads it."))
        return False
    return True


@brand_required
@require_POST
def collaboration_samples(request, collaboration_id: int):
    """Let creators ask for samples under a collaboration, or no more."""
    row = get_object_or_404(Collaboration, pk=collaboration_id, brand=request.brand)
    row.gives_samples = request.POST.get("gives") == "yes"
    row.save(update_fields=["gives_samples"])
    if row.gives_samples:
        messages.success(request, _("Creators can ask you for samples now."))
    else:
        messages.success(request, _("No new requests for samples. Those that run go on."))
    return redirect("affiliates:collaboration", request.brand.slug, row.pk)
