"""What creators' links bring a brand."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates import brandlinks, clock
from config.lib import sheets
from config.lib.http import page_number, render_page
from shop.access import brand_required


def _period(request) -> str:
    asked = request.GET.get("days", "")
    return asked if asked in brandlinks.PERIODS else "30"


@brand_required
@require_safe
def brand_links(request):
    period, today = _period(request), clock.local_day(timezone.now())
    context = {
        "page": brandlinks.page(
            request.brand, today, brandlinks.PERIODS[period], page_number(request)
        ),
        "period": period,
        "periods": list(brandlinks.PERIODS),
        "nav_active": "collaborations",
    }
    return render_page(request, "affiliates/brand_links.html", context)


@brand_required
@require_safe
def brand_links_csv(request):
    period, today = _period(request), clock.local_day(timezone.now())
    rows = brandlinks.table(request.brand, today, brandlinks.PERIODS[period])
    return sheets.answer(rows, f"links-{period}-days.csv")
