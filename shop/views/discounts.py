"""A brand's discount codes: what there is, a new one, an end to one."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.http import render_page
from shop import discounts as domain
from shop.access import brand_required
from shop.forms.discounts import DiscountForm
from shop.views.bag import code_owner


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
def discounts(request):
    brand, now = request.brand, timezone.now()
    form = DiscountForm(request.POST or None, brand=brand, at=now)
    if form.is_valid():
        try:
            made = domain.make(form.discount(), form.cleaned_data["products"])
        except domain.Taken:
            form.add_error("code", _("You have made this code before. Choose another word."))
        except domain.TooMany:
            form.add_error(None, _("You have 200 codes. That is the most."))
        else:
            messages.success(request, _("%(code)s is made.") % {"code": made.code})
            _name_creator(request, made)
            return redirect("shop:discounts", brand_slug=brand.slug)
    rows = domain.of_brand(brand)
    for row in rows:
        row.gives, row.over = domain.gives(row), row.is_over(now)
        row.later = row.starts_at > now
    context = {"form": form, "rows": rows, "brand": brand}
    return render_page(request, "shop/discounts.html", context, status=422 if form.errors else 200)


def _name_creator(request, made):
    """Say whom a code credits that a creator has, too: the brand may not have meant it."""
    owner = code_owner(request, made.code, [made.brand_id])
    if owner and not owner.is_own:
        said = _(
            "It is also the code of %(name)s: she earns a commission on orders that use it. "
            "If you did not mean that, stop it and choose another word."
        )
        messages.warning(request, said % {"name": owner.creator_name})


@brand_required
@require_POST
def discount_stop(request, discount_id):
    """End a code now."""
    row = get_object_or_404(request.brand.discount_codes, pk=discount_id)
    domain.stop(row, timezone.now())
    said = _("%(code)s is stopped. Orders that used it keep it.")
    messages.success(request, said % {"code": row.code})
    return redirect("shop:discounts", brand_slug=request.brand.slug)
