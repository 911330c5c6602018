"""Secret addresses at which calendars read dates."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import calendars
from config.lib import ratelimit
from config.lib.access import public
from config.lib.http import render_page
from creators.access import creator_required
from shop.access import brand_required

HOUR_S = 3_600


@public
@require_safe
def calendar(request, token: str):
    """Answer the dates to whoever knows the secret.

    Many calendars ask from one address of their provider, so the uses of each secret are counted.
    """
    now = timezone.now()
    if not ratelimit.allow("calendar", token, times=60, seconds=HOUR_S, without_redis=True):
        return ratelimit.too_many(request, HOUR_S)
    feed = calendars.find(token, now)
    if feed is None:
        raise Http404("no such calendar")
    response = HttpResponse(
        calendars.written(feed, now), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'inline; filename="thousand.ics"'
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("calendar_make", times=20, seconds=HOUR_S)
def creator_calendar(request):
    return _page(request, "affiliates/creator_calendar.html", creator=request.creator)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("calendar_make", times=20, seconds=HOUR_S)
def brand_calendar(request):
    return _page(request, "affiliates/brand_calendar.html", membership=request.membership)


def _page(request, template: str, **whose):
    """Make or revoke an address, or say whether there is one. A new one is shown this once."""
    url = ""
    if request.method == "POST":
        if request.POST.get("do") == "revoke":
            calendars.revoke(**whose)
            messages.success(request, _("The address is gone. Calendars read nothing there now."))
            return redirect(request.path)
        url = calendars.url_of(calendars.make(timezone.now(), **whose))
    (owner,) = whose.values()
    context = {"feed": getattr(owner, "calendar", None), "url": url}
    if url:
        context["feed"] = type(owner).objects.get(pk=owner.pk).calendar
    response = render_page(request, template, context)
    response["Cache-Control"] = "private, no-store"
    return response
