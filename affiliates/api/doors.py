"""What stands around the API: no cookies in or out, no endless bodies, problems in place of pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from affiliates.api import problems

ROOT = "/api/v1/"
PAGES = {"/api/v1/docs"}  # for people
MOST_BYTES = 1_000_000
WITH_BODY = {"POST", "PUT", "PATCH"}
Handler = Callable[[HttpRequest], HttpResponseBase]


def machines_only(get_response: Handler) -> Handler:
    """Let no session, cookie or page into the API: a token says who asks, JSON is what is said."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(ROOT) or request.path_info in PAGES:
            return get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = _refused(request) or get_response(request)
        if response.status_code >= 400 and response.get("Content-Type") != problems.TYPE:
            response = problems.in_place_of(response)
        response.cookies.clear()
        for name in ("Vary", "Content-Language"):
            if name in response:
                del response[name]
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def _refused(request: HttpRequest) -> HttpResponseBase | None:
    if request.method not in WITH_BODY:
        return None
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length) > MOST_BYTES:
        return problems.answer("too-large", f"{MOST_BYTES} bytes at most.")
    return None
