"""Is it still the person who signed in? Asked again before what moves or redirects money.

Whoever has a second factor confirms with it, the others with their password. A confirmation,
or a sign-in, holds for ACCOUNT_REAUTHENTICATION_TIMEOUT seconds.
"""

import time
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

View = Callable[..., HttpResponseBase]
SECOND_FACTOR, PASSWORD = "mfa", "password"  # as allauth records them


def is_confirmed(request: HttpRequest, *, second_factor: bool = False) -> bool:
    """Say whether this person proved a moment ago who she is.

    `second_factor` asks for one even of a person who has none yet: she is not confirmed.
    """
    user = request.user
    if not user.is_authenticated:
        return False
    wanted = SECOND_FACTOR if second_factor or is_mfa_enabled(user) else PASSWORD
    if wanted == PASSWORD and not user.has_usable_password():
        return True  # there is nothing that she could be asked for
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    records = get_authentication_records(request, user)
    return any(one["method"] == wanted and one["at"] > since for one in records)


def ask(request: HttpRequest, then: str) -> HttpResponse:
    """Send a person to confirm who she is, and then to `then`.

    What she had typed is not kept: it may be a bank account or a tax number. Staff without a
    second factor are sent to set one up.
    """
    page = "mfa_reauthenticate" if is_mfa_enabled(request.user) else "account_reauthenticate"
    if request.user.is_staff and not is_mfa_enabled(request.user):
        page = "mfa_index"
    if request.method == "POST":
        messages.info(request, _("Confirm that it is you, then do it once more."))
    return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': then})}")


def confirmed(view: View) -> View:
    """Show a page only to a person who confirmed a moment ago who she is."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not is_confirmed(request):
            return ask(request, request.path)
        return view(request, *args, **kwargs)

    return wrapper
