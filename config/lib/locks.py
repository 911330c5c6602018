"""Locks of the database: one at a time, and queries that gave up because others held a row."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
from django.db import InterfaceError, OperationalError, connection
from psycopg import errors

AGAIN_S = 5  # when who met a held row, or a database that is away, may come again


class Busy(Exception):
    """Somebody else does this now; it may be done after that."""


@contextmanager
def alone(lock: int, of: int = 0) -> Iterator[None]:
    """Keep others out of the work (`lock`, `of`) until it is over. Raises Busy; may be nested.

    The lock belongs to the connection: where the process dies, it is free.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [lock, of])
        if not cursor.fetchone()[0]:
            raise Busy(f"lock {lock} of {of} is held")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [lock, of])


@contextmanager
def place(lock: int, places: int) -> Iterator[None]:
    """Take one of so many places until the work is over. Raises Busy."""
    for n in range(places):
        with ExitStack() as stack:
            try:
                stack.enter_context(alone(lock, n))
            except Busy:
                continue
            yield
            return
    raise Busy(f"all {places} places of {lock} are taken")


def is_held(lock: int, of: int = 0) -> bool:
    """Tell whether anybody holds the lock (`lock`, `of`) now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND d.datname = current_database()"
            " AND classid = %s AND objid = %s AND objsubid = 2 AND granted)",
            [lock, of],
        )
        return cursor.fetchone()[0]


def was_locked(error: BaseException) -> bool:
    """Tell whether a query waited too long or in a circle: asked again, it may well work."""
    return isinstance(error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected)


def is_away(error: BaseException | None) -> bool:
    """Tell whether the database did not answer, or goes down or up: it is back in a moment."""
    cause = error.__cause__ if isinstance(error, OperationalError | InterfaceError) else None
    if isinstance(cause, errors.AdminShutdown | errors.CrashShutdown | errors.CannotConnectNow):
        return True
    return isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None
