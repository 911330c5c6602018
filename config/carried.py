"""A form that was sent too late does not lose what stands in it: she signs in, and sends it on.

Any page that asks who somebody is: what she posted after her session ended, or before she proved
who she is, is kept (`config.lib.typed`) and offered where she comes back. It is sent by the press
of a button, never by itself.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _

from config.lib import typed
from config.lib.http import render_page

Handler = Callable[[HttpRequest], HttpResponseBase]
LEAVE = "leave_typed"  # in the query: she does not want it any more


class Carried:
    """The middleware; it asks nothing of pages that are open to everybody."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        who = getattr(request, "was_signed_in", None)
        if who and request.method == "POST" and _leads_to_sign_in(response):
            path = request.get_full_path()
            if typed.keep(request, path, who, to=path):
                messages.info(request, _("What you typed is kept for half an hour."))
        return response

    def process_view(
        self, request: HttpRequest, view: Callable, _args: tuple, _kwargs: dict
    ) -> HttpResponseBase | None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or is_open(view):
            return None
        if typed.KEPT not in request.session:
            return None
        if typed.is_sent(request):
            typed.forget(request)
        if request.method != "GET":
            return None
        if LEAVE in request.GET:
            typed.forget(request)
            query = request.GET.copy()
            del query[LEAVE]
            return redirect(f"{request.path}?{query.urlencode()}" if query else request.path)
        if offer := typed.offered(request):
            back = offer.back or request.path
            context = {"offer": offer, "leave": f"{back}{'&' if '?' in back else '?'}{LEAVE}=1"}
            return render_page(request, "carried.html", context)
        return None


def is_open(view: Callable) -> bool:
    """Say whether a page asks nobody who she is."""
    rule = getattr(view, "access_rule", "")
    return rule == "public" if rule else not getattr(view, "login_required", True)


def _leads_to_sign_in(response: HttpResponseBase) -> bool:
    sign_in = resolve_url(settings.LOGIN_URL)
    return response.status_code == 302 and response.get("Location", "").startswith(sign_in)
