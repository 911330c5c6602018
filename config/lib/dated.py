"""Rules with a date from which they hold: which are announced, which hold, which held before."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Period:
    """A rule and the time it holds for; `until` None: until a newer one of its scope."""

    row: Any
    until: datetime | None


@dataclass(slots=True)
class Periods:
    """Rules by what they are at one moment, newest first."""

    announced: list[Period] = field(default_factory=list)
    in_force: list[Period] = field(default_factory=list)
    past: list[Period] = field(default_factory=list)


def sorted_out(
    rows: Iterable[Any], at: datetime, scope: Callable[[Any], Hashable] = lambda row: None
) -> Periods:
    """Sort rows with `effective_from`, which come newest first; a newer one ends its scope's."""
    found = Periods()
    later: dict[Hashable, datetime] = {}
    for row in rows:
        period = Period(row, later.get(scope(row)))
        later[scope(row)] = row.effective_from
        if row.effective_from > at:
            found.announced.append(period)
        elif period.until is None or period.until > at:
            found.in_force.append(period)
        else:
            found.past.append(period)
    return found
