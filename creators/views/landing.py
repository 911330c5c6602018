"""The first page, and the question on it: can I join?"""

from django.utils import timezone
from django.views.decorators.http import require_safe

from config.lib import ratelimit
from config.lib.access import public
from config.lib.http import render_page
from creators import checker, policy, rulebook
from creators.forms import CheckForm
from creators.reasons import number

EXAMPLE = 1_240  # followers


def start() -> dict[str, str]:
    return {"platform": "tiktok", "followers": number(EXAMPLE)}


@public
@require_safe
def home(request):
    """The landing page; its checker shows an example until someone types."""
    now = timezone.now()
    rule = policy.in_force(rulebook.rules(now), "", "", now)
    example = checker.answer("tiktok", EXAMPLE, now)
    context = {"form": CheckForm(initial=start()), "answer": example, "facts": {"rule": rule}}
    return render_page(request, "creators/landing.html", context, partial="creators/landing.html")


@public
@require_safe
@ratelimit.limited("check", times=60, seconds=60, methods=("GET",))
def check(request):
    """Answer a platform and a number of followers, with the reasons."""
    asked = "platform" in request.GET or "followers" in request.GET
    form = CheckForm(request.GET if asked else None, initial=start())
    answer, status = None, 200
    if asked:
        if form.is_valid():
            data = form.cleaned_data
            answer = checker.answer(data["platform"], data["followers"], timezone.now())
        else:
            status = 422
    context = {"form": form, "answer": answer}
    return render_page(request, "creators/check.html", context, status=status)
