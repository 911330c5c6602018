"""A streaming copy of the database that some pages read: DATABASE_REPLICA_URL (docs/scale.md).

`@reads`, below a view's guard, lets it read there, through the ORM or `connection()`. Guards, and
everything that is written, stay with the primary. A page is never older than LAG_S: a copy that is
further behind, away, or no copy is not read. Who changed something reads the primary for PIN_S,
which is longer than that, and so sees what she did.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponseBase

logger = logging.getLogger(__name__)
ALIAS = "replica"
LOOK_S = 1.0  # so often, at most, a process asks how far the copy is
LAG_S = 5.0  # further behind it is not read
PIN_S = 15  # more than LAG_S and LOOK_S together
AWAY_S = 5.0  # after a failure nobody asks for so long
COOKIE = f"{settings.COOKIE_PREFIX}fresh"
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
OK = "ok"
PRIMARY_AT = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint"
REPLICA_AT = """
    SELECT pg_is_in_recovery(), pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint
"""
NOT_ITS_FAULT = psycopg.errors.QueryCanceled  # a statement of the page took too long
_reading: ContextVar[str] = ContextVar("reading", default=DEFAULT_DB_ALIAS)


def is_set() -> bool:
    return ALIAS in connections.settings


def connection() -> BaseDatabaseWrapper:
    """Return what statements without the ORM are to be read through here and now."""
    return connections[_reading.get()]


class Router:
    """Reads go where the page reads; the rest, and what is read of a row's own, to the primary."""

    def db_for_read(self, _model: Any, **_hints: Any) -> str:
        return _reading.get()

    def db_for_write(self, _model: Any, **_hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, _app: str, **_hints: Any) -> bool:
        return db != ALIAS


class Watch:
    """How far the copy is: it shows all that was committed before `fresh_at` (monotonic seconds).

    The primary's place in its log is noted with the moment it was asked for; once the copy has
    played its log up to there, it shows everything that was committed before that moment.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=600)
        self._lock = threading.Lock()
        self._next_look = 0.0
        self.fresh_at: float | None = None
        self.said = "was not asked yet"

    def lag_s(self) -> float | None:
        """Return the most that the copy may be behind now; None: unknown, or it is away."""
        return None if self.fresh_at is None else time.monotonic() - self.fresh_at

    def is_usable(self) -> bool:
        """Say whether a page may be read there; looks again when it is time. Nobody waits."""
        if time.monotonic() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        lag_s = self.lag_s()
        return lag_s is not None and lag_s <= LAG_S

    def _look(self) -> None:
        asked_at = time.monotonic()
        self._next_look = asked_at + LOOK_S
        self._marks.append((asked_at, _ask(DEFAULT_DB_ALIAS, PRIMARY_AT)[0]))
        self._compare()

    def _compare(self) -> None:
        try:
            is_copy, played = _ask(ALIAS, REPLICA_AT)
        except (OperationalError, InterfaceError) as error:
            self.fails(error)
            return
        if not is_copy or played is None:
            self._forget("is no copy: it takes writes itself")
            return
        self.note(played)

    def note(self, played: int) -> None:
        """Take in how far the copy is, after the marks that are there."""
        while self._marks and self._marks[0][1] <= played:
            self.fresh_at = self._marks.popleft()[0]
        lag_s = self.lag_s()
        if lag_s is None:
            self.said = "is behind, nobody knows how far yet"
        else:
            self.said = OK if lag_s <= LAG_S else f"is {lag_s:.0f} s behind"

    def verdict(self) -> str:
        """Say "ok" or what is wrong; who asks seldom waits a moment for what was just written."""
        end = time.monotonic() + LOOK_S
        while not self.is_usable() and self._marks and time.monotonic() < end:
            time.sleep(0.05)
            with self._lock:
                self._compare()
        return OK if self.is_usable() else self.said

    def fails(self, error: Exception) -> None:
        """The copy did not answer: leave it alone for a while."""
        logger.warning("the replica is not read for a while: %s", error)
        connections[ALIAS].close()
        self._forget("does not answer")
        self._next_look = time.monotonic() + AWAY_S

    def _forget(self, said: str) -> None:
        self._marks.clear()
        self.fresh_at, self.said = None, said


watch = Watch()


def _ask(alias: str, sql: str) -> tuple:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def reads(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let a view that changes nothing read the copy; where that fails, it is made again without."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_set() and COOKIE not in request.COOKIES and watch.is_usable():
            token = _reading.set(ALIAS)
            try:
                return view(request, *args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                if isinstance(error.__cause__, NOT_ITS_FAULT):
                    raise
                watch.fails(error)
            finally:
                _reading.reset(token)
        return view(request, *args, **kwargs)

    return wrapped


def pins(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let a browser that changed something read the primary for a while."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if is_set() and request.method not in SAFE and request.user.is_authenticated:
            response.set_cookie(
                COOKIE, "1", max_age=PIN_S, secure=settings.SESSION_COOKIE_SECURE,
                httponly=True, samesite="Lax",
            )  # fmt: skip
        return response

    return middleware


def check() -> str:
    """Say "ok" or what is wrong with the copy; ok where there is none to be."""
    if not is_set():
        return OK
    return watch.verdict()
