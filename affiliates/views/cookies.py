"""The page about cookies: what we keep, and the shopper's own choice."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from affiliates import consent, programmes, referral
from affiliates import redirect as door
from config.lib.access import public
from config.lib.http import render_page, safe_next

DECLINED_S = 365 * 24 * 3600  # a no is remembered longer than a yes


@public
@require_http_methods(["GET", "HEAD", "POST"])
def cookies(request):
    if request.method == "POST":
        return _choose(request)
    held = request.COOKIES.get(referral.COOKIE, "")
    context = {
        "rule": consent.rule(request.META),
        "country": consent.country_of(request.META),
        "declined": held == referral.DECLINED,
        "accepted": bool(held) and held != referral.DECLINED,
        "touches": len(request.referral.touches),
    }
    return render_page(request, "affiliates/cookies.html", context)


def _choose(request):
    response = redirect(safe_next(request, "/cookies/"))
    options = door.cookie_options()
    if request.POST.get("choice") == "decline":
        options["max_age"] = DECLINED_S
        response.set_cookie(referral.COOKIE, referral.DECLINED, **options)
        response.delete_cookie(programmes.COOKIE, samesite=options["samesite"])
        messages.success(request, _("Done. Nothing is remembered about who sent you."))
    elif request.POST.get("choice") == "accept":
        touches = request.referral.touches
        value = referral.write(touches) if touches else referral.ACCEPTED
        response.set_cookie(referral.COOKIE, value, **options)
        messages.success(request, _("Done. The creator who sent you is remembered for 90 days."))
    return response
