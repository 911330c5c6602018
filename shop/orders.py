"""An order from payment to the last refund. Each function is one transaction.

Whatever changes an order locks its row first, so that two messages about one order follow
each other. What other parts of the market must know is told by `shop.signals` in the same
transaction, under a savepoint: if a listener fails, the sale stands and a sweep repairs.
"""

import hashlib
import hmac
import logging
import secrets
from base64 import urlsafe_b64encode
from collections import Counter
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Sum
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import workdays
from shop import discounts, letters, pushes, signals, stock
from shop.models import BrandOrder, Cart, Order, OrderLine, Payment, Recall

UNSURE_DAYS = 7  # longer to send it back, where nobody said when it came
KEEP_UNPAID = timedelta(days=90)  # whose an order that was never paid would have been
logger = logging.getLogger(__name__)


class NotOpen(Exception):
    """The order is not waiting for payment."""


def token_of(checkout_key: str, secret: str = "") -> str:
    """Return the secret part of an order's address: 32 bytes, from its key and ours."""
    key = (secret or settings.SECRET_KEY).encode()
    digest = hmac.new(key, b"order:" + checkout_key.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def token(order: Order) -> str:
    """Return the secret part of the address that `order` got, also after SECRET_KEY was changed.

    Where the key of that day is no fallback any more, the order gets a new address: a letter
    with a new link is better than one with a link that leads nowhere.
    """
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        found = token_of(order.checkout_key, secret)
        if hash_token(found) == order.token_hash:
            return found
    logger.warning("order %s gets a new address: the key of the old one is gone", order.number)
    found = token_of(order.checkout_key)
    order.token_hash = hash_token(found)
    Order.objects.filter(pk=order.pk).update(token_hash=order.token_hash)
    return found


def hash_token(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def by_token(token: str) -> Order | None:
    """Return the order with this token."""
    return Order.objects.filter(token_hash=hash_token(token)).first()


def new_number() -> str:
    """Return an order number that reads well aloud, such as `TH-7Q4K2M9X`."""
    return "TH-" + "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _n in range(8))


def total(order: Order) -> int:
    """Return what the shopper pays: goods and shipping, VAT included."""
    goods = OrderLine.objects.filter(brand_order__order=order).aggregate(sum=Sum("gross"))
    shipping = order.parts.aggregate(sum=Sum("shipping_gross"))
    return (goods["sum"] or 0) + (shipping["sum"] or 0)


def lock(order: Order) -> Order:
    """Return the order as it is now, locked until the end of the transaction."""
    return Order.objects.select_for_update().get(pk=order.pk)


def tell(signal: Signal, **facts) -> None:
    """Send a fact to whoever listens; a failing listener does not undo the fact."""
    try:
        with transaction.atomic():
            signal.send(sender=Order, **facts)
    except Exception:
        logger.exception("a listener of the shop failed; the sweep will repair: %s", facts)


@transaction.atomic
def mark_paid(order: Order, payment: Payment, at: datetime) -> bool:
    """Turn a pending order into a paid one; return whether this call did it.

    `payment` is the capture that pays it. Reserved stock becomes sold stock, the shopper's
    bag is emptied, and `order_paid` is sent.
    """
    order = lock(order)
    if order.status == Order.Status.PAID:
        return False
    if order.status != Order.Status.PENDING:
        raise NotOpen(f"order {order.number} is {order.status}")
    if payment.order_id != order.pk or payment.kind != Payment.Kind.CAPTURE:
        raise ValueError(f"payment {payment.pk} is no capture of order {order.number}")
    order.status, order.paid_at, order.expires_at = Order.Status.PAID, at, None
    order.save(update_fields=["status", "paid_at", "expires_at"])
    order.parts.update(paid_at=at)
    if not order.own_shop:
        stock.take(_quantities(order))
    Cart.objects.filter(checkout_key=order.checkout_key).delete()
    if not order.own_shop:
        for part in order.parts.select_related("brand").order_by("pk"):
            letters.write("order_new", part.pk, order, at, part.brand)
        pushes.write(order, at)
    _write_recalls(order, at)
    tell(signals.order_paid, order=order)
    return True


def _write_recalls(order: Order, at: datetime) -> None:
    """Tell who pays what was called back since she ordered it."""
    bought = OrderLine.objects.filter(brand_order__order=order).values("variant__product")
    for made in Recall.objects.filter(product__in=bought, made_at__gte=order.placed_at):
        letters.write("recall", made.pk, order, at)


@transaction.atomic
def cancel(order: Order, at: datetime, *, only_idle: bool = False) -> bool:
    """Cancel an unpaid order and release its stock; return whether this call did it.

    With `only_idle` one stays whose bank began to work on it, be it a moment ago.
    """
    order = lock(order)
    if order.status != Order.Status.PENDING or (only_idle and order.processing_at):
        return False
    order.status, order.cancelled_at, order.expires_at = Order.Status.CANCELLED, at, None
    order.save(update_fields=["status", "cancelled_at", "expires_at"])
    stock.release(_quantities(order))
    discounts.release(order)
    Cart.objects.filter(checkout_key=order.checkout_key).update(checkout_key=None)
    return True


def forget_unpaid(at: datetime, size: int = 2_000) -> int:
    """Take out of orders that were never paid whose they would have been; return how many.

    No law asks for them: what was never paid has no invoice. One with any payment stays as it is.
    """
    paid = Payment.objects.filter(order=OuterRef("pk"))
    rows = Order.objects.filter(
        ~Exists(paid), status=Order.Status.CANCELLED, paid_at=None, own_shop=False,
        cancelled_at__lte=at - KEEP_UNPAID,
    ).exclude(email="")  # fmt: skip
    done = 0
    while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:size]):
        done += Order.objects.filter(pk__in=pks).update(
            buyer=None, email="", name="", address="", postal_code="", city="", phone=""
        )
    return done


def release_lapsed(at: datetime, limit: int = 500) -> int:
    """Cancel unpaid orders whose reservation ran out by `at`; return how many."""
    ids = Order.objects.lapsed(at).order_by("expires_at").values_list("pk", flat=True)[:limit]
    return sum(_release_one(pk, at) for pk in list(ids))


@transaction.atomic
def _release_one(pk: int, at: datetime) -> bool:
    rows = Order.objects.lapsed(at).select_for_update(skip_locked=True)
    order = rows.filter(pk=pk).first()
    return cancel(order, at) if order else False


def _quantities(order: Order) -> Counter[int]:
    """Return how many of each variant an order holds."""
    counts: Counter[int] = Counter()
    lines = OrderLine.objects.filter(brand_order__order=order)
    for variant_id, quantity in lines.values_list("variant_id", "quantity"):
        counts[variant_id] += quantity
    return counts


def return_until(part: BrandOrder) -> datetime | None:
    """Return the last moment of the shopper's return period; None before delivery.

    The day it arrives does not count, the last one counts whole, and one that is no working day
    gives way to the next: Regulation (EEC) 1182/71 art. 3, by Directive 2011/83/EU. Where nobody
    said that it came it may have come later: she has a week more.
    """
    if part.delivered_at is None:
        return None
    days = part.return_days + (UNSURE_DAYS if part.arrival_assumed else 0)
    last = timezone.localdate(part.delivered_at) + timedelta(days=days)
    end = datetime.combine(workdays.not_before(last), time.max)
    return timezone.make_aware(end, timezone.get_default_timezone())


def progress(part: BrandOrder, parcels: int = 0) -> str:
    """Return in one word where a brand's part of a paid order is; `parcels`: how many left.

    Uses prefetched lines.
    """
    if part.delivered_at:
        return _("Delivered")
    if part.shipped_at:
        return _("On its way")
    if not parcels and pushes.is_all_back(part):
        return _("Given back")
    return _("Partly on its way") if parcels else _("Being packed")


def left_of(part: BrandOrder) -> int:
    """Return how much of a brand's part may still be refunded (gross). Uses prefetched lines."""
    goods = sum(row.gross - row.refunded_gross - row.charged_back_gross for row in part.lines.all())
    shipping = part.shipping_gross - part.shipping_refunded - part.shipping_charged_back
    return goods + shipping
