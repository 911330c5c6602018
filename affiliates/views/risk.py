"""What hangs on each platform, and the rehearsal of one that is gone."""

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from affiliates import drill, exposure, linkcache
from affiliates.forms.drill import DrillForm
from config.lib import ratelimit
from config.lib.http import render_page
from creators.access import creator_required
from creators.models import Platform
from shop.access import brand_required

KEPT_S = 60  # how long the sums of 90 days may be reused


@brand_required
@require_safe
@ratelimit.limited("drill", times=240, seconds=3_600, methods=("GET", "HEAD"))
def brand_risk(request):
    brand = request.brand
    found = cache.get_or_set(
        f"risk:1:brand:{brand.pk}", lambda: exposure.of_brand(brand, timezone.now()), KEPT_S
    )
    return _page(request, "affiliates/brand_risk.html", found, brand=brand)


@creator_required
@require_safe
@ratelimit.limited("drill", times=240, seconds=3_600, methods=("GET", "HEAD"))
def creator_risk(request):
    creator = request.creator
    found = cache.get_or_set(
        f"risk:1:creator:{creator.pk}", lambda: exposure.of_creator(creator, timezone.now()), KEPT_S
    )
    return _page(request, "affiliates/creator_risk.html", found, creator=creator)


def _page(request, template: str, found: exposure.Exposure, **whose):
    form = DrillForm(request.GET, found.largest)
    asked = form.asked(**whose) if form.is_valid() else None
    context = {
        "found": found,
        "names": dict(Platform.choices)
        | {"page": _("creators' pages here"), "code": _("codes typed")},
        "form": form,
        "drill": drill.run(asked, timezone.now()) if asked else None,
        "days": exposure.DAYS,
    }
    if "creator" in whose:
        page = linkcache.absolute(whose["creator"].get_absolute_url())
        context |= {"page_url": page, "nav_active": "links"}
    return render_page(request, template, context, status=200 if asked else 422)
