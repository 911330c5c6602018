"""Who may see a brand's pages: its members, and nobody learns of brands that are not hers.

A member works products, orders and collaborations. What concerns the trader, its contract, what
its delivery costs, its account and its team is an owner's: `owner_required`, or `owner_changes` where a member may look.
"""

from collections.abc import Callable, Iterable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from config.lib import local
from config.lib.access import RoleNeeded, rule
from shop import readers
from shop.models import Membership

View = Callable[..., HttpResponseBase]
CHANGES = ("POST",)
EVERYTHING = ("GET", "HEAD", "POST")


def brand_required(view: View) -> View:
    """Members of the brand named by the URL's `brand_slug`; sets request.brand and membership."""
    return _of_brand(view, ())


def owner_required(view: View) -> View:
    """Owners of the brand alone; a member reads why not."""
    return _of_brand(view, EVERYTHING)


def owner_changes(view: View) -> View:
    """Members may look, owners may change something."""
    return _of_brand(view, CHANGES)


def _of_brand(view: View, owner_methods: Iterable[str]) -> View:
    @wraps(view)
    def wrapper(
        request: HttpRequest, brand_slug: str, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        rows = Membership.objects.select_related("brand__category")
        membership = rows.filter(user=request.user, brand__slug=brand_slug).first()
        if membership is None:
            raise Http404("no such brand of yours")
        if request.method in owner_methods and not membership.is_owner:
            said = _(
                "Only an owner of %(brand)s may do this. Ask one of them. Nothing was changed."
            )
            raise RoleNeeded(said % {"brand": membership.brand.name})
        request.membership, request.brand = membership, membership.brand
        readers.remember(membership, local.code())
        return view(request, *args, **kwargs)

    return rule(wrapper, "brand:own", owner_methods)
