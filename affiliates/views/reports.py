"""Reporting a page, without an account and without JavaScript; and what became of it."""

from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import reporting
from affiliates.forms.reports import ReportForm
from config.lib import ratelimit
from config.lib.access import public
from config.lib.http import client_language, client_network, render_page
from creators import reports

PER_HOUR, HOUR_S = 5, 3_600


@public
@require_http_methods(["GET", "HEAD", "POST"])
def report(request, kind: str, pk: int):
    subject = reporting.find(kind, pk)
    if subject is None:
        raise Http404("no such page")
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        who = client_network(request.META)
        if not ratelimit.allow("report", who, times=PER_HOUR, seconds=HOUR_S, without_redis=True):
            return ratelimit.too_many(request, HOUR_S)
        data = form.cleaned_data
        word = reports.Word(
            data["ground"], data["text"], subject.path, data["name"], data["email"],
            client_language(request),
        )  # fmt: skip
        made = reports.file(subject.key, word, timezone.now(), subject.creator)
        return redirect("affiliates:report_state", token=reports.token(made))
    context = {"form": form, "subject": subject}
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/report.html", context, status=status)


@public
@require_safe
def report_state(request, token: str):
    """Whoever has the signed link sees how it stands; no name or address is shown."""
    made = reports.of_token(token)
    if made is None:
        raise Http404("no such report")
    case = made.case
    decided = case.events.filter(kind=case.state).last() if case.decided_at else None
    context = {
        "report": made,
        "case": case,
        "decided": decided,
        "measure": reporting.measure(case, case.state == "upheld") if decided else "",
        "subject": reporting.of_case(case),
    }
    return render_page(request, "affiliates/report_state.html", context)
