"""Links for a list of products, taken in one go."""

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from affiliates import links as domain
from affiliates import switchwords
from affiliates.forms.links import ManyForm
from config.lib.http import render_page
from creators.access import creator_required
from creators.models import Platform
from shop.models import Product


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
def links_many(request):
    now, creator = timezone.now(), request.creator
    missing = domain.terms_missing(creator.user, now)
    form = ManyForm(
        request.POST or None, platforms=Platform.choices, asks_terms=missing is not None
    )
    rows = []
    if form.is_valid():
        if form.cleaned_data.get("terms"):
            domain.accept_terms(request.user, now)
        rows = _taken(creator, form, now)
    context = {"form": form, "rows": rows, "nav_active": "links"}
    context["quota"] = domain.quota(creator, now)
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/links_many.html", context, status=status)


def _taken(creator, form, now):
    """Return a row per line: the product, and its link or why there is none."""
    asked = list(dict.fromkeys(form.cleaned_data["products"]))
    wanted = Q(pk=None)
    for brand, slug in asked:
        wanted |= Q(brand__slug=brand, slug=slug)
    found = Product.objects.on_sale().filter(wanted).select_related("brand")
    products = {(product.brand.slug, product.slug): product for product in found}
    try:
        inside = [products[key] for key in asked if key in products]  # in the order typed
        results = domain.take_many(creator, inside, form.cleaned_data["platform"], now)
    except domain.PlatformOff as stopped:
        form.add_error("platform", switchwords.no_new_links(stopped.switch))
        return []
    except domain.LinksStopped:
        said = _("You take no new links for now. Your cases say why, and until when.")
        form.add_error(None, said)
        return []
    except domain.NotEnrolled:
        form.add_error(None, _("You can take links once you are in. See your decision."))
        return []
    except domain.TermsMissing:
        form.add_error("terms", _("Tick the terms first: they say how and when you are paid."))
        return []
    reasons = {
        "no_offer": _("No offer for you."),
        "blocked": _("We switched this link off. Its page says why."),
        "short": _("The brand is short of money: no new links now."),
        "untested": _(
            "The brand's own shop has not passed its test order yet. Links open when it has."
        ),
        "quota": _("Your products of this week are taken."),
    }
    rows = []
    for brand, slug in asked:
        product = products.get((brand, slug))
        result = results.get(product.pk) if product else None
        row = {"title": product.title if product else f"/shop/{brand}/{slug}/", "url": ""}
        if isinstance(result, str) or result is None:
            row["why"] = reasons.get(result, _("Not on sale."))
        else:
            result.creator = creator
            row["url"] = domain.share_url(result)
        rows.append(row)
    return rows
