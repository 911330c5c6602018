"""How long a person stays signed in: without doing anything, and in all. Staff: much shorter.

The cookie alone would keep her for two weeks after each visit. Both moments lie in her session;
the second is written once a minute at most. Her bag stays: it needs no account.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps

from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import list_usersessions
from django.contrib import messages
from django.contrib.auth import get_user, logout
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from config.lib import stepup
from config.lib.access import View, signed_in

Handler = Callable[[HttpRequest], HttpResponseBase]
MINUTE, HOUR, DAY = 60, 3_600, 86_400
IDLE_S, TOTAL_S = 12 * HOUR, 14 * DAY
STAFF_IDLE_S, STAFF_TOTAL_S = 30 * MINUTE, 8 * HOUR
SINCE, SEEN = "signed_in_at", "seen_at"
AT_ONCE = 5_000  # rows of one statement
KEPT = ("bag",)  # of a session that ended


def begin(request: HttpRequest, **_facts: object) -> None:
    """Start both clocks anew when somebody signs in."""
    request.session[SINCE] = request.session[SEEN] = int(time.time())


def only_here(request: HttpRequest, user: User, **_facts: object) -> None:
    """Sign a person out everywhere else when her second factors change."""
    for session in UserSession.objects.filter(user=user):
        if session.session_key != request.session.session_key:
            session.end()


user_logged_in.connect(begin, dispatch_uid="config.signedin")
for changed in (authenticator_added, authenticator_removed, authenticator_reset):
    changed.connect(only_here, dispatch_uid="config.signedin")


def forget_ended(at: datetime) -> int:
    """Delete the rows of sessions that ended, and the connections noted with them; count both.

    A person's list of sessions holds addresses: they go with what they belong to.
    """
    ended = Session.objects.filter(expire_date__lt=at)
    there = Session.objects.filter(session_key=OuterRef("session_key"))
    left = UserSession.objects.filter(~Exists(there), created_at__lt=at - timedelta(days=1))
    return _in_batches(ended) + _in_batches(left)


def _in_batches(rows: QuerySet) -> int:
    total = 0
    while True:
        some = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        total += rows.model.objects.filter(pk__in=some).delete()[0]
        if len(some) < AT_ONCE:
            return total


def sessions_page() -> View:
    """Return allauth's page of sessions; ending the others asks who she is first."""

    @wraps(list_usersessions)
    def view(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method == "POST" and not stepup.is_confirmed(request):
            return stepup.ask(request, request.path)
        return list_usersessions(request, *args, **kwargs)

    return signed_in(view)


def ends(get_response: Handler) -> Handler:
    """Sign out whose time is over, where a page asks who she is; other pages ask nothing."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.user = SimpleLazyObject(lambda: _still(request))
        return get_response(request)

    return middleware


def _still(request: HttpRequest):
    """Return who is signed in, or nobody from here on."""
    user, now = get_user(request), int(time.time())
    if not user.is_authenticated:
        return user
    since = request.session.setdefault(SINCE, now)
    seen = request.session.setdefault(SEEN, now)
    idle, total = (STAFF_IDLE_S, STAFF_TOTAL_S) if user.is_staff else (IDLE_S, TOTAL_S)
    if now - seen <= idle and now - since <= total:
        if now - seen >= MINUTE:
            request.session[SEEN] = now
        return user
    kept = {name: request.session[name] for name in KEPT if name in request.session}
    request.user = user  # whom `logout` asks for
    request.was_signed_in = user.pk
    logout(request)
    request.session.update(kept)
    said = _("You were signed out because it was a while ago. Sign in to go on.")
    messages.info(request, said, fail_silently=True)
    return AnonymousUser()
