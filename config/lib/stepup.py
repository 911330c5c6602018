"""Is it still the person who signed in? Asked again before what moves or redirects money.

    is_confirmed(request)      did she prove it a moment ago; `second_factor`: with one
    ask(request, then)         send her to prove it, keep what she typed, and lead her back
    typed(request)             what she had typed before she was asked, for this page
    confirmed(view)            a page for who proved it; `confirmed_by_two`: with a second factor

Whoever has a second factor confirms with it, the others with their password. A confirmation,
or a sign-in, holds for ACCOUNT_REAUTHENTICATION_TIMEOUT seconds. Where `second_factor` is asked
of somebody who has none, she sets one up, which counts as giving it, and goes on from there.
"""

import time
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from config.lib import typed as typed_
from config.lib.typed import typed as typed

View = Callable[..., HttpResponseBase]
SECOND_FACTOR, PASSWORD = "mfa", "password"  # as allauth records them
FACTORS = {Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN}
BACK = "stepup_back"  # in the session


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


def ask(
    request: HttpRequest, then: str, *, second_factor: bool = False, keeps: bool = False
) -> HttpResponse:
    """Send a person to confirm who she is, and then to `then`.

    Who has no second factor where one is needed (`second_factor`, and all staff) is sent to set
    one up. What she posted is kept: `then` asks `typed` for it (`keeps`), or offers to send it.
    """
    has_one = is_mfa_enabled(request.user)
    to = "" if keeps else request.get_full_path()
    kept = request.method == "POST" and typed_.keep(request, then, request.user.pk, to=to)
    if not has_one and (second_factor or request.user.is_staff):
        request.session[BACK] = {"to": then, "until": int(time.time()) + typed_.KEPT_S}
        return HttpResponseRedirect(reverse("mfa_index"))
    if kept:
        messages.info(request, _("Confirm that it is you. What you typed is kept."))
    elif request.method == "POST":
        messages.info(request, _("Confirm that it is you, then do it once more."))
    page = "mfa_reauthenticate" if has_one else "account_reauthenticate"
    return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': then})}")


def back(request: HttpRequest) -> str:
    """Return the page that waits until she has a second factor, or nothing."""
    waits = getattr(request, "session", {}).get(BACK)
    return waits["to"] if waits and waits["until"] > time.time() else ""


def arrived(request: HttpRequest) -> None:
    """Forget the way back once she took it, and what was kept once she sent it again."""
    if request.method == "POST":
        typed_.forget(request)
    if request.session.get(BACK, {}).get("to") == request.path:
        del request.session[BACK]


def _given(
    sender: object, request: HttpRequest, user: AbstractUser, authenticator: Authenticator,
    **_facts: object,
) -> None:  # fmt: skip
    """Who has just set up a second factor has just given it."""
    if authenticator.type in FACTORS:
        record_authentication(
            request, user, SECOND_FACTOR, id=authenticator.pk, type=authenticator.type,
            reauthenticated=True,
        )  # fmt: skip


authenticator_added.connect(_given, dispatch_uid="config.lib.stepup")


def _only(view: View, *, second_factor: bool) -> View:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not is_confirmed(request, second_factor=second_factor):
            return ask(request, request.path, second_factor=second_factor, keeps=second_factor)
        arrived(request)
        return view(request, *args, **kwargs)

    return wrapper


def confirmed(view: View) -> View:
    """Show a page only to a person who confirmed a moment ago who she is."""
    return _only(view, second_factor=False)


def confirmed_by_two(view: View) -> View:
    """The same where money goes elsewhere after it: who has no second factor sets one up first.

    The view shows `typed` where nothing is posted.
    """
    return _only(view, second_factor=True)
