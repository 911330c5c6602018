"""The rules in force, those before and those announced: written out from the data that decides."""

from dataclasses import dataclass

from django.utils import timezone
from django.views.decorators.http import require_safe

from config.lib.access import public
from config.lib.http import client_language, render_page
from creators import casefigures, standing
from creators.forms import COUNTRY_NAMES
from creators.models import EnrolmentPolicy


@dataclass(frozen=True, slots=True)
class Rule:
    """One published policy, and the time it holds for. `until` None: until a newer one."""

    row: EnrolmentPolicy
    until: object
    place: str
    note: str


@public
@require_safe
def rules(request):
    """Everyone may read what decides about whom."""
    now = timezone.now()
    dutch = client_language(request) == "nl"
    later: dict[tuple[str, str], object] = {}
    announced, in_force, past = [], [], []
    for row in EnrolmentPolicy.objects.published().order_by("-effective_from", "-id"):
        scope = (row.platform, row.country)
        until = later.get(scope)
        later[scope] = row.effective_from
        rule = Rule(
            row=row,
            until=until,
            place=str(COUNTRY_NAMES.get(row.country, row.country)),
            note=(row.note_nl if dutch else row.note) or row.note,
        )
        if row.effective_from > now:
            announced.append(rule)
        elif until is None or until > now:
            in_force.append(rule)
        else:
            past.append(rule)
    violations, sanctions = standing.table(now)
    context = {
        "announced": announced, "in_force": in_force, "past": past,
        "violations": violations, "sanctions": sanctions,
        "later": standing.announced(now),
    }  # fmt: skip
    return render_page(request, "creators/rules.html", context)


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
