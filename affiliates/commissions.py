"""What creators earn on order lines: born when paid, reversed by cumulative target.

Amounts never change; a correction is a new signed row. Whatever becomes pending late is
due in a night that is still to come (`late`). The rules as tables: docs/money.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Max, Q, Sum
from django.utils.translation import gettext as _

from affiliates import attribution, budgets, events, fraud, offerdays, promises
from affiliates.clock import PAUSED, local_day, midnight
from affiliates.locks import Lock
from affiliates.models import (
    Attribution,
    Collaboration,
    Commission,
    Link,
    RiskFlag,
    SettlementRun,
    VoidNote,
)
from config.lib.money import half_up
from creators import cases
from creators.models import Case, Creator
from shop.models import BrandOrder, Dispute, DisputeLine, Order, OrderLine, RefundLine

State, Kind = Commission.State, Commission.Kind
OPEN = (State.PENDING, State.HELD)

NOBODY_REPORTS_DAYS = 45  # after payment, when no delivery is ever reported


class NotHeld(Exception):
    """A commission is not in the state that this change starts from."""


# ------------------------------------------------------------------ when it is due


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


# ------------------------------------------------------------------ born


@transaction.atomic
def bear(order: Order, rows: Sequence[Attribution], at: datetime) -> int:
    """Make the commission of each line that a creator sold; return how many are new.

    What the budget of its collaboration has no room for is born void: it earns nothing, never a
    part, and its reason says so.
    `rows` are the order's attributions. Safe to repeat: a line earns once, and what was
    made void stays void.
    """
    known = Commission.objects.filter(
        kind=Kind.SALE, order_line__in=[row.order_line_id for row in rows]
    )
    known = set(known.values_list("order_line_id", flat=True))
    won = [row for row in rows if row.creator_id and row.rate_bp and row.order_line_id not in known]
    creators = Creator.objects.select_related("user", "case").in_bulk(
        {row.creator_id for row in won}
    )
    deals = Collaboration.objects.prefetch_related("term_changes").in_bulk(
        {row.collaboration_id for row in won}
    )
    taken = Link.objects.in_bulk({row.link_id for row in won if row.link_id})
    lines = OrderLine.objects.select_related("brand_order").in_bulk(
        {row.order_line_id for row in won}
    )
    room = budgets.rooms(deals.values(), order.currency)
    born = []
    for row in won:
        creator, line = creators[row.creator_id], lines[row.order_line_id]
        if order.buyer_id and order.buyer_id == creator.user_id:
            continue  # nobody earns on what she buys herself
        flag, case = reason_to_hold(order, row, creator, at)
        part = line.brand_order
        deal = deals[row.collaboration_id]
        amount = half_up(line.net, row.rate_bp)
        days = hold_days(deal, taken.get(row.link_id), order)
        why_not = room.take(deal.pk, amount, at)
        state = State.HELD if flag or case else State.PENDING
        born.append(
            Commission(
                kind=Kind.SALE,
                state=State.VOID if why_not else state,
                reason=why_not,
                creator=creator,
                brand_id=part.brand_id,
                collaboration=deal,
                link_id=row.link_id,
                order_line=line,
                base=line.net,
                rate_bp=row.rate_bp,
                amount=amount,
                currency=order.currency,
                due_at=late(due(order.paid_at, part.delivered_at, days, is_paused(part))),
                flag=flag,
                case=case,
                created_at=at,
            )
        )
    before = Commission.objects.filter(order_line__in=lines).count()
    Commission.objects.bulk_create(born, ignore_conflicts=True)
    made = Commission.objects.filter(order_line__in=lines).values_list("pk", "kind")
    events.tell(events.BORN, [pk for pk, kind in made if kind == Kind.SALE], at)
    return len(made) - before


def reason_to_hold(
    order: Order, row: Attribution, creator: Creator, at: datetime
) -> tuple[RiskFlag | None, Case | None]:
    """Return the flag or case that holds what `creator` earns on `order`, if any."""
    if creator.status in {Creator.Status.SUSPENDED, Creator.Status.CLOSED} and creator.case:
        if not cases.is_final(creator.case, at):
            return None, creator.case  # until then; what she earned is paid in the end
    elif why := attribution.hold_reason(row):
        evidence = {"order": order.pk, "creator": creator.pk}
        return fraud.flag(why[:32], creator, f"order:{order.pk}", evidence, at), None
    return fraud.flag_order(order, creator, at), None


# ------------------------------------------------------------------ reversed


def reversal(net: int, gone: int, rate_bp: int, standing: int) -> int:
    """Return what brings a line's commission to its target; 0 when it is there.

    `gone` is refunded plus charged back, part of `net`; `standing` the sum of the line's
    live sale and reversals.
    """
    return half_up(net - gone, rate_bp) - standing


@transaction.atomic
def reverse(cause: RefundLine | DisputeLine, at: datetime) -> Commission | None:
    """Correct the commission of one line after a refund, a dispute or its winning.

    While its sale is unsettled the correction shares its state, flag and due date;
    afterwards it is pending and due now. Safe to repeat.
    """
    if cause.order_line_id is None:
        return None  # shipping earns nothing
    sale = (
        Commission.objects.select_for_update(of=["self"])
        .filter(order_line_id=cause.order_line_id, kind=Kind.SALE)
        .exclude(state=State.VOID)
        .first()
    )
    if sale is None:
        return None
    line = OrderLine.objects.get(pk=cause.order_line_id)
    standing = Commission.objects.live().filter(Q(pk=sale.pk) | Q(reverses=sale))
    amount = reversal(
        sale.base,
        line.refunded + line.charged_back,
        sale.rate_bp,
        standing.aggregate(sum=Sum("amount"))["sum"],
    )
    if amount == 0:
        return None
    open_ = sale.state != State.SETTLED
    is_refund = isinstance(cause, RefundLine)
    made = Commission.objects.create(
        kind=Kind.REVERSAL,
        state=sale.state if open_ else State.PENDING,
        creator_id=sale.creator_id,
        brand_id=sale.brand_id,
        collaboration_id=sale.collaboration_id,
        link_id=sale.link_id,
        order_line=line,
        refund_line=cause if is_refund else None,
        dispute_line=None if is_refund else cause,
        reverses=sale,
        rate_bp=sale.rate_bp,
        amount=amount,
        currency=sale.currency,
        due_at=late(sale.due_at if open_ else at),
        flag_id=sale.flag_id if open_ else None,
        case_id=sale.case_id if open_ else None,
        created_at=at,
    )
    events.tell(events.REVERSED, [made.pk], at)
    return made


# ------------------------------------------------------------------ held, released, void


def _with_reversals(ids: Iterable[int], *states: str) -> list[Commission]:
    """Lock sales and the unsettled reversals that move with them, in one order.

    A reversal moves with its sale as long as that is unsettled, and by itself afterwards.
    """
    ids = list(ids)
    rows = Commission.objects.filter(state__in=states).filter(
        Q(pk__in=ids, reverses=None)
        | Q(pk__in=ids, reverses__state=State.SETTLED)
        | Q(reverses__in=ids, reverses__state__in=states)
    )
    return list(rows.select_for_update(of=["self"]).order_by("id"))


@transaction.atomic
def hold(ids: Iterable[int], *, flag: RiskFlag | None = None, case: Case | None = None) -> int:
    """Hold pending commissions for a flag or a case; return how many rows it holds."""
    if flag is None and case is None:
        raise ValueError("a hold needs a flag or a case")
    rows = _with_reversals(ids, State.PENDING)
    return Commission.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.HELD, flag=flag, case=case
    )


def pass_on(flag: RiskFlag, case: Case) -> int:
    """Let a case hold, in place of a flag, what the flag holds of the same creator."""
    held = Commission.objects.filter(flag=flag, state=State.HELD, creator=case.creator_id)
    return held.update(flag=None, case=case)


@transaction.atomic
def release(ids: Iterable[int]) -> int:
    """Let held commissions go on, due in a night that is still to come."""
    newest = lock_out_new_runs()
    rows = _with_reversals(ids, State.HELD)
    for row in rows:
        row.state, row.flag, row.case = State.PENDING, None, None
        row.due_at = max(row.due_at, newest) if newest else row.due_at
    Commission.objects.bulk_update(rows, ["state", "flag", "case", "due_at"])
    return len(rows)


@transaction.atomic
def void(
    ids: Iterable[int],
    note: str = "",
    by: AbstractBaseUser | None = None,
    at: datetime | None = None,
) -> int:
    """Void unsettled commissions with their reversals; what is settled needs an adjustment.

    A reversal of a settled sale stays: the shopper has her money back. Whoever is `by` says why
    in a `note`, which the creator reads.
    """
    rows = _with_reversals(ids, State.PENDING, State.HELD)
    sales = {row.pk for row in rows if row.kind == Kind.SALE}
    rows = [row for row in rows if row.reverses_id is None or row.reverses_id in sales]
    if Commission.objects.filter(reverses__in=sales, state=State.SETTLED).exists():
        raise NotHeld(_("A reversal of this sale is settled: write an adjustment."))
    if by is not None:
        VoidNote.objects.bulk_create(
            VoidNote(commission=row, reason=note.strip()[:300], by=by, at=at) for row in rows
        )
    return Commission.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.VOID)


@transaction.atomic
def earn_again(ids: Iterable[int], at: datetime) -> int:
    """Write sales that were made void anew, as pending; return how many.

    What went back meanwhile goes off again. A line that earns already is left alone. What the
    budget of its offer has no room for any more earns nothing, and says so.
    """
    gone = Commission.objects.filter(pk__in=list(ids), kind=Kind.SALE, state=State.VOID)
    live = Commission.objects.live().filter(kind=Kind.SALE).values("order_line")
    rows = (
        gone.exclude(order_line__in=live)
        .select_related("order_line__brand_order__order", "collaboration", "link")
        .prefetch_related("collaboration__term_changes")
    )
    rows = list(rows.order_by("pk"))
    # all locks at once and in the order that `bear` takes them in
    deals = {row.collaboration_id: row.collaboration for row in rows}.values()
    budgets.rooms(deals, "")
    done = 0
    for old in rows:
        part = old.order_line.brand_order
        days = hold_days(old.collaboration, old.link, part.order)
        room = budgets.rooms([old.collaboration], old.currency)
        why_not = room.take(old.collaboration_id, old.amount, at)
        if why_not and gone_for(old.order_line_id, why_not):
            continue  # she reads it already
        made = Commission.objects.create(
            state=State.VOID if why_not else State.PENDING, reason=why_not,
            kind=Kind.SALE, creator_id=old.creator_id, brand_id=old.brand_id,
            collaboration_id=old.collaboration_id, link_id=old.link_id, order_line=old.order_line,
            base=old.base, rate_bp=old.rate_bp, amount=old.amount, currency=old.currency,
            due_at=late(due(part.order.paid_at, part.delivered_at, days, is_paused(part))),
            created_at=at,
        )  # fmt: skip
        events.tell(events.BORN, [made.pk], at)
        if why_not:
            continue
        causes = [
            *RefundLine.objects.filter(order_line=old.order_line).order_by("-pk")[:1],
            *DisputeLine.objects.filter(order_line=old.order_line).order_by("-pk")[:1],
        ]
        if causes:
            reverse(causes[0], at)  # by target: one row stands for all that went back
        done += 1
    return done


def gone_for(order_line_id: int, reason: str) -> bool:
    """Say whether a line has a sale that was born void for this reason."""
    rows = Commission.objects.filter(order_line=order_line_id, kind=Kind.SALE, state=State.VOID)
    return rows.filter(reason=reason).exists()


@transaction.atomic
def adjust(
    creator: Creator, brand_id: int, amount: int, currency: str, reason: str, at: datetime
) -> Commission:
    """Write a signed correction by hand, settled with the next night."""
    if amount == 0 or not reason.strip():
        raise ValueError("an adjustment needs an amount and a reason")
    made = Commission.objects.create(
        kind=Kind.ADJUSTMENT,
        creator=creator,
        brand_id=brand_id,
        amount=amount,
        currency=currency,
        reason=reason.strip()[:300],
        due_at=late(at),
        created_at=at,
    )
    events.tell(events.BORN, [made.pk], at)
    return made
