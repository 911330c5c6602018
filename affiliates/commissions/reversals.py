"""What goes off again: a new signed row brings a line's commission to its target."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum

from affiliates import events
from affiliates.commissions.dates import late
from affiliates.models import Commission
from config.lib.money import half_up
from shop.models import DisputeLine, OrderLine, RefundLine

State, Kind = Commission.State, Commission.Kind


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
