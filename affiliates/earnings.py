"""What a creator sees of her commissions: each with its state, dates, rate and receipt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from affiliates import clock, funding
from affiliates.labels import rule_label
from affiliates.models import Attribution, Commission, Payout, PayoutClaim
from creators import cases
from creators.models import Case, Creator

PAGE = 25


@dataclass(frozen=True)
class Competitor:
    """One touch of a receipt: her own in full, another creator's as rule and day only."""

    is_own: bool
    day: date | None
    code: str
    label: str
    won: bool


@dataclass
class Row:
    """A sale or adjustment with what became of it; amounts in minor units."""

    commission: Commission
    back: int = 0  # signed sum of its live reversals
    paid_at: datetime | None = None
    pays_on: date | None = None
    waits_for: str = ""  # the brand that must cover it first
    rule: str = ""
    touches: list[Competitor] = field(default_factory=list)
    contest: Case | None = None

    @property
    def left(self) -> int:
        return self.commission.amount + self.back

    @property
    def clears_on(self) -> date | None:
        """The night that settles it; None while a return or dispute is open."""
        if self.commission.due_at >= clock.PAUSED:
            return None
        return clock.local_day(self.commission.due_at)


def commissions_of(creator: Creator):
    return (
        Commission.objects.filter(creator=creator)
        .exclude(kind=Commission.Kind.REVERSAL)
        .select_related(
            "order_line__brand_order", "brand", "link", "settlement_line__run", "collaboration"
        )
        .order_by("-created_at", "-id")
    )


def page(creator: Creator, after: str = "", state: str = "") -> tuple[list[Row], str]:
    """Return the newest rows after the cursor, and the cursor of the next page or ""."""
    found = commissions_of(creator)
    if state in Commission.State.values:
        found = found.filter(state=state)
    moment, _sep, last = after.partition("~")
    at = parse_datetime(moment) if moment else None
    if at is not None and at.tzinfo and last.isascii() and last.isdigit():
        found = found.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=int(last[:18])))
    rows = list(found[: PAGE + 1])
    shown = rows[:PAGE]
    cursor = f"{shown[-1].created_at.isoformat()}~{shown[-1].pk}" if len(rows) > PAGE else ""
    return with_facts(creator, shown), cursor


def with_facts(creator: Creator, commissions: Sequence[Commission]) -> list[Row]:
    """Add to commissions what came back, when they were paid and why they are hers; 6 queries."""
    ids = [row.pk for row in commissions]
    back: dict[int, int] = defaultdict(int)
    live = Commission.objects.filter(reverses__in=ids).live()
    for sale_id, amount in live.values_list("reverses_id", "amount"):
        back[sale_id] += amount
    lines = [row.settlement_line_id for row in commissions if row.settlement_line_id]
    claims = {
        claim.line_id: claim.payout
        for claim in PayoutClaim.objects.filter(line__in=lines, released_at=None).select_related(
            "payout__batch"
        )
    }
    waiting = funding.waiting_lines(creator.pk)
    receipts = {
        row.order_line_id: row
        for row in Attribution.objects.filter(
            order_line__in=[c.order_line_id for c in commissions if c.order_line_id]
        )
    }
    contested = cases.contests(creator, [subject_of(c) for c in commissions])
    rows = [
        _row(creator, c, back[c.pk], claims.get(c.settlement_line_id), waiting, receipts)
        for c in commissions
    ]
    for row in rows:
        row.contest = contested.get(subject_of(row.commission))
    return rows


def subject_of(commission: Commission) -> str:
    """Return how a case names a commission."""
    return f"commission:{commission.pk}"


def _row(
    creator: Creator,
    commission: Commission,
    back: int,
    payout: Payout | None,
    waiting: dict[int, str],
    receipts: dict[int, Attribution],
) -> Row:
    row = Row(commission, back)
    if payout:
        row.paid_at = payout.paid_at
        row.pays_on = payout.batch.pay_on
    elif commission.settlement_line_id:
        row.waits_for = waiting.get(commission.settlement_line_id, "")
    receipt = receipts.get(commission.order_line_id)
    if receipt:
        row.rule = rule_label(receipt.rule)
        row.touches = [_competitor(creator, touch) for touch in receipt.touches]
    return row


def _competitor(creator: Creator, touch: dict) -> Competitor:
    own = touch.get("creator_id", touch.get("creator")) == creator.pk
    clicked = parse_datetime(touch.get("clicked_at") or "")
    excluded = touch.get("excluded_by")
    return Competitor(
        is_own=own,
        day=clock.local_day(clicked) if clicked else None,
        code=touch.get("code", "") if own else "",
        label=rule_label(excluded) if excluded else "",
        won=not excluded,
    )
