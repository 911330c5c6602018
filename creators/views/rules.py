"""How many cases there were, in public."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.lib import sheets
from config.lib.access import public
from config.lib.http import render_page
from creators import casefigures


@public
@require_safe
def case_figures(request):
    """How many cases there were in a year and how they ended, without pointing at anyone."""
    now = timezone.now()
    violations, reports = casefigures.violations(now), casefigures.reports(now)
    if (kind := request.GET.get("format", "")) in sheets.KINDS:
        both = ((_("Violations by creators"), violations), (_("Reports by visitors"), reports))
        name = f"cases-{timezone.localdate(now):%Y-%m-%d}.{kind}"
        return sheets.download(kind, casefigures.table(both), name)
    context = {"violations": violations, "reports": reports, "few": casefigures.FEW}
    return render_page(request, "creators/case_figures.html", context)
