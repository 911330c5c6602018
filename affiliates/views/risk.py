"""What hangs on each platform, and the rehearsal of one that is gone."""

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from affiliates import drill, exposure, kit, links
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
        "names": dict(Platform.choices) | {"page": _("Pages here"), "code": _("Typed codes")},
        "form": form,
        "drill": drill.run(asked, timezone.now()) if asked else None,
        "days": exposure.DAYS,
    }
    if asked and asked.creator:
        context["kit"] = mine = kit.of_creator(asked.creator, asked.platform)
        context |= {"text": kit.post_text(asked.platform, mine.page), "nav_active": "links"}
    elif asked:
        context["text"] = kit.mail_text(asked.brand.name, asked.platform)
    return render_page(request, template, context, status=200 if asked else 422)


@brand_required
@require_safe
@ratelimit.exports
def brand_kit(request, platform: str):
    return _zip(
        kit.brand_files(request.brand, _known(platform)), f"{request.brand.slug}-{platform}"
    )


@creator_required
@require_safe
@ratelimit.exports
def creator_kit(request, platform: str):
    mine = kit.of_creator(request.creator, _known(platform))
    return _zip(kit.creator_files(mine), f"{request.creator.handle}-{platform}")


@creator_required
@require_POST
@ratelimit.limited("kit", times=20, seconds=3_600)
def creator_kit_prepare(request, platform: str):
    """Take the links that her kit lacks on her other channels."""
    gone = _known(platform)
    try:
        taken = kit.prepare(request.creator, gone, timezone.now())
    except links.TermsMissing:
        messages.error(request, _("First take one link yourself: there you accept the terms."))
    except links.NotEnrolled:
        messages.error(request, _("You can take no links now."))
    else:
        said = ngettext("%(n)d link was taken.", "%(n)d links were taken.", taken) % {"n": taken}
        messages.success(request, said)
    return redirect(f"{reverse('affiliates:creator_risk')}?gone={gone}#kit")


def _known(platform: str) -> str:
    if platform not in Platform.values:
        raise Http404("no such platform")
    return platform


def _zip(files: dict[str, bytes], name: str) -> HttpResponse:
    response = HttpResponse(kit.archive(files), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return response
