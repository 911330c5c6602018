"""Which statements of a migration would make a busy site wait, or end the code that runs before it.

`manage.py migrate` runs while the old version serves (docs/operations.md): a table that is read
through or written anew under a lock stands still for everybody, and a column that goes is missed.

    of_statements(statements)   what is wrong with a migration's SQL, in words
    of_migration(migration)     the same for one of ours; nothing where it says why it may

A migration that may do so because the table stays small says it in one line of its class:
`holds_briefly = "a dozen rows"`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

NAME = r'"?(?P<table>[\w.]+)"?'
TABLE = re.compile(rf"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?{NAME}", re.I)
ALTER = re.compile(rf"ALTER TABLE (?:ONLY |IF EXISTS )*{NAME} (?P<rest>.*)", re.I | re.S)
INDEX = re.compile(rf"CREATE (?:UNIQUE )?INDEX (?P<name>.*?) ?ON (?:ONLY )?{NAME}", re.I | re.S)
WRITES = re.compile(rf"(?:UPDATE|DELETE FROM|INSERT INTO) (?:ONLY )?{NAME}", re.I)
RULES = [  # of ALTER TABLE: what it looks like, what it may say to be harmless, why it is not
    (r"ADD CONSTRAINT .*\b(?:CHECK|FOREIGN KEY)\b", r"NOT VALID",
     "checks every row under a lock: add it NOT VALID, validate it in a migration of its own"),
    (r"ADD CONSTRAINT .*\b(?:UNIQUE|PRIMARY KEY|EXCLUDE)\b", r"USING INDEX",
     "builds an index under a lock: make it CONCURRENTLY first, then ADD CONSTRAINT … USING INDEX"),
    (r"ALTER COLUMN \S+ TYPE\b", None, "may write the whole table anew"),
    (r"ALTER COLUMN \S+ SET NOT NULL\b", None,
     "reads every row under a lock: validate a CHECK (… IS NOT NULL) before"),
    (r"ADD COLUMN \S+ .*\b(?:GENERATED ALWAYS AS|(?:BIG|SMALL)?SERIAL)\b", None,
     "writes the whole table anew"),
    (r"ADD COLUMN \S+ .*DEFAULT [^,]*(?:random|clock_timestamp|uuid|nextval)\w*\(", None,
     "writes the whole table anew: fill it in batches"),
    (r"ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b", None,
     "cannot be added to a table with rows: give it a default, or add it nullable"),
    (r"(?:ADD COLUMN .*\bDEFAULT\b.*\bNOT NULL\b.*|ALTER COLUMN \S+ )DROP DEFAULT\b", None,
     "lets the old code's rows be refused: keep the default in the database (db_default)"),
    (r"DROP COLUMN\b", None, "the old code still reads it: drop it one version later"),
    (r"RENAME\b", None, "the old code knows the old name"),
]  # fmt: skip
PLAIN = [
    (r"DROP TABLE\b", "the old code still reads it: drop it one version later"),
    (r"DROP INDEX (?!CONCURRENTLY\b)", "waits for every reader: DROP INDEX CONCURRENTLY"),
    (r"REINDEX (?!.*\bCONCURRENTLY\b)", "locks the table: REINDEX … CONCURRENTLY"),
    (r"(?:VACUUM \(?FULL|CLUSTER|LOCK TABLE)\b", "locks the table"),
]


def of_statements(statements: Iterable[str], *, atomic: bool = True) -> Iterator[str]:
    """Yield what is wrong with each statement; tables made by the same migration are empty."""
    fresh: set[str] = set()
    for statement in statements:
        text = " ".join(re.sub(r"--[^\n]*", "", statement).split())
        if made := TABLE.match(text):
            fresh.add(made["table"])
            continue
        yield from (f"{text[:90]}: {why}" for why in _wrong(text, fresh, atomic=atomic))


def _wrong(text: str, fresh: set[str], *, atomic: bool) -> Iterator[str]:
    if re.search(r"\bCONCURRENTLY\b", text, re.I) and atomic:
        yield "cannot run in a transaction: atomic = False"
    if found := INDEX.match(text):
        if found["table"] not in fresh and "CONCURRENTLY" not in found["name"].upper():
            yield "nobody writes until the index is built: AddIndexConcurrently"
    elif found := ALTER.match(text):
        for sign, harmless, why in RULES if found["table"] not in fresh else []:
            if re.search(sign, found["rest"], re.I | re.S) and not (
                harmless and re.search(harmless, found["rest"], re.I)
            ):
                yield why
    elif (found := WRITES.match(text)) and found["table"] not in fresh:
        yield "writes rows: move data in batches, in a migration of its own"
    for sign, why in PLAIN:
        if re.match(sign, text, re.I):
            yield why


def of_migration(migration: Migration) -> list[str]:
    """Return what is wrong with one of our migrations; the first of an app meets no rows."""
    if migration.initial or migration.replaces or getattr(migration, "holds_briefly", ""):
        return []
    loader = MigrationLoader(connection, replace_migrations=False)
    statements = loader.collect_sql([(migration, False)])
    whole = "\n".join(line for line in statements if not line.startswith("--"))
    return list(of_statements(_split(whole), atomic=migration.atomic))


def _split(text: str) -> list[str]:
    """Split at semicolons, but for those within a function's body or a string."""
    parts = re.split(r"(\$\w*\$.*?\$\w*\$|'(?:[^']|'')*')|;", text, flags=re.S)
    found, here = [], ""
    for n, part in enumerate(parts):
        if n % 2 and part is None:
            found.append(here)
            here = ""
        else:
            here += part or ""
    return [one.strip() for one in [*found, here] if one.strip()]
