"""Standing: the points that count against a creator, and what follows from them.

    points(creator, at)        upheld violations whose points have not expired
    effect(creator, at)        "", "warning", "no_new_links" or "suspension"
    apply(creator, at, case)   suspend or take back by what the points say, with a decision

Both tables are dated rows (`Violation`, `Sanction`); /rules/ is written from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext as _

from creators import directory, enrolment, policy, profiles
from creators.models import Case, Creator, Decision, Sanction, Violation

SUSPENSION = Sanction.Effect.SUSPENSION
TIERS = [Decision.Outcome.DECLINED, Decision.Outcome.WAITING, Decision.Outcome.PILOT,
         Decision.Outcome.FULL]  # fmt: skip
_COUNTS = {"state": Case.State.UPHELD, "points__gt": 0}
STOPS_LINKS = (Sanction.Effect.NO_NEW_LINKS, SUSPENSION)


def counting(creator: Creator, at: datetime):
    """Return her cases whose points count at `at`."""
    return creator.cases.filter(**_COUNTS).exclude(points_expire_on__lte=enrolment.market_day(at))


def points(creator: Creator, at: datetime) -> int:
    return counting(creator, at).aggregate(sum=Sum("points"))["sum"] or 0


def what_follows(total: int, sanctions: Iterable[Sanction]) -> str:
    """Return the heaviest effect that `total` points reach; none: nothing."""
    reached = [row for row in sanctions if row.from_points <= total]
    return max(reached, key=lambda row: row.from_points).effect if reached and total else ""


def effect(creator: Creator, at: datetime) -> str:
    """Return what holds for her at `at`; one query for those without points."""
    total = points(creator, at)
    return what_follows(total, Sanction.objects.in_force(at)) if total else ""


def stopped(creators: Iterable[Creator], at: datetime) -> set[int]:
    """Return who of these may take no new links, as `effect` says it; two queries for many."""
    rows = Case.objects.filter(creator__in=[one.pk for one in creators], **_COUNTS)
    rows = rows.exclude(points_expire_on__lte=enrolment.market_day(at))
    sums = rows.order_by().values("creator").annotate(sum=Sum("points"))
    totals = dict(sums.values_list("creator", "sum"))
    sanctions = list(Sanction.objects.in_force(at)) if totals else []
    return {pk for pk, n in totals.items() if what_follows(n, sanctions) in STOPS_LINKS}


def table(at: datetime) -> tuple[list[Violation], list[Sanction]]:
    """Return what is in force at `at`: violations and what follows, the lightest first."""
    return list(Violation.objects.in_force(at)), list(Sanction.objects.in_force(at))


def announced(at: datetime) -> list[Violation | Sanction]:
    """Return the versions that begin after `at`, the soonest first."""
    rows = [*Violation.objects.filter(effective_from__gt=at),
            *Sanction.objects.filter(effective_from__gt=at)]  # fmt: skip
    return sorted(rows, key=lambda row: row.effective_from)


@transaction.atomic
def apply(creator: Creator, at: datetime, case: Case | None = None) -> str:
    """Bring her status in line with her points; return what holds for her.

    `case` is the reason of a suspension that begins now. Only what points began do they end.
    """
    locked = Creator.objects.select_for_update(of=("self",)).select_related("case", "decision")
    locked = locked.get(pk=creator.pk)
    found = effect(locked, at)
    suspended = locked.status == Creator.Status.SUSPENDED
    if found == SUSPENSION and case is not None and not suspended:
        _suspend(locked, case, at)
    elif found != SUSPENSION and suspended and locked.case.kind == Case.Kind.VIOLATION:
        _take_back(locked, at)
    return found


def _suspend(creator: Creator, case: Case, at: datetime) -> None:
    """Decide on a creator in the light of her suspension, and set her status by it and the case."""
    if creator.status in (Creator.Status.CLOSED, Creator.Status.DRAFT):
        return
    creator.status, creator.case = Creator.Status.SUSPENDED, case
    creator.decision = enrolment.keep(creator, enrolment.judge(creator, at), at)
    creator.save(update_fields=["status", "case", "decision"])
    directory.record([creator.pk])


def _take_back(creator: Creator, at: datetime) -> None:
    """Decide again on a suspended creator; whoever was in is in again, as high as she was."""
    before = creator.decisions.filter(decided_at__lte=creator.decision.decided_at)
    before = before.exclude(pk=creator.decision_id).values_list("outcome", flat=True).first()
    creator.status = Creator.Status.WAITING
    result = enrolment.judge(creator, at)
    outcome, reason = str(result.outcome), ""
    if TIERS.index(before or outcome) > TIERS.index(outcome) and _has_channel(result):
        with translation.override(profiles.mail_language(creator)):
            reason = _("As before your suspension in case %d.") % creator.case_id
        outcome = before
    creator.decision = enrolment.keep(creator, result, at, outcome=outcome, reason=reason)
    creator.status, creator.case = outcome, None
    creator.save(update_fields=["status", "case", "decision"])
    directory.record([creator.pk])


def _has_channel(result: policy.Result) -> bool:
    return any(check.rule == "channel" and check.passed for check in result.checks)


def expired(at: datetime) -> list[int]:
    """Return suspended creators with points that have run out: they are to be judged again."""
    rows = Creator.objects.filter(
        status=Creator.Status.SUSPENDED, case__kind=Case.Kind.VIOLATION,
        cases__state=Case.State.UPHELD, cases__points_expire_on__lte=enrolment.market_day(at),
    )  # fmt: skip
    return list(rows.order_by("pk").distinct().values_list("pk", flat=True))
