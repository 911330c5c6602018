"""The page of the fake payment provider. Demo only: live has no such address."""

import hashlib

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.lib.access import public
from config.lib.http import render_page
from shop import orders, webhooks
from shop.gateways import fake
from shop.models import Order, PaymentSession, TopUp


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def fake_pay(request, reference):
    """Pay or fail; either way a signed message goes to our own door, as from a real provider."""
    if top_up := TopUp.objects.filter(gateway=fake.NAME, session=reference).first():
        return _top_up(request, top_up)
    rows = PaymentSession.objects.select_related("order")
    session = rows.filter(gateway=fake.NAME, reference=reference).first()
    if session is None or not settings.DEMO:
        raise Http404("no such payment")
    order = session.order
    token = orders.token(order)
    waits = order.status == Order.Status.PENDING
    is_open = session.state == PaymentSession.State.OPEN and waits
    works = session.state == PaymentSession.State.PROCESSING and waits
    if request.method == "POST" and (is_open or works):
        slow = "slow" in request.POST and is_open
        kind = "failed" if "fail" in request.POST else "pending" if slow else "captured"
        headers, body = fake.message(
            kind,
            order=order.number,
            amount=session.amount,
            currency=session.currency,
            session=reference,
            charge=f"fc_{reference}",
            reference=f"fc_{reference}",
            event_id=f"fe_{kind}_{reference}",
            fingerprint=hashlib.sha256(order.email.lower().encode()).hexdigest(),
        )
        webhooks.receive(fake.NAME, headers, body)
        if kind == "failed" and is_open:
            messages.error(
                request, _("The payment did not go through. Your bag is as it was; try again.")
            )
            return redirect("shop:checkout")
        return redirect("shop:order", token=token)
    context = {"session": session, "order": order, "token": token, "is_open": is_open}
    context |= {"works": works, "slow": True, "elsewhere": request.build_absolute_uri()}
    return render_page(request, "shop/fake_pay.html", context)


def _top_up(request, top_up):
    """The same page for what a brand pays in."""
    back = reverse("affiliates:balance", args=[top_up.brand.slug])
    is_open = top_up.state != TopUp.State.PAID
    if request.method == "POST" and is_open:
        kind = "failed" if "fail" in request.POST else "captured"
        headers, body = fake.message(
            kind,
            order=top_up.number,
            amount=top_up.amount,
            currency=top_up.currency,
            session=top_up.session,
            charge=f"fc_{top_up.session}",
            reference=f"fc_{top_up.session}",
            event_id=f"fe_{kind}_{top_up.session}",
        )
        webhooks.receive(fake.NAME, headers, body)
        return redirect(back)
    context = {"session": top_up, "order": top_up, "is_open": is_open, "back": back}
    context["elsewhere"] = request.build_absolute_uri()
    return render_page(request, "shop/fake_pay.html", context)
