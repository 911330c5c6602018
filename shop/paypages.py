"""Payment pages at a provider: one is opened, asked about, and closed.

What a provider knows is told by its signed messages. It is asked where a message may be missing:
when the shopper comes back before it, and before an unpaid order gives its stock away.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from shop import gateways, orders, payments
from shop.checkout import RESERVED_FOR
from shop.gateways import Started
from shop.models import Order, PaymentSession

logger = logging.getLogger(__name__)
PAGE_LIVES = timedelta(minutes=25)  # a little shorter than it does at any provider
MOST_RESERVED = timedelta(hours=2)  # by opening one page after the other
ASK_AGAIN = timedelta(minutes=5)
GIVE_UP = timedelta(hours=6)  # with a provider that does not answer
State = PaymentSession.State


def begin(order: Order, *, return_url: str, cancel_url: str) -> Started:
    """Open a payment page for an order that waits for payment. Raises gateways.NoAnswer.

    Asking twice for the same order gives the same page while that one is open. The order's
    stock is held for as long as the page can be paid.
    """
    gateway, now = gateways.current(), timezone.now()
    amount = orders.total(order)
    facts = {"amount": amount, "currency": order.currency}
    is_open = {"gateway": gateway.name, "state": State.OPEN, **facts}
    rows = order.sessions.filter(created_at__gt=now - PAGE_LIVES, **is_open)
    if known := rows.exclude(url="").order_by("-pk").first():
        return Started(known.reference, known.url)
    failed = order.sessions.exclude(state=State.OPEN).count()
    started = gateway.start(
        number=order.number,
        amount=amount,
        currency=order.currency,
        email=order.email,
        language=order.language,
        key=f"{order.number}-{failed}",
        return_url=return_url,
        cancel_url=cancel_url,
    )
    PaymentSession.objects.get_or_create(
        gateway=gateway.name,
        reference=started.reference,
        defaults={"order": order, "url": started.url, **facts},
    )
    until = min(now + RESERVED_FOR, order.placed_at + MOST_RESERVED)
    waits = Order.objects.filter(pk=order.pk, status=Order.Status.PENDING)
    waits.update(expires_at=Greatest(F("expires_at"), until))
    return started


def ask(order: Order) -> bool:
    """Ask the provider what became of an order's pages; return whether it is paid now.

    Raises gateways.NoAnswer when one of them could not be asked.
    """
    for page in order.sessions.filter(state__in=[State.OPEN, State.PROCESSING]).order_by("pk"):
        try:
            event = gateways.named(page.gateway).look(page.reference)
        except LookupError:
            logger.warning("payment page %s is of a gateway that is not in use", page)
            continue
        if event:
            payments.receive(event)
    order.refresh_from_db()
    return order.status == Order.Status.PAID


def ask_lapsing(at: datetime, limit: int = 100) -> int:
    """Ask once more about orders whose reservation ran out by `at`; return how many were paid.

    While a provider does not answer, they keep their stock, for some hours at most.
    """
    rows = Order.objects.lapsed(at).filter(sessions__state__in=[State.OPEN, State.PROCESSING])
    paid = 0
    for order in list(rows.distinct().order_by("expires_at")[:limit]):
        try:
            paid += ask(order)
        except gateways.NoAnswer as error:
            logger.warning("order %s waits for its provider: %s", order, error)
            still = Order.objects.lapsed(at).filter(pk=order.pk, placed_at__gt=at - GIVE_UP)
            still.update(expires_at=at + ASK_AGAIN)
    return paid


def close(order: Order) -> int:
    """Close the open pages of an order that was cancelled; return how many were open.

    One that was paid meanwhile is told like any capture, and goes back to the shopper.
    """
    closed = 0
    for page in order.sessions.filter(state=State.OPEN):
        gateway = gateways.named(page.gateway)
        if gateway.close(page.reference):
            rows = order.sessions.filter(pk=page.pk, state=State.OPEN)
            closed += rows.update(state=State.EXPIRED)
        elif event := gateway.look(page.reference):
            payments.receive(event)
    return closed
