"""A brand calls a product back, and sees whom the letters reached."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib.http import render_page
from shop import recalls, tasks
from shop.access import owner_changes
from shop.forms.recalls import RecallForm
from shop.models import OrderLetter, Product

SHOWN = 50  # orders that no letter reached


@owner_changes
@require_http_methods(["GET", "HEAD", "POST"])
def recall(request, product_id):
    product = get_object_or_404(Product, brand=request.brand, pk=product_id)
    form = RecallForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (made := _make(request, product, form)):
        said = _("It is off the shop. %(n)d letters are on their way.")
        messages.success(request, said % {"n": recalls.reach(made)["all"]})
        return redirect("shop:recall", brand_slug=request.brand.slug, product_id=product.pk)
    newest = product.recalls.first()
    letters = OrderLetter.objects.filter(kind=recalls.KIND, about=newest.pk) if newest else None
    context = {
        "brand": request.brand,
        "product": product,
        "form": form,
        "buyers": recalls.buyers(product),
        "newest": newest,
        "reach": recalls.reach(newest) if newest else None,
        "refused": letters.filter(refused=True).select_related("order")[:SHOWN] if newest else [],
    }
    status = 422 if form.errors else 200
    return render_page(request, "shop/recall.html", context, status=status)


def _make(request, product, form):
    """Return the recall, or None with what is wrong written on the form."""
    data = form.cleaned_data
    try:
        made = recalls.make(
            product, data["hazard"], data["todo"], request.user, timezone.now(),
            recalls.MOST_A_DAY,
        )  # fmt: skip
    except recalls.TooMany:
        said = _("You called this back %(n)d times in a day. If more must be said, ask us.")
        form.add_error(None, said % {"n": recalls.MOST_A_DAY})
        return None
    transaction.on_commit(tasks.mail_orders.delay, robust=True)
    return made
