"""Marks that were set by mistake: sent, arrived, delivered. The newest may be taken back for a day.

Only as long as nothing followed from it: no withdrawal, trouble, refund or dispute. What it
moved moves back with it: the shopper's return period, and when the commission is due.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max, Subquery
from django.db.models.functions import Greatest

from shop import letters, orders, parcels, signals
from shop.models import BrandOrder, Dispute, OrderLetter, Parcel, ParcelUndone, Refund

WITHIN = timedelta(hours=24)


class TooLate(Exception):
    """Something followed from the mark, or it is older than a day."""


def undoable(
    part: BrandOrder, sent: Iterable[Parcel], at: datetime, *, there: bool = False
) -> set[int | None]:
    """Return the parcels, by id, whose newest mark may be taken back; None: that all arrived.

    What a shop elsewhere sent is taken back `there`, and nowhere else.
    """
    if part.order.own_shop:
        return set()
    marks: dict[int | None, datetime] = {
        parcel.pk: parcel.delivered_at or parcel.shipped_at
        for parcel in sent
        if bool(parcel.external_id) == there
    }
    if part.delivered_at:
        marks = {None: part.delivered_at}
    fresh = {key: mark for key, mark in marks.items() if at - mark <= WITHIN}
    if not fresh:
        return set()
    newest = _newest_consequence(part)
    return {key for key, mark in fresh.items() if newest is None or newest < mark}


def _newest_consequence(part: BrandOrder) -> datetime | None:
    newest = [
        part.returns.order_by("-asked_at").values("asked_at"),
        part.troubles.order_by("-asked_at").values("asked_at"),
        Refund.objects.filter(lines__brand_order=part).order_by("-created_at").values("created_at"),
        Dispute.objects.filter(order=part.order_id).order_by("-opened_at").values("opened_at"),
    ]
    rows = BrandOrder.objects.filter(pk=part.pk)
    return rows.values_list(Greatest(*(Subquery(one[:1]) for one in newest)), flat=True).get()


@transaction.atomic
def undo_delivery(part: BrandOrder, at: datetime) -> None:
    """Take back that all of a part arrived; parcels that arrived before stay so. Raises TooLate."""
    part = _locked(part)
    if part.delivered_at is None or None not in undoable(part, (), at):
        raise TooLate(f"the delivery of {part}")
    part.parcels.filter(delivered_at=part.delivered_at).update(delivered_at=None)
    marked_at, part.delivered_at = part.delivered_at, None
    if part.shipped_at == marked_at:  # it may have been set by the same click
        part.shipped_at = None
        part.shipped_at = _left_at(part)
    part.save(update_fields=["delivered_at", "shipped_at"])
    _correct_delivered(part, at)
    orders.tell(signals.order_delivered, brand_order=part)


def _correct_delivered(part: BrandOrder, at: datetime) -> None:
    """Tear up the letter that all arrived; where it was posted, write another one.

    Either way the next one can be written when it really arrives.
    """
    told = OrderLetter.objects.filter(kind__in=["delivered", "assumed"], about=part.pk)
    posted = told.filter(sent_at__isnull=False).exists()
    told.delete()
    if posted:
        OrderLetter.objects.filter(kind="undelivered", about=part.pk).delete()
        letters.write("undelivered", part.pk, part.order, at)


def _left_at(part: BrandOrder) -> datetime | None:
    """Return when the last parcel left; None while something is still to be sent."""
    newest = part.parcels.aggregate(at=Max("shipped_at"))["at"]
    return None if newest is None or parcels.unsent(part) else newest


@transaction.atomic
def undo_parcel(parcel: Parcel, by: AbstractBaseUser | None, at: datetime) -> Parcel | None:
    """Take back that a parcel arrived, else that it left; return it, or None when it is gone.

    `by` None: the shop that sent it took it back.
    The shopper is told where she was told that it left. Raises TooLate.
    """
    part = _locked(parcel.brand_order)
    row = Parcel.objects.filter(pk=parcel.pk).first()
    there = by is None
    if row is None or part.delivered_at or row.pk not in undoable(part, [row], at, there=there):
        raise TooLate(f"parcel {parcel.pk} of {part}")
    if row.delivered_at:
        row.delivered_at = None
        row.save(update_fields=["delivered_at"])
        return row
    undone = ParcelUndone.objects.create(
        brand_order=part, carrier=row.carrier, code=row.code, shipped_at=row.shipped_at,
        undone_at=at, undone_by=by,
    )  # fmt: skip
    _correct(row, undone, at)
    row.delete()
    part.shipped_at = None
    part.track_url = (
        part.parcels.exclude(track_url="").values_list("track_url", flat=True).first() or ""
    )
    part.save(update_fields=["shipped_at", "track_url"])
    return None


def _correct(parcel: Parcel, undone: ParcelUndone, at: datetime) -> None:
    """Tear up the letter that tells of a parcel; where it was posted, write another one."""
    told = OrderLetter.objects.filter(kind__in=["shipped", "tracking"], about=parcel.pk)
    told.filter(sent_at=None).delete()
    if told.exists():
        letters.write("unshipped", undone.pk, undone.brand_order.order, at)


def _locked(part: BrandOrder) -> BrandOrder:
    orders.lock(part.order)
    return BrandOrder.objects.select_related("order").get(pk=part.pk)
