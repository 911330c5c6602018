"""The rules in force, those before and those announced: written out from the data that decides."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates import fees, rulebook
from affiliates.forms import discover, market
from affiliates.rates import SUGGESTED_BP
from affiliates.views.brands import quote
from config.lib.access import public
from config.lib.http import client_language, render_page
from creators import directory, fitness, seen, smallfirst, standing
from creators import rulebook as joining

EXAMPLE_GROSS = 3450  # cents


@public
@require_safe
def rules(request):
    """Everyone may read what decides about whom, what it costs, and what is shown first."""
    now = timezone.now()
    policy = fees.policy_at(0, now)
    violations, sanctions = standing.table(now)
    context = {
        "violations": violations,
        "sanctions": sanctions,
        "later": standing.announced(now),
        "joining": joining.enrolment(now),
        "in_dutch": client_language(request) == "nl",
        "fees": rulebook.fees(now),
        "terms": rulebook.terms(),
        "example": quote(EXAMPLE_GROSS, SUGGESTED_BP, policy),
        "micro": discover.MICRO,
        "creator_orders": [discover.SORT_NAMES[key] for key in discover.SORTS],
        "small_first": smallfirst,
        "fitness": fitness,
        "cap": {
            "percent": round(100 * seen.CAP),
            "even": seen.EVEN,
            "from_places": seen.FROM_PLACES,
        },
        "seed": directory.seed_of(now),
        "small_share": smallfirst.measured(now),
        "small_invited": rulebook.invited_small(now),
        "market_orders": [words for _key, words in market.SORTS],
    }
    return render_page(request, "affiliates/rules.html", context)
