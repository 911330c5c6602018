"""What is sealed, sealed with the key of today: between a new SECRET_KEY and the end of the old one.

    places()      where sealed words lie: table, key and column
    anew()        seal all that an older key sealed; say of each place how many, and what stays shut

May run while everything works, be killed and be called again: a word that changed meanwhile is left
to whoever changed it, who has the new key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connection, transaction
from psycopg import sql

from config.lib import audit, sealed

AT_ONCE = 1_000  # rows
MARK = "gAAAA"  # begins each word of Fernet
SEALED = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)  # passkeys hold no secret


class Place(NamedTuple):
    table: str
    key: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


class Done(NamedTuple):
    anew: int
    shut: int  # no key opens them: left as they are


def places() -> list[Place]:
    """Return every column of ours that is sealed."""
    return [
        Place(model._meta.db_table, model._meta.pk.column, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, sealed.SealedTextField)
    ]


def anew() -> dict[str, Done]:
    """Seal again what an older key sealed; return what was done, by place."""
    done = {str(place): _column(place) for place in places()}
    done[f"{Authenticator._meta.db_table}.data"] = _seeds()
    facts = {name: one._asdict() for name, one in done.items() if any(one)}
    audit.note("sealed anew", facts=facts or None)
    return done


def _column(place: Place) -> Done:
    made = shut = 0
    names = {name: sql.Identifier(word) for name, word in place._asdict().items()}
    put = sql.SQL("UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s")
    put = put.format(**names).as_string()
    for key, word in _words(place):
        if sealed.is_new(word):
            continue
        if (new := sealed.anew(word)) is None:
            shut += 1
            continue
        with connection.cursor() as cursor:
            cursor.execute(put, [new, key, word])
            made += cursor.rowcount
    return Done(made, shut)


def _words(place: Place) -> Iterator[tuple[Any, str]]:
    names = {name: sql.Identifier(word) for name, word in place._asdict().items()}
    ask = sql.SQL(
        "SELECT {key}, {column} FROM {table} WHERE {column} <> '' AND ({key} > %s OR %s)"
        " ORDER BY {key} LIMIT %s"
    )
    ask, last, first = ask.format(**names).as_string(), 0, True
    while True:
        with connection.cursor() as cursor:
            cursor.execute(ask, [last, first, AT_ONCE])
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < AT_ONCE:
            return
        last, first = rows[-1][0], False


def _seeds() -> Done:
    """Second factors: one row at a time, locked, since each use of a code writes into the same field."""
    made = shut = 0
    rows = Authenticator.objects.filter(type__in=SEALED).order_by("pk")
    for pk in rows.values_list("pk", flat=True).iterator():
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            old = [word for word in _strings(row.data) if not sealed.is_new(word)]
            new = {word: sealed.anew(word) for word in old}
            shut += sum(word is None for word in new.values())
            if changed := {word: to for word, to in new.items() if to is not None}:
                row.data = _with(row.data, changed)
                row.save(update_fields=["data"])
                made += 1
    return Done(made, shut)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(MARK):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _with(value: Any, changed: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _with(one, changed) for name, one in value.items()}
    if isinstance(value, list):
        return [_with(one, changed) for one in value]
    return changed.get(value, value) if isinstance(value, str) else value
