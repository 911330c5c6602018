"""Pages of a list that nobody counts: it is only known whether more follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet


@dataclass(frozen=True)
class Page:
    """What stands on one page; `components/pager.html` shows it as it shows Django's own."""

    rows: list[Any]
    number: int
    has_next: bool

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def has_other_pages(self) -> bool:
        return self.has_next or self.has_previous

    @property
    def next_page_number(self) -> int:
        return self.number + 1

    @property
    def previous_page_number(self) -> int:
        return self.number - 1

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page(found: QuerySet, number: int, size: int) -> Page:
    """Return one page of `found` in one query, the first for a number below 1."""
    number = max(number, 1)
    rows = list(found[(number - 1) * size : number * size + 1])
    return Page(rows[:size], number, len(rows) > size)
