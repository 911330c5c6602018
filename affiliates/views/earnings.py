"""A creator's commissions, one by one."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from affiliates import earnings as book
from affiliates import payday
from affiliates.dashboards import purses_of
from affiliates.models import Commission
from config.lib import ratelimit
from config.lib.http import render_page, safe_next
from creators import cases
from creators.access import creator_required


@creator_required
@require_safe
def earnings(request):
    state = request.GET.get("state", "")
    state = state if state in Commission.State.values else ""
    rows, cursor = book.page(request.creator, request.GET.get("after", ""), state)
    now = timezone.now()
    purses = purses_of(request.creator, now)
    paydays = payday.of_all(request.creator, [purse.currency for purse in purses], now)
    context = {
        "rows": rows,
        "cursor": cursor,
        "state": state,
        "states": Commission.State.choices,
        "purses": list(zip(purses, paydays, strict=True)),
        "forecast": book.forecast(request.creator, now),
    }
    return render_page(request, "affiliates/earnings.html", context)


@creator_required
@require_POST
@ratelimit.limited("cases", times=20, seconds=3_600)
def contest(request, pk: int):
    """Open her case about one commission; an admin decides it within ten days."""
    commission = get_object_or_404(Commission, pk=pk, creator=request.creator)
    text = request.POST.get("text", "").strip()[:2_000]
    if text:
        cases.contest(request.creator, book.subject_of(commission), text, timezone.now())
        messages.success(request, _("We have it. A person decides within ten days."))
    else:
        messages.error(request, _("Say what is wrong with it, then send it again."))
    return redirect(safe_next(request, reverse("affiliates:earnings")))
