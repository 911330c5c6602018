"""Headers on every answer, what no address may hold, and the second factor of staff."""

import logging
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import has_vary_header
from django.utils.translation import gettext as _

from config import contentpolicy
from config.lib.locks import AGAIN_S, was_locked

logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponseBase]
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
MACHINES = ("/api/", "/hooks/")
REPORTING = f'{contentpolicy.ENDPOINT}="{contentpolicy.REPORTS}"'
FEATURES = (  # of a device: none is used by a page of ours, nor by what gets into one
    "accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read",
    "display-capture", "encrypted-media", "geolocation", "gyroscope", "hid", "idle-detection",
    "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
    "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
PERMISSIONS = ", ".join(f"{name}=()" for name in FEATURES)


def machines_speak_tls(get_response: Handler) -> Handler:
    """Refuse machines that speak without TLS, where people are sent on to https.

    Who sends a key in the clear must notice: a redirect would let it work and leak every time.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if (
            settings.SECURE_SSL_REDIRECT
            and request.path.startswith(MACHINES)
            and not request.is_secure()
        ):
            return HttpResponse(
                "Use https.\n", status=403, content_type="text/plain; charset=utf-8"
            )
        return get_response(request)

    return middleware


def headers(get_response: Handler) -> Handler:
    """Private pages are never stored, and cleared on leaving; no feature of the device is used.

    What never changes is the same in every language and for everybody.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if response.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Reporting-Endpoints", REPORTING)
        if "immutable" in response.get("Cache-Control", ""):
            del response.headers["Vary"], response.headers["Content-Language"]
        if request.method == "POST" and request.path == reverse("account_logout"):
            response["Clear-Site-Data"] = '"cache"'  # no way back to what she saw
        if has_vary_header(response, "Cookie"):
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware


def no_nul(get_response: Handler) -> Handler:
    """Refuse TRACE, and addresses with the one character that PostgreSQL keeps in no text."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method == "TRACE":
            return HttpResponseNotAllowed(sorted(SAFE - {"TRACE"}))
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("an address holds the character NUL")
        return get_response(request)

    return middleware


def others_hold_it(get_response: Handler) -> Handler:
    """Where a page waited too long for rows that others change: 503, and when to come again.

    Providers and shops bring their message again; a person finds a button that does.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if not (isinstance(error, OperationalError) and was_locked(error)):
            return None
        logger.warning("%s %s waited too long: %s", request.method, request.path, error)
        response = render(request, "503.html", status=503)
        response["Retry-After"] = str(AGAIN_S)
        return response

    middleware.process_exception = process_exception
    return middleware


def no_cross_site(get_response: Handler) -> Handler:
    """Refuse what another site's page makes a browser change here, before any form is looked at.

    Beside the CSRF token, not in its place. Browsers say who began a request (Fetch Metadata);
    machines say nothing, and views that are meant for them (`csrf_exempt`) are let through.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_view(request: HttpRequest, view: Callable, *_rest: object) -> None:
        if request.method in SAFE or getattr(view, "csrf_exempt", False):
            return
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise PermissionDenied("another site's page sent this")

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def staff_need_a_second_factor(get_response: Handler) -> Handler:
    """Send staff without an authenticator from the admin to its set-up."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(reverse("admin:index")):
            return get_response(request)
        user = request.user
        if user.is_authenticated and user.is_staff and not is_mfa_enabled(user):
            messages.warning(request, _("The admin needs a second factor. Set one up first."))
            return redirect("mfa_index")
        return get_response(request)

    return middleware
