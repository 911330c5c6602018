"""Who may see a brand's pages: its members, and nobody learns of brands that are not hers."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase

from config.lib.access import rule
from shop.models import Membership

View = Callable[..., HttpResponseBase]


def brand_required(view: View) -> View:
    """Members of the brand named by the URL's `brand_slug`; sets request.brand and membership."""

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
        request.membership, request.brand = membership, membership.brand
        return view(request, *args, **kwargs)

    return rule(wrapper, "brand:own")
