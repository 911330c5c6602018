"""What a creator has in each currency: pending, cleared, on its way, paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from affiliates import clock, payday
from affiliates.dashboards.query import rows_of
from creators.models import Creator


@dataclass(frozen=True, slots=True)
class Purse:
    """What one creator has in one currency, and where it stands."""

    currency: str
    today: int
    pending: int
    held: int
    cleared: int
    on_its_way: int
    paid: int
    paid_since: datetime | None

    @property
    def is_carried(self) -> bool:
        """Whether we can pay it out."""
        return payday.is_carried(self.currency)


PURSES = """
    with moved as (
        select currency, sum(amount) filter (where kind = 'sale' and created_at >= %(today)s
                                             and state <> 'void') as today,
               sum(amount) filter (where state = 'pending') as pending,
               sum(amount) filter (where state = 'held') as held
        from affiliates_commission where creator_id = %(creator)s group by currency
    ), cleared as (
        select l.currency, sum(l.amount) as amount
        from affiliates_settlementline l
        where l.creator_id = %(creator)s and not exists (
            select from affiliates_payoutclaim c where c.line_id = l.id and c.released_at is null)
        group by l.currency
    ), paid as (
        select currency, sum(amount) filter (where state = 'paid') as paid,
               sum(amount) filter (where state in ('pending', 'processing')) as open,
               min(paid_at) filter (where state = 'paid') as since
        from affiliates_payout where creator_id = %(creator)s group by currency
    )
    select m.currency, coalesce(m.today, 0), coalesce(m.pending, 0), coalesce(m.held, 0),
           coalesce(c.amount, 0), coalesce(p.open, 0), coalesce(p.paid, 0), p.since
    from moved m left join cleared c using (currency) left join paid p using (currency)
    order by coalesce(p.paid, 0) + coalesce(c.amount, 0) + coalesce(m.pending, 0) desc, m.currency
"""


def purses_of(creator: Creator, at: datetime) -> list[Purse]:
    """Return a creator's money per currency, most first; an empty purse for a new creator."""
    values = {"creator": creator.pk, "today": clock.midnight(clock.local_day(at))}
    rows = [
        Purse(row[0], *(int(amount) for amount in row[1:7]), row[7])
        for row in rows_of(PURSES, values)
    ]
    return rows or [Purse("EUR", 0, 0, 0, 0, 0, 0, None)]
