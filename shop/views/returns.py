"""Returns and marks set by mistake: what a brand does about them, and a shopper's proof of sending."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.access import public
from config.lib.http import render_page, whole
from shop import mistakes, returns, tasks
from shop.access import brand_required
from shop.forms.returns import CloseForm, GiveBackForm, ReceiveForm, SentForm
from shop.models import Parcel, Return
from shop.views import brand_orders
from shop.views.bag import cart_count
from shop.views.orders import opened


@brand_required
@require_POST
def brand_order_return(request, part_id, return_id):
    """Note what came back, give the money back, or close it without."""
    part = brand_orders.part_or_404(request, part_id)
    rows = Return.objects.prefetch_related("lines__order_line")
    made = get_object_or_404(rows, brand_order=part, pk=return_id)
    made.brand_order = part
    step = next((one for one in STEPS if one in request.POST), "close")
    try:
        wrong = STEPS[step](request, made)
    except returns.Closed:  # a second tab was faster
        messages.info(request, _("This return was closed before. Nothing was changed."))
    else:
        if wrong is not None:
            part = brand_orders.part_or_404(request, part_id)
            return brand_orders.show(request, part, returns={made.pk: wrong})
        brand_orders.ring()
    return redirect("shop:brand_order", brand_slug=request.brand.slug, part_id=part.pk)


def _receive(request, made):
    form = ReceiveForm(request.POST, made=made)
    if not form.is_valid():
        return {"receive": form}
    data = form.cleaned_data
    returns.receive(made, form.counts(), data["condition"], data["came_on"], timezone.now())
    messages.success(request, _("Noted. We told the shopper that it is back."))
    return None


def _refund(request, made):
    form = GiveBackForm(
        request.POST, currency=made.brand_order.order.currency, auto_id=f"id_{made.pk}_%s"
    )
    if not form.is_valid():
        return {"give": form}
    data = form.cleaned_data
    try:
        returns.give_back(
            made, request.user, timezone.now(), less=data["less"] or 0, why=data["why"]
        )
    except returns.TooMuchLess as error:
        form.add_error("less", str(error))
        return {"give": form}
    messages.success(request, _("The return is closed. The money is on its way back."))
    return None


def _close(request, made):
    form = CloseForm(request.POST, auto_id=f"id_{made.pk}_%s")
    if not form.is_valid():
        return {"close": form}
    returns.close(made, timezone.now(), form.cleaned_data["answer"])
    messages.success(request, _("The return is closed."))
    return None


STEPS = {"received": _receive, "refund": _refund, "close": _close}


@brand_required
@require_POST
def brand_order_undo(request, part_id):
    """Take back the newest mark of a parcel, or that all of it arrived."""
    part = brand_orders.part_or_404(request, part_id)
    now, number = timezone.now(), request.POST.get("parcel", "")
    try:
        if number:
            rows = Parcel.objects.filter(brand_order=part).select_related("brand_order__order")
            parcel = get_object_or_404(rows, pk=whole(number) or 0)
            if mistakes.undo_parcel(parcel, request.user, now):
                said = _("Taken back: this parcel has not arrived yet.")
            else:
                said = _("Taken back: it has not left yet. If we told the shopper, we correct it.")
        else:
            mistakes.undo_delivery(part, now)
            said = _("Taken back: not everything has arrived. The return period starts later.")
    except mistakes.TooLate:
        messages.error(request, _("This can no longer be taken back: something followed from it."))
    else:
        messages.success(request, said)
        brand_orders.ring()
    return redirect("shop:brand_order", brand_slug=request.brand.slug, part_id=part.pk)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def return_sent(request, token, return_id):
    """The shopper shows that a return is on its way: the seller may not wait any longer."""
    found, first = opened(request, token)
    if first:
        return first
    rows = Return.objects.select_related("brand_order__order").prefetch_related("lines__order_line")
    made = get_object_or_404(rows, brand_order__order=found, pk=return_id)
    form = SentForm(request.POST or None)
    if made.closed_at or made.sent_at:
        messages.info(request, _("You told us before, or this return is closed."))
        return redirect("shop:order", token=token)
    if form.is_valid():
        try:
            returns.sent(made, form.cleaned_data["proof"], timezone.now())
        except returns.Closed:  # the brand was faster
            messages.info(request, _("You told us before, or this return is closed."))
        else:
            transaction.on_commit(tasks.mail_orders.delay, robust=True)
            messages.success(request, _("Thank you. We told the seller that it is on its way."))
        return redirect("shop:order", token=token)
    context = {"order": found, "token": token, "made": made, "part": made.brand_order,
               "form": form, "cart_count": cart_count(request)}  # fmt: skip
    return render_page(
        request, "shop/return_sent.html", context, status=422 if form.errors else 200
    )
