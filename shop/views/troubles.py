"""Something is wrong: the shopper's page, the brand's answer."""

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.access import public
from config.lib.http import render_page
from shop import claims, pieces, tasks, troubles
from shop.access import brand_required
from shop.forms.troubles import AnswerForm, TroubleForm
from shop.models import Order, Trouble
from shop.views import brand_orders
from shop.views.bag import cart_count
from shop.views.orders import opened


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def trouble(request, token, part_id):
    """Say what is wrong with one brand's part of an order."""
    found, first = opened(request, token)
    if first:
        return first
    now = timezone.now()
    rows = found.parts.filter(pk=part_id).select_related("brand", "order")
    part = rows.prefetch_related("lines", "troubles", "returns").first()
    free = pieces.free(part) if part else {}
    kinds = claims.kinds(part, now, free) if part and found.status == Order.Status.PAID else []
    if not kinds:
        messages.info(request, _("Nothing (more) can be reported here now."))
        return redirect("shop:order", token=token)
    lines = free if any(kind != Trouble.Kind.NOT_REFUNDED for kind in kinds) else {}
    typed = (request.POST, request.FILES) if request.method == "POST" else ()
    form = TroubleForm(*typed, kinds=kinds, lines=lines)
    if form.is_valid():
        data = form.cleaned_data
        try:
            troubles.ask(part, data["kind"], form.quantities(), data["words"], now, data["picture"])
        except troubles.CannotAsk:  # a second tab was faster
            messages.info(request, _("Nothing (more) can be reported here now."))
        else:
            transaction.on_commit(tasks.mail_orders.delay, robust=True)
            said = _("We asked %(brand)s. We mailed you what happens now.")
            messages.success(request, said % {"brand": part.seller["name"]})
        return redirect("shop:order", token=token)
    context = {
        "order": found, "token": token, "part": part, "form": form,
        "cart_count": cart_count(request), "sent_back": Trouble.Kind.NOT_REFUNDED in kinds,
    }  # fmt: skip
    status = 422 if form.errors else 200
    return render_page(request, "shop/trouble.html", context, status=status)


@public
@require_POST
def trouble_reply(request, token, part_id):
    """The shopper calls it solved, or wants us to decide."""
    found, first = opened(request, token)
    if first:
        return first
    rows = Trouble.objects.open().filter(brand_order__order=found, brand_order=part_id)
    row = get_object_or_404(rows)
    solved = "solved" in request.POST
    try:
        troubles.reply(row, solved, timezone.now())
    except troubles.NotOpen as error:
        messages.info(request, str(error))
    else:
        transaction.on_commit(tasks.mail_orders.delay, robust=True)
        said = _("Good. It is closed.") if solved else _("We look at it and decide.")
        messages.success(request, said)
    return redirect("shop:order", token=token)


@brand_required
@require_POST
def brand_trouble(request, part_id):
    """Answer what is wrong, or give the money back."""
    part = brand_orders.part_or_404(request, part_id)
    row = part.troubles.first()
    if row is None:
        raise Http404("nothing is said to be wrong")
    form = AnswerForm(request.POST)
    try:
        if "refund" in request.POST:
            troubles.give_back(row, request.user, timezone.now())
            transaction.on_commit(tasks.send_back.delay, robust=True)
            messages.success(request, _("The money is on its way back to the shopper."))
        elif form.is_valid():
            troubles.answer(row, form.cleaned_data["words"], request.user, timezone.now())
            messages.success(request, _("We mailed your answer to the shopper."))
        else:
            return brand_orders.show(request, part, answer_form=form)
    except troubles.NotOpen as error:
        if "refund" not in request.POST:  # what was written stays on the page
            form.add_error(None, str(error))
            return brand_orders.show(request, part, answer_form=form)
        messages.error(request, str(error))
    transaction.on_commit(tasks.mail_orders.delay, robust=True)
    return redirect("shop:brand_order", brand_slug=request.brand.slug, part_id=part.pk)


@brand_required
@require_safe
def brand_trouble_picture(request, part_id, trouble_id):
    """Show the shopper's picture to the team of the brand; nothing keeps a copy."""
    row = get_object_or_404(
        Trouble, pk=trouble_id, brand_order=part_id, brand_order__brand=request.brand
    )
    return picture_of(row)


def picture_of(row: Trouble) -> FileResponse:
    if not row.picture:
        raise Http404
    answer = FileResponse(row.picture.open("rb"), content_type="image/webp")
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "no-store, private"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
