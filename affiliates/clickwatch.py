"""What the night finds in the clicks of the days that are over, and in what went back.

    run(at) -> Seen    look through each day once; hold what the findings concern

Each day's clicks are read in sets; the rules that judge them are pure (`affiliates.fraud.rules`).
A finding stays, so that what its clicks sell weeks later is held as well. Only pending
commissions are held, each by the flag of one finding and one creator; a second call changes
nothing, and what a person or the clock let go stays so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from affiliates import clicks, clock, commissions, fraud
from affiliates.fraud import rules
from affiliates.fraud.rules import Evidence
from affiliates.locks import Lock
from affiliates.models import ClickFinding, ClickScan
from creators.models import Creator

logger = logging.getLogger(__name__)
DAYS_BACK = 35  # days that were missed are looked through later, no further back than this
EARNS_FOR = timedelta(days=91)  # the longest window that a collaboration may have
RETURNS_BACK = timedelta(days=90)

# A click's id begins with its moment, so a day is a range of the primary key.
DAY = """
    c.uid >= %(first)s::uuid AND c.uid < %(last)s::uuid
    AND c.clicked_at >= %(since)s AND c.clicked_at < %(until)s
"""
BURSTS = f"""
    WITH hours AS (
        SELECT c.link_id, date_trunc('hour', c.clicked_at) AS hour,
               count(*) AS clicks, count(DISTINCT c.visitor) AS people
        FROM affiliates_click c WHERE {DAY} GROUP BY 1, 2
    ), usual AS (
        SELECT CASE WHEN count(DISTINCT link_id) >= %(peers)s THEN
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY clicks::float / people)
               END AS each, count(DISTINCT link_id) AS links
        FROM hours WHERE clicks >= 5
    )
    SELECT hour, ARRAY[link_id], clicks, people, usual.each, usual.links
    FROM hours, usual WHERE clicks >= %(clicks)s AND people <= %(people)s ORDER BY 1, 2
"""  # noqa: S608
VISITS = f"""
    WITH visits AS (
        SELECT date_trunc('hour', c.clicked_at) AS hour, c.visitor,
               array_agg(DISTINCT c.link_id) AS links, count(DISTINCT k.creator_id) AS creators,
               extract(epoch FROM max(c.clicked_at) - min(c.clicked_at)) AS seconds
        FROM affiliates_click c JOIN affiliates_link k ON k.id = c.link_id
        WHERE {DAY} GROUP BY 1, 2
    ), usual AS (
        SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY cardinality(links)) AS links,
               count(DISTINCT visitor) AS visitors
        FROM visits
    )
    SELECT hour, visits.links, visitor, creators, seconds, usual.links, usual.visitors
    FROM visits, usual
    WHERE cardinality(visits.links) >= %(links)s AND creators >= %(creators)s ORDER BY 1, 2
"""  # noqa: S608
PAID = f"""
    WITH days AS (
        SELECT c.link_id, count(DISTINCT c.visitor) AS people,
               count(DISTINCT c.visitor) FILTER (WHERE c.paid <> '') AS paid,
               array_agg(DISTINCT c.paid) FILTER (WHERE c.paid <> '') AS networks
        FROM affiliates_click c WHERE {DAY} GROUP BY 1
    ), usual AS (SELECT sum(paid)::float / nullif(sum(people), 0) AS share FROM days)
    SELECT ARRAY[link_id], people, paid, networks, usual.share
    FROM days, usual WHERE paid >= %(paid)s ORDER BY 1
"""  # noqa: S608
# The click that won is named in the receipt; its row says whose it was and whether it was paid.
SOLD = """
    SELECT f.id, s.creator_id, array_agg(s.id ORDER BY s.id)
    FROM affiliates_clickfinding f
    CROSS JOIN LATERAL unnest(f.links) AS through (link_id)
    JOIN affiliates_attribution a ON a.link_id = through.link_id
        AND a.clicked_at >= f.since AND a.clicked_at < f.until
    JOIN affiliates_commission s ON s.order_line_id = a.order_line_id
        AND s.kind = 'sale' AND s.state = 'pending'
    LEFT JOIN LATERAL (
        SELECT t ->> 'click' AS id FROM jsonb_array_elements(a.touches) t
        WHERE t ->> 'excluded_by' IS NULL AND t ->> 'click' ~ '^[A-Za-z0-9_-]{22}$' LIMIT 1
    ) won ON true
    LEFT JOIN affiliates_click c ON c.clicked_at = a.clicked_at
        AND c.uid = encode(decode(translate(won.id, '-_', '+/') || '==', 'base64'), 'hex')::uuid
    WHERE f.day >= %(oldest)s
        AND (f.visitor IS NULL OR c.visitor = f.visitor)
        AND (f.rule <> 'paid_ads' OR c.paid <> '')
    GROUP BY f.id, s.creator_id ORDER BY f.id, s.creator_id
"""
BACK = """
    WITH back AS (
        SELECT s.creator_id, s.brand_id, count(DISTINCT s.id) AS n
        FROM affiliates_commission r
        JOIN affiliates_commission s ON s.id = r.reverses_id
        WHERE r.reverses_id IS NOT NULL AND r.state <> 'void' AND r.amount < 0
            AND s.state = 'settled' AND s.created_at > %(since)s
            AND r.settlement_line_id IS DISTINCT FROM s.settlement_line_id
        GROUP BY 1, 2
    ), settled AS (
        SELECT s.creator_id, s.brand_id, count(*) AS n
        FROM affiliates_commission s
        WHERE s.brand_id IN (SELECT brand_id FROM back WHERE n >= %(least)s)
            AND s.kind = 'sale' AND s.state = 'settled' AND s.created_at > %(since)s
        GROUP BY 1, 2
    ), brands AS (
        SELECT brand_id, count(*) AS creators, sum(settled.n) AS settled,
               sum(coalesce(back.n, 0)) AS back
        FROM settled LEFT JOIN back USING (creator_id, brand_id) GROUP BY 1
    )
    SELECT back.creator_id, back.brand_id, settled.n, back.n, brands.creators - 1,
           (brands.settled - settled.n)::int, (brands.back - back.n)::int
    FROM back JOIN settled USING (creator_id, brand_id) JOIN brands USING (brand_id)
    WHERE back.n >= %(least)s ORDER BY 1, 2
"""
PENDING_OF = """
    SELECT id FROM affiliates_commission
    WHERE creator_id = %(creator)s AND brand_id = %(brand)s AND kind = 'sale' AND state = 'pending'
"""


@dataclass
class Seen:
    """What one call looked through, found and held."""

    days: int = 0
    findings: int = 0
    held: int = 0


def run(at: datetime) -> Seen:
    """Look through the days that are over, then hold what all findings concern."""
    seen = Seen()
    for day in days_to_see(at):
        seen.findings += look(day, at)
        seen.days += 1
    seen.held = hold_sold(at) + hold_returned(at)
    return seen


def days_to_see(at: datetime) -> list[date]:
    """Return the days over at `at` that were not looked through, oldest first.

    A day whose clicks still wait in the stream is left for the next call.
    """
    last = clock.last_night_over(at)
    first = last - timedelta(days=DAYS_BACK - 1)
    done = set(ClickScan.objects.filter(day__gte=first).values_list("day", flat=True))
    every = [first + timedelta(days=n) for n in range(DAYS_BACK)]
    waiting = clicks.lag()
    if waiting.seconds is None:
        logger.warning("clicks are not looked through: their Redis does not answer")
        return []
    drained = at - timedelta(seconds=waiting.seconds)
    return [day for day in every if day not in done and clock.cutoff_of(day) <= drained]


@transaction.atomic
def look(day: date, at: datetime) -> int:
    """Keep what one day's clicks show; return how many findings are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.CLICK_WATCH])
    if ClickScan.objects.filter(day=day).exists():
        return 0
    rows = ClickFinding.objects.bulk_create(
        (
            ClickFinding(
                rule=found.rule, day=day, since=since, until=until, links=sorted(links),
                visitor=visitor, evidence=found.as_json(), found_at=at,
            )
            for found, since, until, links, visitor in _found(day)
        ),
        batch_size=1_000,
        ignore_conflicts=True,
    )  # fmt: skip
    ClickScan.objects.create(day=day, version=rules.VERSION, found=len(rows), done_at=at)
    return len(rows)


Found = tuple[Evidence, datetime, datetime, list[int], bytes | None]


def _found(day: date) -> Iterator[Found]:
    since, until = clock.midnight(day), clock.cutoff_of(day)
    values = {"since": since, "until": until, "first": _uid_at(since), "last": _uid_at(until)}
    hour_long = timedelta(hours=1)
    wanted = {
        "clicks": rules.BURST_CLICKS, "people": rules.BURST_PEOPLE, "peers": rules.PEERS_LINKS
    }  # fmt: skip
    for hour, links, *facts in _rows(BURSTS, values | wanted):
        if found := rules.click_burst(rules.Hour(*facts)):
            yield found, hour, hour + hour_long, links, None
    wanted = {"links": rules.LINKS, "creators": rules.LINK_CREATORS}
    for hour, links, visitor, creators, seconds, *usual in _rows(VISITS, values | wanted):
        if found := rules.many_links(rules.Visit(len(links), creators, float(seconds), *usual)):
            yield found, hour, hour + hour_long, links, bytes(visitor)
    for links, people, paid, networks, share in _rows(PAID, values | {"paid": rules.PAID_PEOPLE}):
        facts = rules.Advertised(people, paid, tuple(networks), share)
        if found := rules.paid_ads(facts):
            yield found, since, until, links, None


def _uid_at(at: datetime) -> str:
    """Return the smallest uuid7 of that millisecond."""
    ms = f"{int(at.timestamp() * 1000):012x}"
    return f"{ms[:8]}-{ms[8:]}-0000-0000-000000000000"


def _rows(sql: str, values: dict[str, Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def hold_sold(at: datetime) -> int:
    """Hold the pending commissions whose clicks are in a finding; return how many."""
    sold = _rows(SOLD, {"oldest": clock.local_day(at - EARNS_FOR)})
    findings = ClickFinding.objects.in_bulk({finding for finding, _creator, _ids in sold})
    people = Creator.objects.in_bulk({creator for _finding, creator, _ids in sold})
    held = 0
    for pk, creator, ids in sold:
        finding = findings[pk]
        evidence = Evidence(finding.rule, finding.evidence["measured"], finding.evidence["usual"])
        about = f"link:{finding.links[0]}" if finding.visitor is None else f"finding:{pk}"
        held += _hold(evidence, people[creator], about, [pk], ids, at)
    return held


def hold_returned(at: datetime) -> int:
    """Hold what is pending of a creator and a brand to whom settled sales go back."""
    values = {"since": at - RETURNS_BACK, "least": rules.BACK_LINES}
    held = 0
    for creator, brand, *facts in _rows(BACK, values):
        returns = rules.Returns(*facts)
        found = rules.came_back(returns)
        if found is None:
            continue
        ids = [pk for (pk,) in _rows(PENDING_OF, {"creator": creator, "brand": brand})]
        # Let go once, it is looked at again when as many more came back.
        key = [brand, returns.back // rules.BACK_LINES]
        person = Creator.objects.get(pk=creator)
        held += _hold(found, person, f"brand:{brand}", key, ids, at) if ids else 0
    return held


@transaction.atomic
def _hold(
    found: Evidence, creator: Creator, subject: str, key: list[Any], ids: list[int], at: datetime
) -> int:
    row = fraud.open_flag(found, creator, subject, key, at)
    return commissions.hold(ids, flag=row) if row else 0
