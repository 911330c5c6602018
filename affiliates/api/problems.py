"""Errors of the API, each as RFC 9457 says: `application/problem+json`, whatever went wrong where."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpResponse

TYPE = "application/problem+json"
DOCS = "/api/v1/docs"
# code -> (status, title). The code is the end of `type`, for programs; the title is for people.
KNOWN = {
    "bad-request": (400, "The request cannot be read"),
    "no-token": (401, "A token is needed"),
    "stopped": (403, "The account of this token is suspended or closed"),
    "wrong-side": (403, "This is for tokens of the other side of the market"),
    "scope-missing": (403, "The token may not do this"),
    "not-allowed": (403, "Not allowed"),
    "not-found": (404, "Nothing here that this token may see"),
    "bad-method": (405, "This address does not take this method"),
    "conflict": (409, "It does not fit what is there"),
    "altered": (409, "This Idempotency-Key came with another body before"),
    "no-shop": (409, "No shop is connected by our API"),
    "terms-missing": (409, "The terms in force are not accepted"),
    "no-offer": (409, "There is no offer on this for this creator"),
    "link-blocked": (409, "We switched this link off: its page says why, and whom to ask"),
    "brand-short": (409, "The brand is short of money and gives no new links"),
    "shop-untested": (409, "The brand's own shop has had no test order yet"),
    "quota-reached": (409, "All new products of this week are taken"),
    "platform-off": (409, "The platform is switched off: no new links for it until it is back"),
    "not-enrolled": (409, "This creator may not take links now"),
    "too-large": (413, "The body is too large"),
    "not-json": (415, "The body has to be application/json"),
    "invalid": (422, "Something in the request is not valid"),
    "bad-cursor": (422, "The cursor is not one of this list"),
    "refused": (422, "The order cannot be taken"),
    "too-many": (429, "Too many requests"),
    "failed": (500, "It failed on our side"),
    "busy": (503, "Others change this right now"),
}
BY_STATUS = {
    400: "bad-request", 401: "no-token", 403: "not-allowed", 404: "not-found", 405: "bad-method",
    409: "conflict", 413: "too-large", 415: "not-json", 422: "invalid", 429: "too-many",
    500: "failed", 503: "busy",
}  # fmt: skip
KEPT = ("Allow", "Retry-After", "WWW-Authenticate")


class Problem(Exception):
    """What an operation answers in place of its result."""

    def __init__(
        self, code: str, detail: str = "", headers: Mapping[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.headers, self.more = code, detail, headers or {}, more


def answer(
    code: str, detail: str = "", headers: Mapping[str, str] | None = None, **more: object
) -> HttpResponse:
    status, title = KNOWN[code]
    told = {"type": f"{settings.SITE_URL}{DOCS}#{code}", "title": title, "status": status}
    told |= {"detail": detail} if detail else {}
    response = HttpResponse(json.dumps(told | more), status=status, content_type=TYPE)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def in_place_of(response: HttpResponse) -> HttpResponse:
    """Return a problem of the same status, with the headers that belong to it."""
    code = BY_STATUS.get(response.status_code, "bad-request")
    made = answer(code, headers={name: response[name] for name in KEPT if name in response})
    made.status_code = response.status_code
    return made
