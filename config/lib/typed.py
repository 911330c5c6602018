"""What a person typed is not lost where she must sign in again, or prove who she is, first.

    keep(request, page, who)    seal what she posted, until she comes to `page`
    typed(request)              what was kept for this page, for a view that fills its form with it
    offered(request)            the same for any other page: `config.carried` lets her send it again
    fields(request)             what she posted, as hidden fields of another form carry it

It lies sealed in her session for half an hour, since it may be a bank account, and opens for her
alone. Passwords and files are not kept.
"""

import json
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict

from config.lib import sealed
from config.lib.http import path_of

KEPT = "stepup_typed"  # in the session
KEPT_S = 1_800
MOST_KEPT = 120_000  # characters of a form; what is longer is typed again
NOT_KEPT = {"csrfmiddlewaretoken", "password", "password1", "password2", "oldpassword"}

Fields = list[tuple[str, str]]


class Offer(NamedTuple):
    """A form that was posted and did nothing: where it goes, what was in it, where it stood."""

    to: str
    fields: Fields
    had_files: bool
    back: str = ""


def fields(request: HttpRequest) -> Fields:
    """Return what was posted, name by name, without what is never kept."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_KEPT
        for value in values
    ]


def keep(request: HttpRequest, page: str, who: int, *, to: str = "") -> bool:
    """Keep what was posted for `page`; `to`: where it is sent again. Return whether it is kept."""
    told = fields(request) if request.method == "POST" else []
    facts = {"who": who, "at": int(time.time()), "page": page, "fields": told, "to": to,
             "files": bool(request.FILES), "back": _from(request)}  # fmt: skip
    text = json.dumps(facts)
    if not told or len(text) > MOST_KEPT:
        return False
    request.session[KEPT] = sealed.seal(text)
    return True


def forget(request: HttpRequest) -> None:
    request.session.pop(KEPT, None)


def typed(request: HttpRequest) -> QueryDict | None:
    """Return what she had typed into the form of this page before she was asked who she is.

    It is shown again and not acted on: saving stays a press of the button.
    """
    if request.method == "POST":
        forget(request)
        return None
    facts = _of(request)
    if facts is None or facts["to"] or facts["page"] != request.path:
        return None
    found = QueryDict(mutable=True)
    for name, value in facts["fields"]:
        found.appendlist(name, value)
    return found


def offered(request: HttpRequest) -> Offer | None:
    """Return what she may send again from this page."""
    facts = _of(request)
    if facts is None or not facts["to"] or facts["page"] != request.get_full_path():
        return None
    told = [(name, value) for name, value in facts["fields"]]
    return Offer(facts["to"], told, facts["files"], facts["back"])


def is_sent(request: HttpRequest) -> bool:
    """Say whether this request sends again what was kept."""
    facts = _of(request) if request.method == "POST" else None
    return facts is not None and facts["to"] == request.get_full_path()


def _from(request: HttpRequest) -> str:
    """Return the page of ours on which the form stood, or nothing."""
    came = urlsplit(request.headers.get("Referer", ""))
    return path_of(came.geturl()) if came.netloc == request.get_host() else ""


def _of(request: HttpRequest) -> dict | None:
    word = request.session.get(KEPT, "")
    if not word:
        return None
    facts = json.loads(sealed.unseal(word) or "{}")
    if facts.get("who") != request.user.pk or time.time() > facts["at"] + KEPT_S:
        forget(request)
        return None
    return facts
