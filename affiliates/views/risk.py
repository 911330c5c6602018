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

from affiliates import drill, exposure, kit, links, switchwords
from affiliates.forms.drill import DrillForm
from affiliates.models import PlatformSwitch
from config.lib import ratelimit
from config.lib.http import render_page
from creators.access import creator_required
from creators.models import Platform
from shop.access import brand_required

KEPT_S = 60  # how long the sums of 90 days may be reused


drills = ratelimit.limited("drill", times=240, seconds=3_600, methods=("GET", "HEAD"))
MEASURES = {"brand": exposure.of_brand, "creator": exposure.of_creator}


@brand_required
@require_safe
@drills
def brand_risk(request):
    return _page(request, brand=request.brand)


@creator_required
@require_safe
@drills
def creator_risk(request):
    return _page(request, creator=request.creator)


def _page(request, **whose):
    """Answer the page of a brand or a creator: `whose` names the one and only."""
    ((kind, owner),) = whose.items()
    now = timezone.now()
    found = cache.get_or_set(
        f"risk:1:{kind}:{owner.pk}", lambda: MEASURES[kind](owner, now), KEPT_S
    )
    form = DrillForm(request.GET, found.largest)
    asked = form.asked(**whose) if form.is_valid() else None
    context = {
        "found": found,
        "names": dict(Platform.choices) | {"page": _("Pages here"), "code": _("Typed codes")},
        "form": form,
        "drill": drill.run(asked, now) if asked else None,
        "days": exposure.DAYS,
    }
    if asked and asked.creator:
        context["kit"] = mine = kit.of_creator(asked.creator, asked.platform, now)
        context |= {"text": kit.post_text(asked.platform, mine.page), "nav_active": "links"}
        context["broken"] = mine.broken(now)
    elif asked:
        context["text"] = kit.mail_text(asked.brand.name, asked.platform)
    if kind == "brand":  # a creator reads it beside her links
        on = PlatformSwitch.objects.on(now).order_by("off_from")
        context["off"] = [switchwords.of_brand(row) for row in on]
    template = f"affiliates/{kind}_risk.html"
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
