"""How many cases there were, in public."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from config.lib.access import public
from config.lib.http import render_page
from creators import casefigures


@public
@require_safe
def case_figures(request):
    """How many cases there were in a year and how they ended, without pointing at anyone."""
    now = timezone.now()
    context = {
        "violations": casefigures.violations(now),
        "reports": casefigures.reports(now),
        "few": casefigures.FEW,
    }
    return render_page(request, "creators/case_figures.html", context)
