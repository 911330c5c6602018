"""How many cases there were and how they ended, for everyone to read.

Small numbers could point at a person: a cell under FEW is not shown, nor the smallest other one of
its row, from which it could be worked out; rows that are small as a whole are put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Min
from django.db.models.aggregates import Aggregate
from django.utils.translation import gettext as _

from creators.models import Case, Report, Violation

FEW = 5
BACK = timedelta(days=365)
OUTCOMES = (Case.State.UPHELD, Case.State.DISMISSED, Case.State.LAPSED, Case.State.REVERSED)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of case: `counts` by outcome, None where too few to show."""

    label: str
    total: int
    counts: dict[str, int | None] = field(default_factory=dict)
    median_days: int | None = None

    @property
    def cells(self) -> list[int | None]:
        return [self.counts[outcome] for outcome in OUTCOMES]


def table(kinds: Iterable[tuple[str, Sequence[Row]]]) -> Iterator[list[object]]:
    """Yield head and rows of what the page shows, as a file has them; blank: too few to show."""
    outcomes = [_("Upheld"), _("Dismissed"), _("We were late"), _("Reversed on appeal")]
    yield [_("Kind"), _("About"), _("Decided"), *outcomes, _("Median days")]
    for kind, rows in kinds:
        for row in rows:
            yield [kind, row.label, row.total, *row.cells, row.median_days]


def hide_few(counts: dict[str, int]) -> dict[str, int | None]:
    """Return the counts of one row as they may be shown beside its total."""
    small = {name for name, n in counts.items() if 0 < n < FEW}
    if len(small) == 1 and sum(counts.values()) != sum(counts[name] for name in small):
        others = [(n, name) for name, n in counts.items() if n and name not in small]
        small.add(min(others)[1])
    return {name: None if name in small else n for name, n in counts.items()}


def put_together(
    rows: dict[str, dict[str, int]], rest: str
) -> dict[str, dict[str, int]]:  # fmt: skip
    """Return rows of FEW cases or more; what is smaller is one row, if that is not small itself."""
    big = {name: row for name, row in rows.items() if sum(row.values()) >= FEW}
    small = [row for name, row in rows.items() if name not in big]
    sums = {outcome: sum(row.get(outcome, 0) for row in small) for outcome in OUTCOMES}
    return big | ({rest: sums} if sum(sums.values()) >= FEW else {})


class Median(Aggregate):
    """PostgreSQL's median of a duration."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def violations(at: datetime) -> list[Row]:
    """Return what was decided on violations in the year before `at`, by rule."""
    rows = Case.objects.filter(kind=Case.Kind.VIOLATION, violation__isnull=False)
    labels = {row.code: row.label for row in Violation.objects.in_force(at)}
    return _rows(rows, "violation__code", labels, at)


def reports(at: datetime) -> list[Row]:
    """Return what was decided on reports of visitors in the year before `at`, by first ground."""
    first = Report.objects.order_by("pk").values("case").annotate(first=Min("pk")).values("first")
    rows = Case.objects.filter(kind=Case.Kind.REPORT, reports__in=first)
    labels = {key: str(label) for key, label in Report.Ground.choices}
    return _rows(rows, "reports__ground", labels, at)


def _rows(cases, by: str, labels: dict[str, str], at: datetime) -> list[Row]:
    decided = cases.filter(decided_at__gt=at - BACK, decided_at__lte=at)
    took = ExpressionWrapper(F("decided_at") - F("opened_at"), output_field=DurationField())
    found: dict[str, dict[str, int]] = {}
    for code, state, n in decided.values_list(by, "state").annotate(n=Count("pk")).order_by():
        found.setdefault(code, dict.fromkeys(OUTCOMES, 0))[state] = n
    days = dict(decided.values_list(by).annotate(median=Median(took)).order_by())
    rest = _("all others together")
    return [
        Row(
            label=labels.get(code, code),
            total=sum(counts.values()),
            counts=hide_few(counts),
            median_days=round(days[code].total_seconds() / 86_400) if days.get(code) else None,
        )
        for code, counts in put_together(found, rest).items()
    ]
