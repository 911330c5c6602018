"""How commissions come to be: with the payment of what a creator sold, or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from affiliates import attribution, budgets, events, fraud
from affiliates.commissions.dates import due, hold_days, is_paused, late
from affiliates.models import Attribution, Collaboration, Commission, Link, RiskFlag
from config.lib.money import half_up
from creators import cases
from creators.models import Case, Creator
from shop.models import Order, OrderLine

State, Kind = Commission.State, Commission.Kind


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
        flag = fraud.flag(why[:32], creator, f"order:{order.pk}", evidence, at)
        if flag.state == RiskFlag.State.OPEN:
            return flag, None  # one that was let go before holds nothing again
    return fraud.flag_order(order, creator, at), None


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
