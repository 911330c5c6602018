"""A brand's own affiliate programme: how we know it, and what both claimed."""

from django.contrib import messages
from django.core.cache import cache
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from affiliates import clock, programmes
from affiliates.forms.programmes import OwnProgrammeForm
from affiliates.labels import rule_label
from affiliates.models import OwnProgramme
from config.lib.http import render_page
from shop.access import brand_required

SHOWN = 200


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
    months = programmes.months(clock.local_day(timezone.now()))
    month = programmes.month_of(request.GET.get("month", ""), months)
    found = programmes.report(request.brand, month)
    context = {
        "form": form,
        "month": month,
        "months": months,
        "rows": [{"claim": one, "why": rule_label(one.rule)} for one in found[:SHOWN]],
        "more": max(0, len(found) - SHOWN),
        "ours": sum(one.rule != "own_programme" for one in found),
        "count": len(found),
        "nav_active": "collaborations",
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/claims.html", context, status=status)
