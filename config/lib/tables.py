"""Tables that a person can take along: declared once, the same on the page and in the file.

    Column(label, value)       one heading (translated) and what stands below it for a row
    Table(name, …)             its columns, and the rows of one owner as the page's filters ask
    table.cells(owner, asked)  head and rows, in chunks from the server: any length fits in memory

A value is what it is (a number, a Decimal, a date, a moment, a text); the kind of file decides how
it is written. Nothing of another owner can be in it: `rows` is given the owner, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, override

CHUNK = 500
Asked = Mapping[str, str]
Value = Callable[[Any], object]


class Nothing(Exception):
    """What was asked for is not there, or not this owner's."""


class Wrong(Exception):
    """The page's address asks for what makes no sense; the message says so to the person."""


class Rows(Protocol):
    """What a QuerySet is: rows that can be counted and streamed."""

    def count(self) -> int: ...

    def iterator(self, chunk_size: int) -> Iterable[Any]: ...


@dataclass(frozen=True)
class Few:
    """Rows that are there already."""

    rows: Sequence[Any]

    def count(self) -> int:
        return len(self.rows)

    def iterator(self, chunk_size: int) -> Iterable[Any]:
        return self.rows


@dataclass(frozen=True)
class Stream:
    """Rows that a statement of its own yields, and how many there are."""

    make: Callable[[], Iterable[Any]]
    count: Callable[[], int]  # type: ignore[assignment]

    def iterator(self, chunk_size: int) -> Iterable[Any]:
        return self.make()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, and its value for a row."""

    label: Any  # lazily translated
    value: Value


@dataclass(frozen=True)
class Table:
    """One table that somebody sees, for its owner to take along.

    `rows(owner, asked)` are those of the page, in its order; `asked` holds of the page's address
    only `params`. `fill(owner, rows)` may add to a chunk what it takes further queries to know.
    """

    name: str
    title: Any  # lazily translated
    rows: Callable[[Any, Asked], Rows]
    columns: tuple[Column, ...]
    page: str = ""  # the URL name of where it is seen
    params: tuple[str, ...] = ()
    fill: Callable[[Any, Sequence[Any]], Iterable[Any]] | None = None

    def asked(self, query: Mapping[str, str]) -> dict[str, str]:
        """Return of a page's address what this table listens to."""
        return {name: query[name][:200] for name in self.params if query.get(name)}

    def head(self) -> list[object]:
        return [str(column.label) for column in self.columns]

    def cells(self, owner: Any, rows: Rows) -> Iterator[list[list[object]]]:
        """Yield the head, then the rows, by the chunk, in the language that was active at first."""
        language = get_language() or "en"
        with override(language):
            head = self.head()
        yield [head]
        found = iter(rows.iterator(chunk_size=CHUNK))
        while chunk := list(islice(found, CHUNK)):
            with override(language):
                full = list(self.fill(owner, chunk)) if self.fill else chunk
                cells = [[_said(column.value(row)) for column in self.columns] for row in full]
            yield cells


def _said(value: object) -> object:
    """Return a word that is translated late in the language of now."""
    return str(value) if isinstance(value, Promise) else value


def size(rows: Rows, most: int) -> int:
    """Return how many rows there are, counting no further than one above `most`."""
    return rows[: most + 1].count() if isinstance(rows, QuerySet) else rows.count()


def day(moment: Any) -> object:
    """Return the market's day of a moment; nothing for nothing."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date() if moment else None


def share(basis_points: int | None) -> object:
    """Return basis points as percent: 1250 is 12.5."""
    return None if basis_points is None else basis_points / 100


def by_name(tables: Iterable[Table]) -> dict[str, Table]:
    """Return tables by their name. Raises ValueError for a name that stands twice."""
    found: dict[str, Table] = {}
    for table in tables:
        if table.name in found:
            raise ValueError(f"two tables are called {table.name}")
        found[table.name] = table
    return found
