"""The proofs of the nights, for anyone."""

from django.db.models import Count
from django.http import JsonResponse
from django.views.decorators.http import require_GET

from affiliates.models import SettlementRun
from config.lib.access import public
from config.lib.http import render_page

SHOWN = 60
MIN_CREATORS = 10  # of a smaller night the number of lines would say too much


def published():
    """Return the newest nights that have a root, with their line counts where many took part."""
    return (
        SettlementRun.objects.exclude(root="")
        .annotate(creators=Count("lines__creator", distinct=True), line_count=Count("lines"))
        .order_by("-night")
    )


@public
@require_GET
def proof(request):
    nights = list(published()[:SHOWN])
    if request.GET.get("format") == "json":
        return JsonResponse({"nights": [_as_json(run) for run in nights]})
    context = {"nights": nights, "min_creators": MIN_CREATORS}
    return render_page(request, "affiliates/proof.html", context)


def _as_json(run: SettlementRun) -> dict[str, object]:
    many = run.creators >= MIN_CREATORS
    return {
        "night": run.night.isoformat(),
        "cutoff": run.cutoff.isoformat(),
        "lines": run.line_count if many else None,
        "root": run.root,
        "previous_root": run.previous_root,
    }
