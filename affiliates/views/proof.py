"""The proofs of the nights, for anyone; a creator's own statement with its proofs."""

from datetime import date, timedelta
from pathlib import Path

from django.http import FileResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates import proof as domain
from affiliates import statement_check
from affiliates.clock import local_day
from affiliates.models import SettlementRun
from config.lib import ratelimit
from config.lib.access import public
from config.lib.http import render_page
from creators.access import creator_required

SHOWN = 60
SCRIPT = Path(statement_check.__file__)


def published():
    """Return the nights that have a root, newest first."""
    return SettlementRun.objects.exclude(root="").order_by("-night")


@public
@require_safe
def proof(request):
    """Show the newest nights; as JSON all of them, since each holds the one before."""
    if request.GET.get("format") == "json":
        return JsonResponse({"nights": [domain.as_published(run) for run in published()]})
    nights = [domain.as_published(run) | {"day": run.night} for run in published()[:SHOWN]]
    context = {"nights": nights, "min_creators": domain.MIN_CREATORS}
    return render_page(request, "affiliates/proof.html", context)


@public
@require_safe
def verifier(request):
    """The script that checks a statement: short enough to be read before it is run."""
    return FileResponse(
        SCRIPT.open("rb"), as_attachment=True, filename="verify.py",
        content_type="text/x-python; charset=utf-8",
    )  # fmt: skip


@creator_required
@require_safe
@ratelimit.exports
def statement(request):
    """A month of a creator's lines with their proofs; this month unless asked otherwise."""
    first = _first_day(request.GET.get("month", ""))
    found = domain.statement(request.creator.pk, first, _last_day(first))
    response = JsonResponse(found, json_dumps_params={"indent": 1})
    name = f"statement-{first:%Y-%m}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _first_day(month: str) -> date:
    """Return the first day of `month` (YYYY-MM), else of this month."""
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        return local_day(timezone.now()).replace(day=1)


def _last_day(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
