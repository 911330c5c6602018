"""What a creator sees of her commissions: each with its state, dates, rate and receipt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from affiliates import clock, funding, holds, payday
from affiliates.fraud import words
from affiliates.labels import rule_label, step_label
from affiliates.models import Attribution, Commission, Payout, PayoutClaim, SettlementLine
from config.lib.http import whole
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


@dataclass(frozen=True)
class Step:
    """One step of a sale on its way to her bank: its words, its day if known, done or to come."""

    label: str
    day: date | None
    done: bool


@dataclass
class Row:
    """A sale or adjustment with what became of it; amounts in minor units."""

    commission: Commission
    back: int = 0  # signed sum of its live reversals
    back_on: date | None = None  # the day of the newest of them
    paid_at: datetime | None = None
    pays_on: date | None = None
    waits_for: str = ""  # the brand that must cover it first
    rule: str = ""
    touches: list[Competitor] = field(default_factory=list)
    contest: Case | None = None
    today: date = field(default_factory=lambda: clock.local_day(timezone.now()))

    @property
    def left(self) -> int:
        return self.commission.amount + self.back

    @property
    def held_for(self) -> str:
        """What was found that holds it, in words."""
        return held_for(self.commission)

    @property
    def lifts_on(self) -> date | None:
        """The day on which the flag lifts if nobody decides."""
        return lifts_on(self.commission)

    @property
    def is_carried(self) -> bool:
        """Whether we can pay its currency out."""
        return payday.is_carried(self.commission.currency)

    @property
    def clears_on(self) -> date | None:
        """The night that settles it; None while a return or dispute is open."""
        if self.commission.due_at >= clock.PAUSED:
            return None
        return clock.local_day(self.commission.due_at)

    @property
    def steps(self) -> list[Step]:
        """Bought, delivered, may come back until, clears, is paid; what is to come is dated too."""
        sale = self.commission
        is_settled = sale.state == Commission.State.SETTLED
        found = [("bought", clock.local_day(sale.created_at), True)]
        if sale.order_line_id:
            delivered = sale.order_line.brand_order.delivered_at
            found.append(("delivered", delivered and clock.local_day(delivered), bool(delivered)))
            if delivered and self.clears_on:
                found.append(("window", self.clears_on - timedelta(days=1), is_settled))
        night = sale.settlement_line.run.night if is_settled else self.clears_on
        found.append(("settled", night, is_settled))
        if self.paid_at:
            found.append(("paid", clock.local_day(self.paid_at), True))
        elif not self.waits_for and self.is_carried:
            # what waited (for its brand, or for a balance that is enough) goes out on no past Friday
            after = max(night, self.today - timedelta(days=1)) if is_settled else night
            day = self.pays_on or (after and payday.friday_after(after, sale.currency))
            found.append(("paid", day, False))
        return [Step(step_label(name, done), day, done) for name, day, done in found]


def held_for(commission: Commission) -> str:
    """Return what was found that holds (or voided) a commission, in words; nothing without a flag."""
    flag = commission.flag
    return words.say(flag.rule, flag.evidence) if flag else ""


def lifts_on(commission: Commission) -> date | None:
    flag = commission.flag
    return clock.local_day(flag.opened_at + holds.FLAG_DAYS) if flag else None


def commissions_of(creator: Creator):
    return (
        Commission.objects.filter(creator=creator)
        .exclude(kind=Commission.Kind.REVERSAL)
        .select_related(
            "order_line__brand_order",
            "brand",
            "link",
            "settlement_line__run",
            "collaboration",
            "flag",
            "void_note",
        )
        .order_by("-created_at", "-id")
    )


def of_line(line: SettlementLine) -> QuerySet[Commission]:
    """Return the commissions that one night brought one creator from one brand."""
    found = line.commissions.filter(creator=line.creator_id).select_related(
        "order_line__brand_order__order", "brand", "link", "settlement_line__run", "collaboration",
        "creator", "reverses",
    )  # fmt: skip
    return found.order_by("id")


def in_state(creator: Creator, state: str) -> QuerySet[Commission]:
    """Return her sales and adjustments, newest first; all for a state that is none."""
    found = commissions_of(creator)
    return found.filter(state=state) if state in Commission.State.values else found


def page(creator: Creator, after: str = "", state: str = "") -> tuple[list[Row], str]:
    """Return the newest rows after the cursor, and the cursor of the next page or "".

    The cursor is a row's id: a moment in it would tell the second of a sale.
    """
    found = in_state(creator, state)
    last = commissions_of(creator).filter(pk=whole(after) or 0).first() if after else None
    if last is not None:
        at = last.created_at
        found = found.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=last.pk))
    rows = list(found[: PAGE + 1])
    shown = rows[:PAGE]
    cursor = str(shown[-1].pk) if len(rows) > PAGE else ""
    return with_facts(creator, shown), cursor


def with_facts(creator: Creator, commissions: Sequence[Commission]) -> list[Row]:
    """Add to commissions what came back, when they were paid and why they are hers; 6 queries."""
    ids = [row.pk for row in commissions]
    back: dict[int, int] = defaultdict(int)
    back_on: dict[int, date] = {}
    live = Commission.objects.filter(reverses__in=ids).live().order_by("created_at", "id")
    for sale_id, amount, at in live.values_list("reverses_id", "amount", "created_at"):
        back[sale_id] += amount
        back_on[sale_id] = clock.local_day(at)
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
        row.back_on = back_on.get(row.commission.pk)
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
        won = next((touch for touch in receipt.touches if not touch.get("excluded_by")), {})
        row.rule = rule_label(receipt.rule, won.get("via", ""))
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


# ------------------------------------------------------------ what is to come

SHOWN = 8  # nights of a forecast; the rest is summed


@dataclass(frozen=True)
class Expected:
    """What a night will settle in one currency, and the Friday on which that goes out, if it can.

    `unsure`: how many of it wait for a delivery and may settle earlier. The last row of a long
    forecast holds all that is later (`until`).
    """

    night: date
    pays_on: date | None
    currency: str
    amount: int
    count: int
    unsure: int
    until: date | None = None


FORECAST_SQL = """
    SELECT greatest((c.due_at AT TIME ZONE %(zone)s)::date, %(tonight)s), c.currency,
           sum(c.amount)::bigint, count(*),
           count(*) FILTER (WHERE p.id IS NOT NULL AND p.delivered_at IS NULL)
    FROM affiliates_commission c
    LEFT JOIN shop_orderline l ON l.id = c.order_line_id
    LEFT JOIN shop_brandorder p ON p.id = l.brand_order_id
    WHERE c.creator_id = %(creator)s AND c.state = 'pending' AND c.due_at < %(paused)s
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def forecast(creator: Creator, at: datetime) -> list[Expected]:
    """Return what her pending commissions will bring and when, as far as is known at `at`.

    What is held, or waits for a return or a dispute, has no date and is not in it.
    """
    values = {
        "zone": settings.MARKET_TIME_ZONE, "tonight": clock.local_day(at), "creator": creator.pk,
        "paused": clock.PAUSED,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(FORECAST_SQL, values)
        rows = [
            Expected(night, payday.friday_after(night, currency), currency, *rest)
            for night, currency, *rest in cursor.fetchall()
        ]
    found = rows[:SHOWN]
    for currency in sorted({row.currency for row in rows[SHOWN:]}):
        later = [row for row in rows[SHOWN:] if row.currency == currency]
        sums = [sum(getattr(row, name) for row in later) for name in ("amount", "count", "unsure")]
        last = later[-1]
        found.append(Expected(later[0].night, last.pays_on, currency, *sums, until=last.night))
    return found
