"""A brand's orders: pack, ship, deliver, take back, refund."""

import secrets

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, Sum, prefetch_related_objects
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.lib.http import render_page, whole
from shop import mistakes, orderlists, orders, parcels, pieces, refunds, returns, tasks
from shop.access import brand_required
from shop.forms.orders import PeriodForm, RefundForm, ShipForm
from shop.forms.returns import CloseForm, GiveBackForm, ReceiveForm
from shop.forms.troubles import AnswerForm
from shop.models import (
    BrandOrder,
    OrderPush,
    ParcelLine,
    Refund,
    ReturnLine,
    Trouble,
    TroubleLine,
)

PER_PAGE = 30


@brand_required
@require_safe
def brand_orders(request):
    counts = orderlists.counts(request.brand)
    rows = orderlists.found(request.brand, request.GET)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = orderlists.with_sums(page.object_list)
    context = {
        "brand": request.brand,
        "page": page,
        "period": PeriodForm(initial=_month()),
        "counts": counts,
        "state": request.GET.get("state", ""),
        "q": orderlists.words(request.GET),
    }
    return render_page(request, "shop/brand_orders.html", context)


def _month():
    today = timezone.localdate()
    return {"first": today.replace(day=1), "last": today}


def _with_lines(model):
    return Prefetch("lines", model.objects.select_related("order_line"))


def part_or_404(request, part_id):
    rows = BrandOrder.objects.select_related("order", "brand").prefetch_related("lines")
    rows = rows.annotate(told_there=Exists(OrderPush.objects.filter(brand_order=OuterRef("pk"))))
    return get_object_or_404(rows, brand=request.brand, pk=part_id, paid_at__isnull=False)


@brand_required
@require_safe
def brand_order(request, part_id):
    return show(request, part_or_404(request, part_id))


def show(request, part, **forms):
    """Show a part of an order; a form that is given by its name says what is wrong with it.

    `returns`: the forms of one return, by its id.
    """
    left = orders.left_of(part)
    wrong = Trouble.objects.select_related("refund").prefetch_related(_with_lines(TroubleLine))
    prefetch_related_objects([part], Prefetch("troubles", wrong))
    sent = list(part.parcels.prefetch_related(_with_lines(ParcelLine)))
    context = {
        "brand": request.brand,
        "part": part,
        "order": part.order,
        "progress": orders.progress(part, len(sent)),
        "parcels": sent,
        "undoable": mistakes.undoable(part, sent, timezone.now()),
        "return_until": orders.return_until(part),
        "left": left,
        "ship_form": ShipForm(left=parcels.unsent(part, sent)),
        "documents": part.documents.all(),
        "refund_form": RefundForm(
            currency=part.order.currency, left=left, initial={"key": secrets.token_hex(12)}
        ),
        "answer_form": AnswerForm(),
        "troubles": part.troubles.all(),
        "form": next(iter(forms.values()), None),
        "returns": _returns(part, forms.pop("returns", {})),
        "refunds": part.order.refunds.filter(lines__brand_order=part).annotate(
            mine=Sum("lines__gross", filter=Q(lines__brand_order=part))
        ),
    }
    status = 422 if context["form"] else 200
    return render_page(request, "shop/brand_order.html", context | forms, status=status)


def _returns(part, wrong):
    """Return the returns of a part, each open one with what is due and its forms."""
    found = list(part.returns.order_by("pk").prefetch_related(_with_lines(ReturnLine)))
    back = pieces.paid_back(part, found)
    for made in found:
        made.brand_order = part
        if made.closed_at:
            continue
        made.due = returns.worth(made, back).total
        made.late = not made.may_wait and made.refund_by <= timezone.now()
        made.forms = {
            "receive": ReceiveForm(made=made),
            "give": GiveBackForm(currency=part.order.currency, auto_id=f"id_{made.pk}_%s"),
            "close": CloseForm(auto_id=f"id_{made.pk}_%s"),
        } | wrong.get(made.pk, {})
    return found


@brand_required
@require_POST
def brand_order_ship(request, part_id):
    """Note a parcel: of everything that is left, or of the pieces that are named."""
    part = part_or_404(request, part_id)
    form = ShipForm(request.POST, left=parcels.unsent(part))
    if not form.is_valid():
        return show(request, part, ship_form=form)
    data = form.cleaned_data
    tracking = parcels.Tracking(data["carrier"], data["code"], data["track_url"])
    try:
        parcel = parcels.ship(part, timezone.now(), tracking, form.quantities() or None)
    except parcels.NotLeft:  # a second tab was faster
        messages.error(request, _("Meanwhile less is left to send. Nothing was changed."))
    else:
        if parcel:
            ring()
            messages.success(request, _("Marked as sent. The shopper is told."))
    return redirect("shop:brand_order", brand_slug=request.brand.slug, part_id=part.pk)


def ring():
    """Have the letters posted, and the refunds paid, as soon as this is committed."""
    transaction.on_commit(tasks.send_back.delay, robust=True)
    transaction.on_commit(tasks.mail_orders.delay, robust=True)


@brand_required
@require_POST
def brand_order_deliver(request, part_id):
    """Note that one parcel arrived, or all of it."""
    part = part_or_404(request, part_id)
    now = timezone.now()
    if number := request.POST.get("parcel", ""):
        rows = part.parcels.select_related("brand_order__order")
        parcel = get_object_or_404(rows, pk=whole(number) or 0)
        done, said = parcels.arrived(parcel, now), _("This parcel has arrived.")
    else:
        done = parcels.deliver(part, now)
        said = _("Marked as delivered. The return period has started.")
    if done:
        messages.success(request, said)
    return redirect("shop:brand_order", brand_slug=request.brand.slug, part_id=part.pk)


@brand_required
@require_POST
def brand_order_refund(request, part_id):
    """Give money back for this brand's part; pressing twice gives it back once."""
    part = part_or_404(request, part_id)
    if part.order.own_shop:
        raise Http404("its money, and what goes back of it, is in the brand's own shop")
    left = orders.left_of(part)
    form = RefundForm(request.POST, currency=part.order.currency, left=left)
    valid, data = form.is_valid(), form.cleaned_data
    reference = f"rf_{part.pk}_{data.get('key', '')}"
    again = Refund.objects.filter(reference=reference).exists()  # less is left by now
    if not valid and not again:
        return show(request, part, refund_form=form)
    try:
        if not again:
            refunds.refund(
                part.order,
                at=timezone.now(),
                amount=data["amount"],
                parts=[part],
                reason=data["reason"],
                reference=reference,
                made_by=request.user,
            )
    except refunds.TooMuch:
        form.add_error("amount", _("Meanwhile less is left of the order. Nothing was given back."))
        return show(request, part_or_404(request, part_id), refund_form=form)
    ring()
    messages.success(request, _("The money is on its way back to the shopper."))
    return redirect("shop:brand_order", brand_slug=request.brand.slug, part_id=part.pk)
