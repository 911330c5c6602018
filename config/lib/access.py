"""Who may see a view. Each view of ours is decorated, outermost, with one of these rules.

`view.access_rule` says it in one word; `manage.py routes --json` and a system check read it.
The rules that need a table live in the apps: `creators.access`, `shop.access`.
"""

from collections.abc import Callable, Iterable
from functools import wraps

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

View = Callable[..., HttpResponseBase]
FINANCE = "finance"  # the group of admins who act on money


class RoleNeeded(PermissionDenied):
    """A person may be here, but this step needs another role; `said` is shown to her."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def rule(view: View, name: str, owner_methods: Iterable[str] = ()) -> View:
    """Write the access rule `name` on `view`, and which methods only an owner may use."""
    view.access_rule = name  # type: ignore[attr-defined]
    view.owner_methods = frozenset(owner_methods)  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Anyone, signed in or not."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    return rule(login_not_required(wrapper), "public")


def signed_in(view: View) -> View:
    """Any user; the others are sent to sign in and come back."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return rule(wrapper, "signed-in")


def staff(role: str) -> Callable[[View], View]:
    """Staff in the group `role` (finance, support …), with a second factor; a superuser passes."""

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            user = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not user.is_staff:
                raise PermissionDenied
            if not is_mfa_enabled(user):
                return redirect("mfa_index")
            if not user.is_superuser and not user.groups.filter(name=role).exists():
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return rule(wrapper, f"staff:{role}")

    return decorator
