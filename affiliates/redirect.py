"""`/go/<code>`, answered in front of Django's handler in one trip to Redis.

The trip reads the link and appends the click to the stream; no SQL, no client library.
Whatever is unusual (a code that is not cached, Redis away, another method) goes on to
Django, whose view `go` answers from PostgreSQL with the functions of this module.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote

from django.conf import settings

from affiliates import clickids, clock, consent, linkcache, referral, resp, visitors
from affiliates.clickbuffer import Stream
from affiliates.links import CODE
from affiliates.referral import Seen

logger = logging.getLogger(__name__)
Environ = dict[str, str]
Application = Callable[[Environ, Callable], Iterable[bytes]]

PREFIX = "/go/"
CLICK = "affiliates.click"  # in the environ: the click that is in the stream, or will be
KEY_LIFE_S = b"172800"  # a day's key outlives its day by a day, and is then gone for good
HEADERS = [
    ("Content-Length", "0"),
    ("Cache-Control", "no-store, private"),
    ("Vary", "Cookie"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
]
if settings.SECURE_HSTS_SECONDS:
    HSTS = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains"
    HEADERS += [("Strict-Transport-Security", HSTS)]
READ = resp.opening(b"GET")
_today = (0, 0, visitors.Key(b""))  # from, until (ms), the key of visitors


@cache
def server() -> Stream:
    return Stream(settings.CLICKS_REDIS_URL)


def cookie_options() -> dict[str, object]:
    """Return the same attributes as Django's `set_cookie` names them."""
    secure = settings.SITE_URL.startswith("https://")
    return {
        "max_age": referral.MAX_AGE_S,
        "httponly": True,
        "samesite": "Lax",
        "secure": secure,
    }


@cache
def cookie_attributes() -> str:
    secure = "; Secure" if settings.SITE_URL.startswith("https://") else ""
    return f"; Max-Age={referral.MAX_AGE_S}; Path=/; HttpOnly; SameSite=Lax{secure}"


def wrap(application: Application) -> Application:
    """Return `application` with links answered in front of it."""

    def answer(environ: Environ, start_response: Callable) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX) and environ.get("REQUEST_METHOD") in ("GET", "HEAD"):
            headers = _from_redis(path[len(PREFIX) :].rstrip("/"), environ)
            if headers is not None:
                start_response("302 Found", headers)
                return [b""]
        return application(environ, start_response)

    return answer


def _from_redis(code: str, environ: Environ) -> list[tuple[str, str]] | None:
    """Return the redirect's headers, or None where Django must answer."""
    if not CODE.fullmatch(code):
        return None
    kind = kind_of(environ)
    try:
        read = READ + resp.last(linkcache.key(code).encode())
        if kind == "machine":
            (raw,) = server().ask(read, 1)
            return None if raw is None else headers_for(raw, environ, None)
        # The entry names the code, not the link: the drain looks the link up in bulk, and
        # a code that is not cached is recorded all the same while Django finds it.
        click = clickids.new()
        entry = entry_for(code, click, kind, environ)
        environ[CLICK] = click
        raw, _id = server().append(entry, read, 2)
    except (resp.Away, resp.Refused) as error:
        logger.warning("links are answered without Redis: %s", error)
        return None
    if raw is None:
        return None
    return headers_for(raw, environ, click if kind == "person" else None)


def kind_of(environ: Environ) -> str:
    """Return machine (not recorded), embedded (recorded, not counted) or person."""
    if environ.get("REQUEST_METHOD") == "HEAD" or visitors.is_speculative(environ):
        return "machine"
    if visitors.agent(environ.get("HTTP_USER_AGENT", "")).is_bot:
        return "machine"
    return "embedded" if visitors.is_embedded(environ) else "person"


def entry_for(code: str, click: str, kind: str, environ: Environ) -> bytes:
    """Return what the stream keeps of a click: code, id, visitor, whether, whence, how, paid."""
    came = visitors.came(environ.get("HTTP_USER_AGENT", ""), environ.get("HTTP_REFERER", ""))
    who = day_key().visitor(environ)
    counts = "1" if kind == "person" else "0"
    paid = visitors.paid_by(environ.get("QUERY_STRING", ""))
    return f"{code}|{click}|{who}|{counts}|{came}|{paid}".encode()


def day_key() -> visitors.Key:
    """Return the market day's random key of visitors, the same for every process."""
    global _today
    ms = time.time_ns() // 1_000_000
    since, until, key = _today
    if not since <= ms < until:
        at = datetime.fromtimestamp(ms // 1_000, UTC)
        day = clock.local_day(at)
        name = f"visitors:{day}".encode()
        fresh = os.urandom(32).hex().encode()
        commands = resp.command(b"SET", name, fresh, b"NX", b"EX", KEY_LIFE_S)
        _set, shared = server().ask(commands + resp.command(b"GET", name), 2)
        key = visitors.Key(bytes.fromhex((shared or fresh).decode()))
        bounds = (clock.midnight(day), clock.cutoff_of(day))
        _today = (*(int(moment.timestamp()) * 1_000 for moment in bounds), key)
    return key


def headers_for(raw: bytes, environ: Environ, click: str | None) -> list[tuple[str, str]]:
    """Return the headers of the redirect; with `click`, the cookie that remembers it."""
    link_id, brand_id, rate_bp, programme, destination = linkcache.parse(raw)
    if "{click}" in destination:  # a brand's own shop brings it back with the order, signed
        seen = Seen(brand_id, link_id, click, rate_bp, programme) if click and brand_id else None
        destination = destination.replace("{click}", quote(referral.stamp(seen)) if seen else "")
    headers = [("Location", destination), *HEADERS]
    cookie = cookie_in(environ)
    if click and brand_id and cookie != referral.DECLINED:
        seen = Seen(brand_id, link_id, click, rate_bp, programme)
        if not cookie and consent.rule(environ).needs_consent:
            return [("Location", _carrying(destination, seen)), *HEADERS]
        touches = referral.add(referral.read(cookie), seen)
        value = f"{referral.COOKIE}={referral.write(touches)}{cookie_attributes()}"
        headers.append(("Set-Cookie", value))
    return headers


def _carrying(destination: str, seen: Seen) -> str:
    """Return the address with the click in it, for a page of ours that asks before a cookie."""
    if not destination.startswith(settings.SITE_URL + "/"):
        return destination
    mark = "&" if "?" in destination else "?"
    return f"{destination}{mark}touch={quote(referral.stamp(seen))}"


def cookie_in(environ: Environ) -> str:
    """Return the cookie of touches as it was sent, without a full parse."""
    sent = environ.get("HTTP_COOKIE")
    for part in sent.split(";") if sent else ():
        name, _equals, value = part.strip().partition("=")
        if name == referral.COOKIE:
            return value
    return ""


def note(code: str, environ: Environ) -> str | None:
    """Record a click that Django answers; return its id for the cookie, None for a machine.

    Without Redis the cookie is set all the same: the sale counts. The click waits in this
    process; only where the day's key of visitors was never read it is not recorded.
    """
    kind = kind_of(environ)
    if kind == "machine":
        return None
    click = environ.get(CLICK)
    if not click:
        click = clickids.new()
        try:
            server().append(entry_for(code, click, kind, environ))
        except (resp.Away, resp.Refused) as error:
            logger.warning("a click is answered without Redis: %s", error)
    return click if kind == "person" else None
