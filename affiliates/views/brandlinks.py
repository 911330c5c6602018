"""What creators' links bring a brand."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates import brandlinks, clock
from config.lib.http import page_number, render_page
from shop.access import brand_required


@brand_required
@require_safe
def brand_links(request):
    asked, today = request.GET.get("days", ""), clock.local_day(timezone.now())
    period = asked if asked in brandlinks.PERIODS else brandlinks.USUAL
    context = {
        "page": brandlinks.page(
            request.brand, today, brandlinks.PERIODS[period], page_number(request)
        ),
        "period": period,
        "periods": list(brandlinks.PERIODS),
        "nav_active": "collaborations",
    }
    return render_page(request, "affiliates/brand_links.html", context)
