"""Writes what the rule decided: one Attribution per order line, never edited."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from django.db import transaction

from affiliates.attribution.facts import touches_by_line
from affiliates.attribution.rules import WINS, Line, Result, Touch, decide
from affiliates.models import Attribution
from shop.models import Order

MOMENTS = frozenset(f.name for f in fields(Touch) if "datetime" in f.type)


@transaction.atomic
def attribute(order: Order, at: datetime) -> list[Attribution]:
    """Record for every line of a paid order who earns it; return the rows, by line.

    Called in the order's transaction with its row locked. Lines that have a row keep
    it, so it may be called again. A row whose `hold_reason` is not empty becomes a
    commission that is held.
    """
    known = {
        row.order_line_id: row
        for row in Attribution.objects.filter(order_line__brand_order__order=order)
    }
    new = []
    for order_line, line, touches in touches_by_line(order, at):
        if order_line.pk not in known:
            new.append(row_of(order_line.pk, decide(line, touches), line, at))
    for row in Attribution.objects.bulk_create(new):
        known[row.order_line_id] = row
    return [known[pk] for pk in sorted(known)]


def row_of(order_line_id: int, result: Result, line: Line, at: datetime) -> Attribution:
    won = result.winner
    return Attribution(
        order_line_id=order_line_id,
        link_id=won.link_id if won else None,
        code_id=won.code_id if won else None,
        creator_id=won.creator_id if won else None,
        collaboration_id=won.collaboration_id if won else None,
        clicked_at=won.clicked_at if won else None,
        expires_at=result.expires_at,
        rate_bp=result.rate_bp,
        rule=result.rule,
        touches=[
            to_json(touch) | _verdict(touch, reason, result, line)
            for touch, reason in result.touches
        ],
        created_at=at,
    )


def _verdict(touch: Touch, reason: str | None, result: Result, line: Line) -> dict[str, Any]:
    verdict: dict[str, Any] = {
        "link": touch.link_id,
        "creator": touch.creator_id,
        "excluded_by": reason,
        "product": line.product_id,
        "placed_at": line.placed_at.isoformat(),
        "paid_at": line.paid_at.isoformat(),
        "own_purchase": line.buyer_id is not None and line.buyer_id == touch.creator_user_id,
    }
    if line.own_claim_at:
        verdict["own_claim_at"] = line.own_claim_at.isoformat()
    if reason is None and result.hold:
        verdict["hold"] = result.hold
    return verdict


def to_json(touch: Touch) -> dict[str, Any]:
    """Return every fact of `touch`, moments as ISO 8601; users stay out of the receipt."""
    facts = {k: v for k, v in asdict(touch).items() if k != "creator_user_id"}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in facts.items()}


def replay(row: Attribution) -> Result:
    """Decide again from the stored touches alone; gives the stored winner."""
    line_brand = row.order_line.brand_order.brand_id
    touches, line = [], None
    for stored in row.touches:
        facts = {f.name: stored[f.name] for f in fields(Touch) if f.name in stored}
        facts = {
            name: datetime.fromisoformat(value) if name in MOMENTS and value else value
            for name, value in facts.items()
        }
        # Users are not stored; the same purchaser is told apart by a mark of her own.
        touches.append(Touch(**facts, creator_user_id=-1 if stored["own_purchase"] else None))
        claimed = stored.get("own_claim_at")
        line = Line(
            brand_id=line_brand,
            product_id=stored["product"],
            placed_at=datetime.fromisoformat(stored["placed_at"]),
            paid_at=datetime.fromisoformat(stored["paid_at"]),
            buyer_id=-1,
            own_claim_at=datetime.fromisoformat(claimed) if claimed else None,
        )
    if line is None:
        return Result(None, row.rule, ())
    return decide(line, touches)


def hold_reason(row: Attribution) -> str:
    """Return why this line's commission must be held, or nothing."""
    if row.rule not in WINS:
        return ""
    return next((t.get("hold", "") for t in row.touches if t["excluded_by"] is None), "")
