"""An order's own page: where it is, sending back, and the address for who may see it."""

import logging
import secrets
from collections import defaultdict

from django.contrib import messages
from django.core.cache import cache
from django.db import transaction
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import ratelimit
from config.lib.access import public
from config.lib.http import render_page
from shop import (
    claims,
    gateways,
    mails,
    orders,
    paypages,
    pieces,
    returns,
    storefront,
    tasks,
)  # fmt: skip
from shop.forms.orders import CodeForm, WithdrawForm
from shop.models import Order, OrderLine, SaleDocument, Trouble
from shop.views import checkout
from shop.views.bag import cart_count

logger = logging.getLogger(__name__)
CODE_S = 600
ASK_AGAIN_S = 10


def order_or_404(token):
    order = orders.by_token(token) if len(token) < 100 else None
    if order is None:
        raise Http404("no order with this token")
    return order


def may_see_all(request, order):
    """The browser that ordered, the account that ordered, and who typed the mailed code."""
    mine = order.pk in request.session.get(checkout.MINE, [])
    return mine or (request.user.is_authenticated and order.buyer_id == request.user.pk)


def opened(request, token):
    """Return the order, and where to go first if this browser may only read its page."""
    found = order_or_404(token)
    if may_see_all(request, found):
        return found, None
    messages.info(request, _("This link can be passed on: first type the code that we mail you."))
    first = redirect("shop:order", token=token)
    first["Location"] += "#addr"
    return found, first


def _may_ask(order, what, times):
    """Limit mails and guesses per order; without Redis no code is given out."""
    return ratelimit.allow(
        f"order-code-{what}", str(order.pk), times=times, seconds=3600, without_redis=False
    )


@public
@never_cache
@require_safe
def order(request, token):
    found = order_or_404(token)
    if found.status == Order.Status.PENDING:
        _ask_provider(found)
    return _page(request, found, token)


def _ask_provider(order):
    """Who comes back before the provider's message is not left waiting; seldom asked again."""
    if not cache.add(f"asked-{order.pk}", True, ASK_AGAIN_S):
        return
    try:
        paypages.ask(order)
    except gateways.NoAnswer as error:
        logger.warning("order %s could not be asked about: %s", order, error)


def _page(request, found, token, code_form=None):
    """Show an order; with `code_form`, what is wrong with the code that was typed."""
    now = timezone.now()
    rows = found.parts.select_related("brand")
    bought = Prefetch("lines", OrderLine.objects.select_related("variant__product__category"))
    images = storefront.pictures("lines__variant__product__images")
    wrong = Prefetch("troubles", Trouble.objects.select_related("refund"))
    parts = list(rows.prefetch_related(bought, images, wrong, "returns", "parcels__lines"))
    free = pieces.free_of(parts if found.paid_at else [])
    papers = _credit_notes(parts)
    for part in parts:
        part.order = found
        part.parcels_list = _parcels(part)
        part.progress = orders.progress(part, len(part.parcels_list))
        part.return_until = orders.return_until(part)
        part.can_return = bool(returns.returnable(part, now, free.get(part.pk, {})))
        part.returns_list = list(part.returns.all())
        part.troubles_list = list(part.troubles.all())
        part.wrong = claims.kinds(part, now, free.get(part.pk, {}))
        part.complain_from = claims.from_when(part, now)
        part.back = _back(part)
        part.credits = papers[part.pk]
    lines = [line for part in parts for line in part.lines.all()]
    opened = may_see_all(request, found)
    context = {
        "order": found,
        "token": token,
        "parts": parts,
        "total": sum(line.gross for line in lines) + sum(part.shipping_gross for part in parts),
        "tax": sum(line.tax for line in lines) + sum(part.shipping_tax for part in parts),
        "shipping": sum(part.shipping_gross for part in parts),
        "open": opened,
        "first_name": found.name.split(" ")[0],
        "all_here": all(part.delivered_at for part in parts),
        "return_days": min(part.return_days for part in parts),
        "credited": _credited(request, found, lines) if opened else [],
        "code_form": code_form or CodeForm(),
        "code_sent": code_form or request.GET.get("code") == "sent",
        "cart_count": cart_count(request),
    }
    status = 422 if code_form else 200
    return render_page(request, "shop/order.html", context, status=status)


def _back(part):
    """Return how much of a part was given back."""
    return sum(line.refunded_gross for line in part.lines.all()) + part.shipping_refunded


def _credit_notes(parts):
    """Return the credit notes of each part that has some, by its id."""
    found = defaultdict(list)
    if given := [part for part in parts if _back(part)]:
        for paper in SaleDocument.objects.filter(brand_order__in=given, kind="credit"):
            found[paper.brand_order_id].append(paper)
    return found


def _parcels(part):
    """Return the parcels of a part, each with what is in it where that is not everything."""
    titles = {line.pk: line.title for line in part.lines.all()}
    found = list(part.parcels.all())
    for parcel in found:
        parcel.contents = [(row.quantity, titles[row.order_line_id]) for row in parcel.lines.all()]
    return found


def _credited(request, order, lines):
    """Return the creators whom this order earns something."""
    referral = getattr(request, "referral", None)
    if referral is None or order.status != Order.Status.PAID:
        return []
    return referral.credited(line.pk for line in lines)


@public
@require_POST
def order_pay(request, token):
    """Pay an order that is still waiting, from any browser."""
    return checkout.pay(request, order_or_404(token))


@public
@require_POST
def order_code(request, token):
    """Mail a code that opens the rest of the page, or check the one typed."""
    found = order_or_404(token)
    page = redirect("shop:order", token=token)
    if not request.POST.get("code"):
        _send_code(found)
        page["Location"] += "?code=sent"
        return page
    if form := _wrong_code(request, found):
        return _page(request, found, token, form)
    return page


def _send_code(order):
    """Mail a code to the address of the order; at most three in an hour."""
    if _may_ask(order, "send", 3):
        code = f"{secrets.randbelow(10**6):06d}"
        cache.set(_code_key(order), code, CODE_S)
        mails.page_code(order, code)


def _wrong_code(request, order):
    """Return the form that says so, or None after the right code, which opens the page."""
    known = cache.get(_code_key(order)) or ""
    typed = request.POST.get("code", "").strip().replace(" ", "")[:12]
    if not (_may_ask(order, "try", 10) and known and constant_time_compare(known, typed)):
        form = CodeForm(request.POST)
        if form.is_valid():
            form.add_error("code", _("This code is not right, or too old. Ask for a new one."))
        return form
    cache.delete(_code_key(order))
    mine = request.session.get(checkout.MINE, [])
    request.session[checkout.MINE] = [*mine, order.pk][-50:]
    return None


def _code_key(order):
    return f"order-code-{order.pk}"


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request, token, part_id):
    """Two steps: choose what comes back, then confirm; the receipt is mailed.

    The link alone, which may be passed on, does not withdraw: a browser that may not see the
    address is asked for the mailed code with the confirmation.
    """
    found = order_or_404(token)
    part = found.parts.filter(pk=part_id).select_related("brand", "order").first()
    left = returns.returnable(part, timezone.now()) if part else {}
    if not left or found.status != Order.Status.PAID:
        messages.info(request, _("There is nothing (more) to send back here."))
        return redirect("shop:order", token=token)
    form = WithdrawForm(request.POST or None, left=left)
    step, code_form, opened = 1, None, may_see_all(request, found)
    if form.is_valid():
        step = 2
        if "confirm" not in request.POST:
            if not opened:
                _send_code(found)
        elif opened or not (code_form := _wrong_code(request, found)):
            return _withdrawn(request, token, part, form)
    chosen = [(line, form.quantities()[line.pk]) for line in left] if step == 2 else []
    context = {
        "order": found, "token": token, "part": part, "form": form, "step": step,
        "chosen": [(line, n) for line, n in chosen if n], "cart_count": cart_count(request),
        "code_form": None if opened else code_form or CodeForm(),
    }  # fmt: skip
    wrong = form.errors or code_form
    return render_page(request, "shop/withdraw.html", context, status=422 if wrong else 200)


def _withdrawn(request, token, part, form):
    """Write the withdrawal down; a second click finds that it is done."""
    try:
        returns.ask(part, form.quantities(), form.cleaned_data["reason"], timezone.now())
    except returns.CannotReturn:
        messages.info(request, _("There is nothing (more) to send back here."))
    else:
        transaction.on_commit(tasks.mail_orders.delay, robust=True)
        said = _("You withdrew. We mailed you the receipt and what to do now.")
        messages.success(request, said)
    return redirect("shop:order", token=token)
