"""What creators did lately, told to those who decide by it: the directory and enrolment.

Work is found, not remembered: an entry whose `sales_on` is another day is behind. Each batch is
one transaction, so a call that was killed is finished by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import connection

from affiliates import clock
from creators import directory, enrolment, peers
from creators.directory import SalesFacts
from creators.models import Creator, PeerFigure

WINDOW = timedelta(days=90)
BATCH = 2_000
AHEAD = 25 * BATCH  # are found at once: where few are behind, finding them reads the whole table

# Net of what went back. Other currencies than EUR are not added up: there is no rate.
FACTS = """
    SELECT asked.id, coalesce(sold.orders, 0), coalesce(sold.sales, 0),
           coalesce(clicked.clicks, 0), coalesce(sold.brands, 0),
           (sold.back * 10000 / nullif(sold.net, 0))::int
    FROM unnest(%(ids)s::bigint[]) AS asked (id)
    LEFT JOIN (
        SELECT c.creator_id, count(DISTINCT l.brand_order_id)::int AS orders,
               count(DISTINCT c.brand_id)::int AS brands,
               sum(l.net) FILTER (WHERE c.currency = 'EUR') AS net,
               sum(l.refunded + l.charged_back) FILTER (WHERE c.currency = 'EUR') AS back,
               (sum(l.net - l.refunded - l.charged_back)
                   FILTER (WHERE c.currency = 'EUR'))::bigint AS sales
        FROM affiliates_commission c
        JOIN shop_orderline l ON l.id = c.order_line_id
        WHERE c.creator_id = ANY(%(ids)s) AND c.kind = 'sale' AND c.state <> 'void'
          AND c.created_at > %(since)s AND c.created_at <= %(at)s
        GROUP BY c.creator_id
    ) sold ON sold.creator_id = asked.id
    LEFT JOIN (
        SELECT k.creator_id, sum(d.clicks)::int AS clicks
        FROM affiliates_link k JOIN affiliates_linkday d ON d.link_id = k.id
        WHERE k.creator_id = ANY(%(ids)s) AND d.day > %(since_on)s GROUP BY k.creator_id
    ) clicked ON clicked.creator_id = asked.id
"""
WEEKS = """
    SELECT k.creator_id, count(DISTINCT date_trunc('week', d.day::timestamp))::int
    FROM creators_creator c
    JOIN affiliates_link k ON k.creator_id = c.id
    JOIN affiliates_linkday d ON d.link_id = k.id AND d.clicks > 0
    WHERE c.status = %(pilot)s AND d.day <= %(on)s
    GROUP BY k.creator_id
"""


def facts(creator_ids: Sequence[int], at: datetime) -> list[SalesFacts]:
    """Return what each of these creators did in the 90 days before `at`, in one query."""
    since = at - WINDOW
    values = {
        "ids": list(creator_ids), "at": at, "since": since, "since_on": clock.local_day(since),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(FACTS, values)
        return [SalesFacts(*row) for row in cursor.fetchall()]


def record(creator_ids: Sequence[int], at: datetime) -> int:
    """Write the directory entries of these creators anew, with what they sold; return how many."""
    return directory.record(creator_ids, at, facts(creator_ids, at), clock.local_day(at))


def refresh(at: datetime, seconds: float | None = None) -> bool:
    """Bring every directory entry to the day of `at`; False when `seconds` ran out before that.

    What is usual among peers is counted first, once a day. The index of the search is not built
    here: it reads what changed since by itself, and has a task of its own.
    """
    begun, day = time.monotonic(), clock.local_day(at)
    if not PeerFigure.objects.filter(counted_on=day).exists():
        peers.refresh(at)
    for ids in batches(day):
        record(ids, at)
        if seconds is not None and time.monotonic() - begun > seconds:
            return False
    return True


def batches(day: date) -> Iterator[list[int]]:
    """Yield the creators whose entries are of another day, BATCH at a time."""
    last = 0
    while ids := directory.behind(day, AHEAD, last):
        yield from (ids[n : n + BATCH] for n in range(0, len(ids), BATCH))
        if len(ids) < AHEAD:
            return
        last = ids[-1]


def weeks_with_links(at: datetime) -> dict[int, int]:
    """Return in how many different weeks the links of each pilot were used."""
    with connection.cursor() as cursor:
        cursor.execute(WEEKS, {"pilot": Creator.Status.PILOT, "on": clock.local_day(at)})
        return dict(cursor.fetchall())


def redecide(at: datetime) -> tuple[int, int]:
    """Decide again on everyone who waits or is a pilot; return how many came in, how many rose."""
    came_in = enrolment.redecide_waiting(at)
    return len(came_in), len(enrolment.redecide_pilots(at, weeks_with_links(at)))
