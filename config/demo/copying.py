"""Rows written by COPY, with ids given out here, so that parents and children go together."""

# ruff: noqa: S608  (table names are our own)

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection, models


class Copier:
    """Collects rows per table and writes them in the order in which tables were first named."""

    def __init__(self) -> None:
        self.columns: dict[str, tuple[str, ...]] = {}
        self.defaults: dict[str, list[models.Field]] = {}
        self.rows: dict[str, list[Sequence[object]]] = defaultdict(list)
        self.next_id: dict[str, int] = {}

    def table(self, name: str | type[models.Model], columns: str) -> str:
        """Say which columns are written of a table; return its name.

        The other columns of a model that may not be empty get the model's own defaults.
        """
        table = name if isinstance(name, str) else name._meta.db_table
        named = self.columns[table] = tuple(columns.split())
        if not isinstance(name, str):
            self.defaults[table] = [
                field for field in name._meta.concrete_fields if _needs_default(field, named)
            ]
        return table

    def id(self, table: str) -> int:
        """Return a fresh id; numbering goes on where the table ended."""
        if table not in self.next_id:
            with connection.cursor() as cursor:
                cursor.execute(f'select coalesce(max(id), 0) from "{table}"')
                self.next_id[table] = cursor.fetchone()[0]
        self.next_id[table] += 1
        return self.next_id[table]

    def add(self, table: str, *row: object) -> None:
        self.rows[table].append(row)

    def flush(self) -> None:
        """Write what was collected."""
        with connection.cursor() as cursor:
            for table, columns in self.columns.items():
                if not (rows := self.rows.pop(table, None)):
                    continue
                rest = self.defaults.get(table, [])
                names = ", ".join(
                    f'"{column}"' for column in (*columns, *(field.column for field in rest))
                )
                with cursor.copy(f'copy "{table}" ({names}) from stdin') as copy:
                    for row in rows:
                        copy.write_row((*row, *map(_default, rest)))

    def finish(self) -> None:
        """Write the rest, and let the tables' own numbering go on after ours."""
        self.flush()
        with connection.cursor() as cursor:
            for table, last in self.next_id.items():
                cursor.execute("select pg_get_serial_sequence(%s, 'id')", [table])
                if sequence := cursor.fetchone()[0]:
                    cursor.execute("select setval(%s, %s)", [sequence, last])


def _needs_default(field: models.Field, named: Sequence[str]) -> bool:
    filled = field.null or field.primary_key or field.generated or field.has_db_default()
    has_own = field.has_default() or field.empty_strings_allowed
    return field.column not in named and not filled and has_own


def _default(field: models.Field) -> object:
    return field.get_db_prep_save(field.get_default(), connection)
