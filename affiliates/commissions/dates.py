"""When a commission is due: counted in calendar days, and never in a night that has begun."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max, Q

from affiliates import offerdays, promises
from affiliates.clock import PAUSED, local_day, midnight
from affiliates.commissions.rows import OPEN
from affiliates.locks import Lock
from affiliates.models import Collaboration, Commission, Link, SettlementRun
from shop.models import BrandOrder, Dispute, Order

Kind = Commission.Kind
NOBODY_REPORTS_DAYS = 45  # after payment, when no delivery is ever reported


def due(
    paid_at: datetime, delivered_at: datetime | None, hold_days: int, paused: bool = False
) -> datetime:
    """Return when a commission is due: 00:00 local, counted in calendar days.

    `hold_days` after delivery, or 45 after payment if nobody reports one; PAUSED while a
    return, a trouble or a dispute is open.
    """
    if paused:
        return PAUSED
    if delivered_at is None:
        return midnight(local_day(paid_at) + timedelta(days=NOBODY_REPORTS_DAYS))
    return midnight(local_day(delivered_at) + timedelta(days=hold_days))


def hold_days(deal: Collaboration | None, link: Link | None, order: Order) -> int:
    """Return how many days after delivery a sale clears: as it stood when it was paid."""
    if deal is None:
        return 15
    return offerdays.hold(deal, order.paid_at, promises.taken(link) if link else None)


def lock_out_new_runs() -> datetime | None:
    """Keep new runs waiting until this transaction ends; return the newest cutoff so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [Lock.RUN])
    return SettlementRun.objects.aggregate(newest=Max("cutoff"))["newest"]


def late(computed: datetime) -> datetime:
    """Return `computed`, or the newest cutoff so far if that is later."""
    newest = lock_out_new_runs()
    return max(computed, newest) if newest else computed


def final_at(order: Order) -> dict[int, datetime]:
    """Return when the sale of each line is due, by line id: then it is final."""
    sales = Commission.objects.live().filter(kind=Kind.SALE, order_line__brand_order__order=order)
    return dict(sales.values_list("order_line_id", "due_at"))


def is_paused(part: BrandOrder) -> bool:
    """Say whether a return or a trouble of this part, or a dispute of its order, is open."""
    open_ = [Dispute.State.OPEN, Dispute.State.WITHDRAWN]
    return (
        part.returns.filter(closed_at=None).exists()
        or part.troubles.open().exists()
        or Dispute.objects.filter(order_id=part.order_id, state__in=open_).exists()
    )


@transaction.atomic
def reschedule(part: BrandOrder) -> int:
    """Recompute when the unsettled commissions of one brand's part are due; return how many.

    A reversal moves with its sale, in one statement; after its sale is settled it is due
    whatever the delivery says.
    """
    paused = is_paused(part)
    open_ = (
        Commission.objects.filter(order_line__brand_order=part)
        .filter(state__in=OPEN)
        .filter(Q(kind=Kind.SALE) | Q(reverses__state__in=OPEN))
        .select_for_update(of=["self"])
        .order_by("id")
    )
    open_ = open_.select_related("collaboration", "link")
    open_ = open_.prefetch_related("collaboration__term_changes")
    days = {row.pk: hold_days(row.collaboration, row.link, part.order) for row in open_}
    moved = 0
    for own in set(days.values()):
        ids = [pk for pk, found in days.items() if found == own]
        at = late(due(part.order.paid_at, part.delivered_at, own, paused))
        moved += Commission.objects.filter(pk__in=ids).exclude(due_at=at).update(due_at=at)
    return moved
