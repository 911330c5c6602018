"""A brand's messages with creators: everybody who acts for the brand sees them, nobody else."""

from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import messages as domain
from affiliates import outreach, reporting
from affiliates.models import Message
from affiliates.views.messages import PAGE, per_hour, report_of, show, step
from config.lib import pages, ratelimit
from config.lib.http import page_number, render_page
from creators.models import Creator
from shop.access import brand_required


@brand_required
@require_safe
def brand_messages(request):
    context = {
        "page": pages.page(domain.of_brand(request.brand), page_number(request), PAGE),
        "standing": outreach.standing(request.brand, timezone.now()),
        "rule": outreach,
        "nav_active": "discover",
    }
    return render_page(request, "affiliates/brand_messages.html", context)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@per_hour
def brand_thread(request, creator_id: int):
    """Everything between the brand and one creator; a POST sends, blocks or unblocks."""
    creator = get_object_or_404(Creator.objects.filter(erased_at=None), pk=creator_id)
    done = step(request, request.brand, creator, from_brand=True)
    if done is None:
        return redirect("affiliates:brand_thread", request.brand.slug, creator.pk)
    return show(request, request.brand, creator, done, from_brand=True)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("report_message", times=10, seconds=3_600)
def brand_report_message(request, creator_id: int, pk: int):
    rows = Message.objects.select_related("brand", "creator__user")
    row = get_object_or_404(rows, pk=pk, brand=request.brand, creator=creator_id, from_brand=False)
    return report_of(request, reporting.of_message(row), [row.text], "base_brand.html", row)
