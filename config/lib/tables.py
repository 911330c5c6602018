"""Tables that a person can take along: declared once, the same on the page and in the file.

    Column(label, value)       one heading (translated) and what stands below it for a row
    amount, on, percent        columns of money, of days, of basis points
    Table(name, …)             its columns, and the rows of one owner as the page's filters ask
    table.cells(owner, asked)  head and rows, in chunks from the server: any length fits in memory

A value is the name of what a row has (`creator.handle`), or a function of the row. It is what it is
(a number, a Decimal, a date, a moment, a text); the kind of file decides how it is written. Nothing
of another owner can be in it: `rows` is given the owner, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Protocol

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from config.lib import money

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
    value: Value | str

    def of(self, row: Any) -> object:
        """Return the cell of a row, in the language of now."""
        found = got(row, self.value) if isinstance(self.value, str) else self.value(row)
        if isinstance(found, bool):
            return _("yes") if found else _("no")
        return str(found) if isinstance(found, Promise) else found


def got(row: Any, path: str) -> Any:
    """Return what a dotted name says of a row: parts of a tuple by number, of a dict by
    key, of a method what it returns; None where a part of the way is None.
    """
    for part in _parts(path):
        if row is None:
            return None
        by_key = isinstance(part, int) or isinstance(row, dict)
        row = row[part] if by_key else getattr(row, part)
        row = row() if callable(row) else row
    return row


@cache
def _parts(path: str) -> tuple[int | str, ...]:
    return tuple(int(part) if part.isdigit() else part for part in path.split("."))


def amount(label: Any, value: Value | str, currency: str = "currency") -> Column:
    """A column of minor units, written in the units of their currency."""
    read = value if callable(value) else lambda row: got(row, value)
    return Column(label, lambda row: _units(read(row), got(row, currency)))


def on(label: Any, path: str) -> Column:
    """A column of the market's days of moments."""
    return Column(label, lambda row: day(got(row, path)))


def percent(label: Any, path: str) -> Column:
    """A column of basis points, written as percent."""
    return Column(label, lambda row: share(got(row, path)))


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
    many: tuple[str, ...] = ()  # of `params`, those that an address may have several of
    for_owners: bool = False  # of a brand: not for other members of its team
    fill: Callable[[Any, Sequence[Any]], Iterable[Any]] | None = None

    def asked(self, query: Mapping[str, str]) -> dict[str, str]:
        """Return of a page's address what this table listens to; several values between commas."""
        found = {name: query[name][:200] for name in self.params if query.get(name)}
        if isinstance(query, QueryDict):
            found |= {
                name: ",".join(query.getlist(name))[:1_000] for name in self.many if name in found
            }
        return found

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
                cells = [[column.of(row) for column in self.columns] for row in full]
            yield cells


def size(rows: Rows, most: int) -> int:
    """Return how many rows there are, counting no further than one above `most`."""
    return rows[: most + 1].count() if isinstance(rows, QuerySet) else rows.count()


def _units(minor: int | None, currency: str) -> object:
    return None if minor is None else money.decimal(minor, currency)


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
