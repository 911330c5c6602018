"""Who did what: signing in and out, what proves who it is, refusals; and the chain over all of it.

    middleware      tells the database on whose behalf it works while a form is handled
    seal            puts new entries into the chain of hashes; the clock rings each minute
    expire          deletes what was kept for its time: two years, seven where it is about money
    verify          looks through the whole chain, also where entries went

Changes of rows are written by triggers (`migrations/0001_audit_log.py` lists tables and columns).
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

from allauth.account.signals import email_changed, password_changed, password_reset, password_set
from allauth.mfa.signals import authentication_failed, authenticator_reset, authenticator_used
from celery import shared_task
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseBase

from config.lib import audit, ratelimit

logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponseBase]
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
AT_ONCE = 5_000  # entries of one transaction
REFUSED_AN_HOUR = 60  # of one account; the log of requests has the others

BROKEN_SQL = """
SELECT w.entry_id FROM (
    SELECT l.id, l.entry_id, l AS link, l.previous,
        lag(l.hash, 1, '\\x00'::bytea) OVER (ORDER BY l.id) AS expected
    FROM config_auditlink l
) w LEFT JOIN config_auditentry e ON e.id = w.entry_id
WHERE w.previous <> w.expected OR NOT audit_holds(w.link, e)
ORDER BY w.id LIMIT 1
"""
HEAD_SQL = """
SELECT count(*), (SELECT encode(hash, 'hex') FROM config_auditlink ORDER BY id DESC LIMIT 1)
FROM config_auditlink
"""
GONE_SQL = """
SELECT count(*) FROM config_auditlink l
WHERE NOT EXISTS (SELECT FROM config_auditentry e WHERE e.id = l.entry_id)
"""


class Chain(NamedTuple):
    entries: int
    gone: int  # of them: past their time, proved by what is left in the chain
    head: str  # the newest hash, in hex
    broken_at: int | None  # the first entry that is not what was written, if any


def told(get_response: Handler) -> Handler:
    """Say to the database who works on it while a form is handled; note who was refused."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            return _noted(request, get_response(request))
        finally:
            if getattr(request, "is_told", False):
                _forget()

    def process_view(
        request: HttpRequest, view: Callable, args: list, kwargs: dict[str, object]
    ) -> None:
        may_be_someone = settings.SESSION_COOKIE_NAME in request.COOKIES
        if request.method in SAFE or not may_be_someone or not request.user.is_authenticated:
            return
        brand = kwargs.get("brand_slug")
        audit.tell(request.user.pk, _request_id(request), f"brand {brand}" if brand else "")
        request.is_told = True

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _forget() -> None:
    try:
        if not connection.needs_rollback:  # else what was told goes with the transaction
            audit.tell(None)
    except DatabaseError:
        connection.close()  # the next request takes another one


def _noted(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code == 403 and request.user.is_authenticated:
        user, hour = request.user, 3_600
        key = str(user.pk)
        if ratelimit.allow("refused", key, times=REFUSED_AN_HOUR, seconds=hour, without_redis=True):
            route = request.resolver_match.route if request.resolver_match else "?"
            audit.note(
                "refused",
                f"{request.method} /{route}",
                user_id=user.pk,
                request_id=_request_id(request),
            )
    return response


def _request_id(request: HttpRequest | None) -> str:
    return getattr(request, "request_id", "")


def _on(act: str, person: str = "user") -> Callable:
    """Return a receiver that notes `act` of the signal's `user`."""

    def receive(sender: object, request: HttpRequest | None = None, **facts: object) -> None:
        user = facts.get(person)
        kind = getattr(facts.get("authenticator"), "type", "")
        audit.note(
            act,
            f"auth_user:{user.pk}" if user else "",
            user_id=user.pk if user else None,
            facts={"factor": kind} if kind else None,
            request_id=_request_id(request),
        )

    return receive


def _failed(sender: object, request: HttpRequest | None = None, **_facts: object) -> None:
    """Somebody gave a wrong password; for which account is not kept: she may have mistyped it."""
    audit.note("sign-in failed", facts={"factor": "password"}, request_id=_request_id(request))


RECEIVERS = {
    user_logged_in: _on("signed in"),
    user_logged_out: _on("signed out"),
    user_login_failed: _failed,
    authenticator_used: _on("second factor given"),
    authenticator_reset: _on("second factor made anew"),
    authentication_failed: _on("second factor refused"),
    password_changed: _on("password changed"),
    password_reset: _on("password reset by mail"),
    password_set: _on("password set"),
    email_changed: _on("address changed"),
}
for signal, receiver in RECEIVERS.items():
    signal.connect(receiver, weak=False, dispatch_uid="config.audit")


@shared_task(name="config.audit.seal")
def seal() -> int:
    """Put what is new into the chain; return how many entries. The log keeps its newest hash."""
    total = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT audit_seal(%s)", [AT_ONCE])
            total += (made := cursor.fetchone()[0])
            if made < AT_ONCE:
                break
        if total:
            cursor.execute(HEAD_SQL)
            logger.info("audit chain: %s entries, newest hash %s", *cursor.fetchone())
    return total


@shared_task(name="config.audit.expire")
def expire() -> int:
    """Delete what was kept for its time; its link stays in the chain. Return how many entries."""
    total = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT audit_expire(%s)", [AT_ONCE])
            total += (gone := cursor.fetchone()[0])
            if gone < AT_ONCE:
                return total


def verify() -> Chain:
    """Look through the chain from its first entry on."""
    with connection.cursor() as cursor:
        cursor.execute(HEAD_SQL)
        entries, head = cursor.fetchone()
        cursor.execute(GONE_SQL)
        gone = cursor.fetchone()[0]
        cursor.execute(BROKEN_SQL)
        broken = cursor.fetchone()
    return Chain(entries, gone, head or "", broken[0] if broken else None)
