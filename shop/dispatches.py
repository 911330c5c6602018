"""Parcels that a shop elsewhere sends for a sale of ours: noted here as if its brand had done it.

ring(integration, about, at) -> bool   # the shop told something of this order: ask it soon
look_due(at) -> int                    # by the worker; safe to run again and beside itself
take_over(push, fate, at) -> int       # bring the brand's part to what became of it there
assume_arrived(at) -> int              # what left there and of which no carrier tells, after days

A message only rings, and silence is asked about as well: what left is asked of the shop itself,
so that lost, late and repeated messages end the same. A parcel left, or arrived, when we learn of
it: what a shop says of the past takes no day from a shopper's return period.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest

from shop import letters, mistakes, orders, parcels, pushes, stockrooms
from shop.models import (
    BrandOrder,
    Integration,
    Order,
    OrderLetter,
    OrderPush,
    Parcel,
    Stocked,
    Trouble,
)
from shop.ownshops import words
from shop.stockrooms.base import Fate, Sent

logger = logging.getLogger(__name__)
OFTEN, SELDOM = timedelta(hours=1), timedelta(days=1)
WATCHED_FOR = timedelta(days=90)  # after that nobody waits for a parcel any more
LEASE = timedelta(minutes=10)  # of one look: longer than any task may run
State = OrderPush.State
is_web_address = URLValidator(schemes=["http", "https"])


def ring(integration: Integration, about: str, at: datetime) -> bool:
    """Have the shop asked soon what it sent of its order `about`; whether that is a sale of ours."""
    rows = OrderPush.objects.filter(
        stockroom__integration=integration, external_id=about, refund=None, state=State.SENT
    )
    rows.exclude(next_look_at=None).update(next_look_at=at)
    return rows.exists()


# ------------------------------------------------------------------ asking


def look_due(at: datetime, seconds: float = 60) -> int:
    """Ask shops what they sent, for some seconds; return how many parcels changed here.

    A shop that does not answer is left alone for this time, so that it holds up no other.
    """
    done, tired, begun = 0, set(), time.monotonic()
    while True:
        spent = time.monotonic() - begun
        now = at + timedelta(seconds=spent)
        push = _claim(now, tired) if spent < seconds else None
        if push is None:
            return done
        try:
            fate = stockrooms.safely(stockrooms.client(push.stockroom).look, push.external_id)
        except stockrooms.NoAnswer as error:
            logger.warning(
                "%s could not be asked what was sent of %s: %s", push.stockroom, push, error
            )
            tired.add(push.stockroom_id)
            _put_off(push, now + OFTEN)
        except stockrooms.Refused as error:
            logger.warning("%s does not say what was sent of %s: %s", push.stockroom, push, error)
            _put_off(push, _next(push, now) and now + SELDOM)
        else:
            done += take_over(push, fate, now)


@transaction.atomic
def _claim(at: datetime, tired: Collection[int]) -> OrderPush | None:
    """Return one to look at by now, which is nobody else's for LEASE."""
    rows = OrderPush.objects.to_look(at).exclude(stockroom__in=list(tired))
    rows = rows.order_by("next_look_at", "pk").select_for_update(skip_locked=True, of=("self",))
    push = rows.select_related("brand_order__order", "stockroom__integration").first()
    if push is not None:
        _put_off(push, at + LEASE)
    return push


def _put_off(push: OrderPush, until: datetime | None) -> None:
    OrderPush.objects.filter(pk=push.pk).update(next_look_at=until)


def _next(push: OrderPush, at: datetime) -> datetime | None:
    """Return when to ask again: each hour at first, at last once a day; None where all is done."""
    part = BrandOrder.objects.get(pk=push.brand_order_id)
    age = at - push.sent_at
    if part.delivered_at or age > WATCHED_FOR or pushes.is_all_back(part):
        return None
    return at + min(max(age / 10, OFTEN), SELDOM)


# ------------------------------------------------------------------ taking over


@transaction.atomic
def take_over(push: OrderPush, fate: Fate, at: datetime) -> int:
    """Bring a brand's part to the parcels that left there; return how many changed."""
    orders.lock(push.brand_order.order)
    known = {one.external_id: one for one in Parcel.objects.filter(brand_order=push.brand_order_id)}
    done = 0
    for one in fate.parcels:
        parcel = known.get(_name(push, one))
        if one.is_off:
            done += _take_back(parcel, at) if parcel else 0
            continue
        if parcel is None:
            parcel = _ship(push, one, at)
            if parcel is None:
                continue
            done += 1
        else:
            done += _follow(parcel, one, at)
        if one.has_arrived:
            done += parcels.arrived(parcel, at)
    _note_cancelled(push, fate.is_cancelled, at)
    _put_off(push, _next(push, at))
    return done


def assume_arrived(at: datetime, limit: int = 500) -> int:
    """Call delivered what a shop elsewhere sent and of which nobody tells that it came.

    That is once the days are over that the brand states for its shop, and those that it promised
    the shopper; once only: what its brand took back it notes itself. Return how many.
    """
    day = timedelta(days=1)
    elsewhere = Parcel.objects.filter(brand_order=OuterRef("pk")).exclude(external_id="")
    stated = OrderPush.objects.filter(brand_order=OuterRef("pk"), refund=None).order_by("-pk")
    stated = stated.values("stockroom__integration__delivered_after_days")[:1]
    days = Greatest(Subquery(stated), Coalesce("delivery_days_to", 0))
    rows = BrandOrder.objects.filter(
        Exists(elsewhere), order__own_shop=False, order__status=Order.Status.PAID,
        shipped_at__isnull=False, delivered_at=None, arrival_assumed=False,
    )  # fmt: skip
    said = Trouble.objects.filter(brand_order=OuterRef("pk"), kind=Trouble.Kind.NOT_ARRIVED)
    rows = rows.exclude(Exists(said))  # its shopper knows better
    due = rows.annotate(days=days).filter(shipped_at__lte=at - day * F("days"))
    found = due.select_related("order").order_by("shipped_at", "pk")[:limit]
    return sum(parcels.deliver(part, at, assumed=True) for part in found)


def _note_cancelled(push: OrderPush, is_cancelled: bool, at: datetime) -> None:
    """Say to the brand, once, that what it cancelled there is paid here and not given back."""
    part = BrandOrder.objects.select_related("order", "brand").get(pk=push.brand_order_id)
    owed = is_cancelled and not pushes.is_all_back(part)
    note = words.note("cancelled_there") if owed else ""
    OrderPush.objects.filter(pk=push.pk).exclude(problem=note).update(problem=note)
    if owed:
        letters.write("cancelled_there", push.pk, part.order, at, part.brand)


def _name(push: OrderPush, one: Sent) -> str:
    return f"{push.stockroom_id}:{one.id}"


def _ship(push: OrderPush, one: Sent, at: datetime) -> Parcel | None:
    """Note a parcel, with as much of it as is still to be sent here; None where nothing is."""
    part = BrandOrder.objects.select_related("order").get(pk=push.brand_order_id)
    left = parcels.unsent(part)
    here = Stocked.objects.filter(
        stockroom=push.stockroom_id, variant__in=[line.variant_id for line in left]
    )
    names = dict(here.values_list("variant", "external_id"))
    open_there = None if one.pieces is None else dict(one.pieces)
    quantities = {}
    for line, count in left.items():
        name = names.get(line.variant_id)
        if name is None:
            continue
        taken = count if open_there is None else min(count, open_there.get(name, 0))
        if open_there is not None and taken:
            open_there[name] -= taken
        if taken:
            quantities[line.pk] = taken
    if not quantities:
        return None
    return parcels.ship(part, at, _tracking(one), quantities, external_id=_name(push, one))


def _tracking(one: Sent) -> parcels.Tracking:
    try:
        is_web_address(one.url)
    except ValidationError:
        return parcels.Tracking(one.carrier, one.code)
    return parcels.Tracking(one.carrier, one.code, one.url)


def _follow(parcel: Parcel, one: Sent, at: datetime) -> bool:
    """Take over how a parcel can be followed now; who read that it left is told, once."""
    found = _tracking(one)
    before = (parcel.carrier, parcel.code, parcel.track_url)
    after = (found.carrier, found.code, found.url)
    if before == after or not (found.code or found.url):
        return False
    parcel.carrier, parcel.code, parcel.track_url = after
    parcel.save(update_fields=["carrier", "code", "track_url"])
    if found.url:
        BrandOrder.objects.filter(pk=parcel.brand_order_id, track_url=before[2]).update(
            track_url=found.url
        )
    if OrderLetter.objects.filter(kind="shipped", about=parcel.pk, sent_at__isnull=False).exists():
        letters.write("tracking", parcel.pk, parcel.brand_order.order, at)
    return True


def _take_back(parcel: Parcel | None, at: datetime) -> int:
    """Take back a parcel that was taken back there: that it arrived, then that it left."""
    done = 0
    while parcel is not None:
        try:
            parcel = mistakes.undo_parcel(parcel, None, at)
        except mistakes.TooLate:
            logger.info("parcel %s stays: it was taken back there too late", parcel)
            break
        done += 1
    return done
