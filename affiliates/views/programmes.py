"""A brand's own affiliate programme: how we know it, and what both claimed."""

from django.contrib import messages
from django.core.cache import cache
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import clock, programmes
from affiliates.forms.programmes import OwnProgrammeForm
from affiliates.labels import rule_label
from affiliates.models import OwnProgramme
from config.lib import sheets
from config.lib.http import render_page
from shop.access import brand_required

MONTHS = 13
SHOWN = 200


def _months():
    """Return the first days of the latest months, newest first."""
    month = clock.local_day(timezone.now()).replace(day=1)
    found = [month]
    while len(found) < MONTHS:
        last = found[-1]
        found.append(last.replace(year=last.year - (last.month == 1), month=last.month - 1 or 12))
    return found


def _month(request):
    months = _months()
    try:
        asked = parse_date(f"{request.GET.get('month', '')[:7]}-01")
    except ValueError:
        asked = None
    return asked if asked in months else months[0]


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def claims(request):
    row = OwnProgramme.objects.filter(brand=request.brand).first()
    initial = {"window_days": 30}
    if row:
        initial = {
            "parameters": "\n".join(row.parameters),
            "codes": "\n".join(row.codes),
            "window_days": row.window_days,
        }
    form = OwnProgrammeForm(request.POST or None, initial=initial)
    if form.is_valid():
        OwnProgramme.objects.update_or_create(brand=request.brand, defaults=form.cleaned_data)
        cache.delete("own_programmes")
        messages.success(request, _("Saved. It counts for orders from now on."))
        return redirect("affiliates:claims", request.brand.slug)
    month = _month(request)
    found = programmes.report(request.brand, month)
    context = {
        "form": form,
        "month": month,
        "months": _months(),
        "rows": [{"claim": one, "why": rule_label(one.rule)} for one in found[:SHOWN]],
        "more": max(0, len(found) - SHOWN),
        "ours": sum(one.rule != "own_programme" for one in found),
        "count": len(found),
        "nav_active": "collaborations",
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/claims.html", context, status=status)


@brand_required
@require_safe
def claims_csv(request):
    month = _month(request)
    rows = programmes.table(programmes.report(request.brand, month))
    return sheets.answer(rows, f"claimed-twice-{month:%Y-%m}.csv")
