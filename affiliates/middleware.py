"""Puts a lazy `request.referral` on each request, for pages that know nothing of affiliates."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from affiliates.shopper import Referral


def referral(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """The cookie is read when a view asks; the answer then varies with it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.referral = Referral(request)
        response = get_response(request)
        if request.method == "GET" and response.status_code == 200:
            request.referral.note_own_programme(response)
        if request.referral.was_read:
            patch_vary_headers(response, ["Cookie"])
        return response

    return middleware
