"""Who may see a creator's pages: the creator herself."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from config.lib.access import rule
from creators.models import Creator

View = Callable[..., HttpResponseBase]


def creator_of(request: HttpRequest) -> Creator | None:
    """Return the creator that this user is, or None; one query."""
    return Creator.objects.filter(user=request.user).select_related("decision__policy").first()


def creator_required(view: View) -> View:
    """Set request.creator. The signed-out go to sign in, users who are no creator to joining."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        creator = creator_of(request)
        if creator is None or creator.erased_at is not None:
            return redirect("creators:join")
        request.creator = creator
        return view(request, *args, **kwargs)

    return rule(wrapper, "creator:own")
