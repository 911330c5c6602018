"""What browsers say was refused by our content policy: a hole, or a page of ours that is wrong.

A browser sends it by itself, so anybody can: it is short, counted, and only a line in the log.
Of addresses nothing is kept but the pattern of ours and the host of theirs: tokens stand in some.

    read(body)         what the browser's message says, in either of its two forms
    line(report)       one line of it for the log; None: not about a page of ours
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.lib import ratelimit
from config.lib.access import public
from config.lib.http import client_network

logger = logging.getLogger(__name__)
KINDS = {"application/csp-report", "application/reports+json", "application/json"}
MOST_BYTES = 16_384
AT_ONCE = 5  # of one message
EACH, ALL, WINDOW_S = 20, 300, 600  # messages of one connection, of everybody
WORD = re.compile(r"[a-z-]{1,40}")
HOST = re.compile(r"[a-z0-9.:\[\]-]{1,100}")


class Unreadable(ValueError):
    """A message is in neither of the two forms."""


def read(body: bytes) -> Iterator[dict[str, str]]:
    """Yield directive, blocked and page of each violation that a message tells of."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error
    if isinstance(told, dict) and isinstance(told.get("csp-report"), dict):  # report-uri
        names, found = ("effective-directive", "blocked-uri", "document-uri"), [told["csp-report"]]
    elif isinstance(told, list):  # the Reporting API
        names = ("effectiveDirective", "blockedURL", "documentURL")
        rows = [one for one in told if isinstance(one, dict) and one.get("type") == "csp-violation"]
        found = [one["body"] for one in rows if isinstance(one.get("body"), dict)]
    else:
        raise Unreadable("no report")
    for facts in found[:AT_ONCE]:
        directive = facts.get(names[0]) or facts.get("violated-directive") or ""
        rest = (facts.get(name) or "" for name in names[1:])
        words = [one if isinstance(one, str) else "" for one in (directive, *rest)]
        yield dict(zip(("directive", "blocked", "page"), words, strict=True))


def line(report: dict[str, str]) -> str | None:
    """Return what is written down: directive, what was refused, the pattern of our page."""
    try:
        page = urlsplit(report["page"])
        if page.netloc != urlsplit(settings.SITE_URL).netloc:
            return None
        where = resolve(page.path).route
    except (ValueError, Resolver404):
        return None
    directive = WORD.match(report["directive"])
    return f"{directive[0] if directive else '?'} refused {_source(report['blocked'])} on /{where}"


def _source(blocked: str) -> str:
    """Return scheme and host of an address, or the word that stands in its place."""
    if WORD.fullmatch(blocked):  # inline, eval, data, blob
        return blocked
    try:
        parts = urlsplit(blocked)
    except ValueError:
        return "?"
    host = parts.netloc.rpartition("@")[2].lower()
    if not WORD.fullmatch(parts.scheme) or (host and not HOST.fullmatch(host)):
        return "?"
    return f"{parts.scheme}://{host}" if host else f"{parts.scheme}:"


@public
@csrf_exempt
@require_POST
def reported(request: HttpRequest) -> HttpResponse:
    """Take a browser's message; who sends too many or too much learns no more than that."""
    if request.content_type not in KINDS:
        return HttpResponse(status=415)
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return HttpResponse(status=413)
    counted = {"times": EACH, "seconds": WINDOW_S, "without_redis": False}
    if not (
        ratelimit.allow("violation", client_network(request.META), **counted)
        and ratelimit.allow("violations", "", **(counted | {"times": ALL}))
    ):
        return HttpResponse(status=429)
    try:
        lines = [said for report in read(body) if (said := line(report))]
    except Unreadable:
        return HttpResponse(status=400)
    for said in dict.fromkeys(lines):
        logger.warning("content policy: %s", said)
    return HttpResponse(status=204)
