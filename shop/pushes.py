"""Sales from a stock that lies elsewhere, told to the shop that keeps it: each once.

write(order, at) / give_back(made, at)   # a row per shop, in the transaction of the fact
send_due(at) -> int                      # by the worker; safe to run again and beside itself
again(push, at)                          # a brand asks for one that did not get there

Before anything is sent a second time the shop is asked whether it is there already: an order is
tagged with our number, a refund is noted with its name.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Least

from shop import stockrooms
from shop.models import (
    BrandOrder,
    Order,
    OrderLine,
    OrderPush,
    Refund,
    RefundLine,
    Stocked,
    Stockroom,
)
from shop.models.brands import SellsAt
from shop.ownshops import words
from shop.stockrooms.base import Sale, Sold

logger = logging.getLogger(__name__)
State = OrderPush.State
MOST = 14  # attempts: with these waits, about a day and a half
WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=6)
SOON = timedelta(minutes=1)
LEASE = timedelta(minutes=10)  # of one attempt: longer than any task may run
FIRST_LOOK = timedelta(minutes=30)  # until it is asked what was sent (dispatches.py)
Clock = Callable[[], datetime]


# ------------------------------------------------------------------ what is to be told


def write(order: Order, at: datetime) -> int:
    """Note that each shop whose stock a paid order takes from is to be told; return how many."""
    rows = _lines(order_id=order.pk).values_list("brand_order", "variant__stocked__stockroom")
    pairs = sorted(set(rows))
    made = OrderPush.objects.bulk_create(
        [
            OrderPush(brand_order_id=part, stockroom_id=room, next_try_at=at, created_at=at)
            for part, room in pairs
        ],
        ignore_conflicts=True,
    )
    return len(made)


def give_back(made: Refund, at: datetime) -> int:
    """Note that the shops that know of a sale are to be told that money went back."""
    parts = made.lines.values_list("brand_order", flat=True)
    told = OrderPush.objects.filter(brand_order__in=parts, refund=None)
    rows = OrderPush.objects.bulk_create(
        [
            OrderPush(
                brand_order_id=one.brand_order_id, stockroom_id=one.stockroom_id, refund=made,
                next_try_at=at, created_at=at,
            )
            for one in told
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return len(rows)


def _lines(**of: int):
    facts = {f"brand_order__{name}": value for name, value in of.items()}
    rows = OrderLine.objects.filter(variant__product__sells_at=SellsAt.BESIDE, **facts)
    return rows.filter(variant__stocked__isnull=False)


# ------------------------------------------------------------------ telling it


def send_due(at: datetime, seconds: float = 180) -> int:
    """Tell shops what is due by `at`, for some seconds; return how many got there.

    A shop that does not answer is left alone for this time, so that it holds up no other.
    """
    sent, tired, begun = 0, set(), time.monotonic()

    def now() -> datetime:
        return at + timedelta(seconds=time.monotonic() - begun)

    end = at + timedelta(seconds=seconds)
    while (claimed_at := now()) < end and (push := _claim(claimed_at, tired)):
        try:
            sent += _send(push, now)
        except stockrooms.NoAnswer as error:
            tired.add(push.stockroom_id)
            _failed(push, str(error), now())
    return sent


@transaction.atomic
def _claim(at: datetime, tired: Collection[int]) -> OrderPush | None:
    """Return one that is due at this moment, its attempt counted, and nobody else's for LEASE.

    So one whose worker died is tried again, as one that may have got there.
    """
    rows = OrderPush.objects.due(at).exclude(stockroom__in=list(tired))
    rows = rows.select_for_update(skip_locked=True, of=("self",))
    push = rows.select_related("brand_order__order", "stockroom__integration", "refund").first()
    if push is None:
        return None
    push.attempts += 1
    push.next_try_at = at + LEASE
    push.save(update_fields=["attempts", "next_try_at"])
    return push


def _failed(push: OrderPush, note: str, at: datetime) -> None:
    logger.warning("%s was not told: %s", push, note)
    if push.attempts >= MOST:
        _end(push, State.DEAD, note)
    else:
        wait = min(WAIT * 2 ** min(push.attempts - 1, 10), LONGEST_WAIT)
        OrderPush.objects.filter(pk=push.pk).update(problem=note[:300], next_try_at=at + wait)


def _send(push: OrderPush, now: Clock) -> bool:
    if not push.stockroom.is_open:
        return _end(push, State.DEAD, words.note("disconnected"))
    tell = _tell_refund if push.refund_id else _tell_sale
    try:
        return tell(push, now)
    except stockrooms.Refused as error:
        logger.warning("%s was refused: %s", push, error)
        return _end(push, State.DEAD, str(error))


def _end(push: OrderPush, state: str, note: str = "") -> bool:
    rows = OrderPush.objects.filter(pk=push.pk, state=State.WAITING)
    rows.update(state=state, problem=note[:300])
    return False


def _done(push: OrderPush, external_id: str, made_at: datetime | None, at: datetime) -> bool:
    """Note that it is there, and have the stock read, which it changed."""
    with transaction.atomic():
        OrderPush.objects.filter(pk=push.pk).update(
            state=State.SENT, external_id=external_id, external_at=made_at, sent_at=at, problem="",
            next_look_at=None if push.refund_id else at + FIRST_LOOK,
        )  # fmt: skip
        if push.refund_id is None:
            after = OrderPush.objects.filter(
                brand_order=push.brand_order_id, stockroom=push.stockroom_id, state=State.WAITING
            )
            after.update(next_try_at=at)
        Stockroom.objects.filter(pk=push.stockroom_id).update(
            next_read_at=Least("next_read_at", Value(at + SOON))
        )
    return True


def _tell_sale(push: OrderPush, now: Clock) -> bool:
    if push.attempts == 1 and is_all_back(push.brand_order):
        return _end(push, State.DROPPED)  # nobody there knows of it, and nobody need
    sale = sale_of(push)
    client = stockrooms.client(push.stockroom)
    there = stockrooms.safely(client.find, sale) if push.attempts > 1 else None
    there = there or stockrooms.safely(client.create, sale)
    return _done(push, there.id, there.at, now())


def _tell_refund(push: OrderPush, now: Clock) -> bool:
    """Cancel what was not sent yet and is wholly given back; else note the amount."""
    sale_there = OrderPush.objects.get(
        brand_order=push.brand_order_id, stockroom=push.stockroom_id, refund=None
    )
    if sale_there.state == State.DROPPED:
        return _end(push, State.DROPPED)
    if sale_there.state != State.SENT:  # first the sale, which rings; this attempt was none
        OrderPush.objects.filter(pk=push.pk).update(
            attempts=F("attempts") - 1, next_try_at=now() + LONGEST_WAIT
        )
        return False
    client, there = stockrooms.client(push.stockroom), sale_there.external_id
    part = push.brand_order
    if part.shipped_at is None and part.delivered_at is None and is_all_back(part):
        stockrooms.safely(client.cancel, there)
    elif amount := _amount(push):
        give = partial(client.give_back, there, sale_of(push), amount)
        stockrooms.safely(give, push.refund.reference)
    return _done(push, there, None, now())


def is_all_back(part: BrandOrder) -> bool:
    """Say whether all of a brand's part went back to the shopper."""
    return all(
        line.refunded_gross + line.charged_back_gross >= line.gross for line in part.lines.all()
    )


def _amount(push: OrderPush) -> int:
    """Return what of a refund falls on the lines that this shop knows, and on shipping it knows."""
    ours = _lines(pk=push.brand_order_id).filter(variant__stocked__stockroom=push.stockroom_id)
    rows = RefundLine.objects.filter(refund=push.refund_id, brand_order=push.brand_order_id)
    known = set(ours.values_list("pk", flat=True))
    if _ships(push):
        known.add(None)
    return sum(row.gross for row in rows if row.order_line_id in known)


def _ships(push: OrderPush) -> bool:
    """Say whether this shop is told of the shipping: of those that share a part, the first one."""
    rooms = OrderPush.objects.filter(brand_order=push.brand_order_id, refund=None)
    first = rooms.order_by("stockroom").values_list("stockroom", flat=True).first()
    return first == push.stockroom_id


def sale_of(push: OrderPush) -> Sale:
    """Return a sale as its shop is told it. Raises Refused where its products are not known there."""
    part, order, ships = push.brand_order, push.brand_order.order, _ships(push)
    rows = _lines(pk=part.pk).filter(variant__stocked__stockroom=push.stockroom_id)
    lines = []
    for line in rows.select_related("variant__stocked").order_by("pk"):
        there: Stocked = line.variant.stocked
        lines.append(
            Sold(
                there.external_id, there.parent_id, line.title, line.quantity, line.gross,
                line.tax, line.tax_bp,
            )
        )  # fmt: skip
    if not lines:
        raise stockrooms.Refused(words.note("no_variant"))
    return Sale(
        number=order.number,
        currency=order.currency,
        at=order.paid_at or order.placed_at,
        email=order.email,
        name=order.name,
        address=order.address,
        postal_code=order.postal_code,
        city=order.city,
        country=order.country,
        phone=order.phone,
        lines=lines,
        shipping=part.shipping_gross if ships else 0,
        shipping_tax=part.shipping_tax if ships else 0,
    )


# ------------------------------------------------------------------ looking after them


def again(push: OrderPush, at: datetime) -> bool:
    """Try one again that did not get there; return whether this call did."""
    rows = OrderPush.objects.filter(pk=push.pk, state=State.DEAD)
    return bool(rows.update(state=State.WAITING, next_try_at=at, problem="", mailed_at=None))


def retry_keys(room: Stockroom, at: datetime) -> int:
    """Try again what stood still for want of keys that work; return how many."""
    stuck = OrderPush.objects.filter(stockroom=room, problem__startswith="keys")
    stuck |= OrderPush.objects.filter(stockroom=room, problem__startswith="disconnected")
    rows = OrderPush.objects.filter(pk__in=stuck.values("pk"), state=State.DEAD)
    waits = OrderPush.objects.filter(stockroom=room, state=State.WAITING)
    facts = {"state": State.WAITING, "next_try_at": at, "problem": "", "mailed_at": None}
    return rows.update(**facts) + waits.update(next_try_at=at)


def still(brand_id: int) -> QuerySet[OrderPush]:
    """Return what waits, did not get there or was cancelled there, what to do first."""
    rows = OrderPush.objects.of(brand_id)
    rows = rows.filter(Q(state__in=[State.DEAD, State.WAITING]) | ~Q(problem=""))
    rows = rows.select_related("brand_order__order", "stockroom__integration", "refund")
    return rows.order_by("state", "-pk")


def shown(brand_id: int, limit: int = 50) -> list[OrderPush]:
    """Return of `still` what the brand's page shows."""
    return list(still(brand_id)[:limit])


def is_ours(room: Stockroom, number: str, about: str) -> bool:
    """Say whether the order `about` there is a sale of ours, by its id or by our number on it."""
    rows = OrderPush.objects.filter(stockroom=room, refund=None)
    if rows.filter(external_id=about).exists():
        return True
    return bool(number) and rows.filter(external_id="", brand_order__order__number=number).exists()
