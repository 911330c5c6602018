"""What happens, told to the endpoints that asked to hear it: the outbox is written here.

    tell(kind, ids, at)          one statement in the caller's transaction, for any number of rows
    tell_settled(...)            the same for a shard of the night, where anybody hears of it

A message is written for subscribed endpoints only, with what it says as it is now; sending it is
the business of `deliveries`. The same fact told twice is one message, and its id follows from its
endpoint and name, so that it is the same even when a crash took the row. docs/webhooks.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_noop

from affiliates import clock

# What an endpoint can hear, in words; the second of each pair says who may.
BOTH, HERS = "both", "creator"
BORN, SETTLED, REVERSED = "commission.born", "commission.settled", "commission.reversed"
PAYOUT, DECISION, INVITATION = "payout.updated", "decision.made", "invitation.updated"
TEST = "endpoint.test"  # on request, to any endpoint
KINDS = {
    BORN: (gettext_noop("A commission is born: a sale, a fee or an adjustment"), BOTH),
    SETTLED: (gettext_noop("A commission is settled"), BOTH),
    REVERSED: (gettext_noop("A commission is corrected, because goods went back"), BOTH),
    PAYOUT: (gettext_noop("A payout is made, on its way, paid, or comes to nothing"), BOTH),
    INVITATION: (gettext_noop("An invitation or application is sent or answered"), BOTH),
    DECISION: (gettext_noop("We decided on your membership"), HERS),
}

BY_DAY = {BORN, SETTLED, REVERSED}  # creators hear these by the hour and read the day alone


def kinds_for(whose: str) -> list[str]:
    """Return what a `brand` or a `creator` may hear."""
    return [kind for kind, (_said, who) in KINDS.items() if who in (BOTH, whose)]


# Each returns rows (id, about, brand_id, creator_id, name, data, brand_data): `about` makes the
# subject, `name` ends the message's own name, `brand_data` is told to the brand alone. A creator
# reads days and no hours of a shopper, and no order.
_COMMISSION = """
    SELECT c.id, 'commission:' || coalesce(c.reverses_id, c.id) AS about, c.brand_id, c.creator_id,
           c.id::text AS name,
           jsonb_build_object(
               'commission', c.id, 'kind', c.kind, 'state', c.state,
               'brand', b.slug, 'creator', k.handle, 'collaboration', c.collaboration_id,
               'link', (SELECT l.code FROM affiliates_link l WHERE l.id = c.link_id),
               'amount', jsonb_build_object('amount', c.amount, 'currency', c.currency),
               'base', CASE WHEN c.base IS NOT NULL THEN
                   jsonb_build_object('amount', c.base, 'currency', c.currency) END,
               'rate_bp', c.rate_bp,
               'reverses', c.reverses_id,
               'earned_on', (c.created_at AT TIME ZONE %(zone)s)::date,
               'clears_on', CASE WHEN c.due_at < %(paused)s
                                 THEN (c.due_at AT TIME ZONE %(zone)s)::date END,
               'settled_on', (SELECT r.night FROM affiliates_settlementline s
                              JOIN affiliates_settlementrun r ON r.id = s.run_id
                              WHERE s.id = c.settlement_line_id)
           ) AS data,
           jsonb_build_object('order', (SELECT o.brand_order_id FROM shop_orderline o
                                        WHERE o.id = c.order_line_id)) AS brand_data
    FROM affiliates_commission c
    JOIN shop_brand b ON b.id = c.brand_id
    JOIN creators_creator k ON k.id = c.creator_id
"""
_PAYOUT = """
    SELECT p.id, 'payout:' || p.id AS about, p.brand_id, p.creator_id,
           p.id || ':' || p.state AS name,
           jsonb_build_object(
               'payout', p.id, 'state', p.state, 'reason', p.reason,
               'amount', jsonb_build_object('amount', p.amount, 'currency', p.currency),
               'vat', jsonb_build_object('amount', p.vat, 'currency', p.currency),
               'pay_on', b.pay_on, 'paid_at', {paid_at}
           ) AS data, '{{}}'::jsonb AS brand_data
    FROM affiliates_payout p JOIN affiliates_payoutbatch b ON b.id = p.batch_id
"""
_DECISION = """
    SELECT d.id, 'decision:' || d.creator_id AS about, NULL::bigint AS brand_id, d.creator_id,
           d.id::text AS name,
           jsonb_build_object(
               'decision', d.id, 'creator', k.handle, 'outcome', d.outcome,
               'by', CASE WHEN d.decided_by_id IS NULL THEN 'policy' ELSE 'person' END,
               'decided_at', {decided_at}
           ) AS data, '{{}}'::jsonb AS brand_data
    FROM creators_decision d JOIN creators_creator k ON k.id = d.creator_id
"""
_INVITATION = """
    SELECT p.id, 'invitation:' || p.id AS about, o.brand_id, p.creator_id,
           p.id || ':' || p.state || ':' || extract(epoch FROM p.asked_at)::bigint AS name,
           jsonb_build_object(
               'invitation', p.id, 'state', p.state, 'brand', b.slug, 'creator', k.handle,
               'collaboration', jsonb_build_object('id', o.id, 'name', o.name, 'kind', o.kind),
               'asked_by', CASE WHEN p.asked_by_creator THEN 'creator' ELSE 'brand' END,
               'asked_at', {asked_at}, 'answer_by', {answer_by}
           ) AS data, '{{}}'::jsonb AS brand_data
    FROM affiliates_participation p
    JOIN affiliates_collaboration o ON o.id = p.collaboration_id
    JOIN shop_brand b ON b.id = o.brand_id
    JOIN creators_creator k ON k.id = p.creator_id
"""


def _utc(column: str) -> str:
    """Return SQL for a moment as the API writes it: UTC, with a Z."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


TOLD = {
    BORN: _COMMISSION,
    SETTLED: _COMMISSION,
    REVERSED: _COMMISSION,
    PAYOUT: _PAYOUT.format(paid_at=_utc("p.paid_at")),
    DECISION: _DECISION.format(decided_at=_utc("d.decided_at")),
    INVITATION: _INVITATION.format(asked_at=_utc("p.asked_at"), answer_by=_utc("p.answer_by")),
}
ALIAS = {
    BORN: "c.id", SETTLED: "c.id", REVERSED: "c.id", PAYOUT: "p.id", DECISION: "d.id",
    INVITATION: "p.id",
}  # fmt: skip

# Nothing is looked up about what happened unless somebody hears of it. A creator does not read
# the second in which a shopper bought: her row has the day, and waits for the next full hour.
WRITE_SQL = """
    WITH heard AS MATERIALIZED (
        SELECT id, brand_id, creator_id, state FROM affiliates_endpoint
        WHERE state <> 'off' AND %(kind)s = ANY(kinds)
    ), told AS (
        {told} WHERE {which} AND EXISTS (SELECT 1 FROM heard)
    )
    INSERT INTO affiliates_delivery
        (uid, endpoint_id, kind, name, subject, data, created_at, state, tries, note,
         next_at, done_at)
    SELECT md5(e.id || ':' || %(kind)s || ':' || t.name)::uuid, e.id, %(kind)s,
           %(kind)s || ':' || t.name, t.about,
           t.data || CASE WHEN e.brand_id IS NULL THEN '{{}}'::jsonb ELSE t.brand_data END,
           m.moment, CASE e.state WHEN 'on' THEN 'waiting' ELSE 'dead' END, 0,
           CASE e.state WHEN 'on' THEN '' ELSE 'paused' END,
           CASE e.state WHEN 'on' THEN m.soonest END,
           CASE e.state WHEN 'on' THEN NULL ELSE m.moment END
    FROM told t JOIN heard e ON e.brand_id = t.brand_id OR e.creator_id = t.creator_id
    CROSS JOIN LATERAL (
        SELECT date_trunc('day', %(at)s::timestamptz, %(zone)s) AS moment,
               date_trunc('hour', %(at)s::timestamptz) + interval '1 hour' AS soonest
        WHERE %(by_day)s AND e.creator_id IS NOT NULL
        UNION ALL
        SELECT %(at)s, %(at)s WHERE NOT (%(by_day)s AND e.creator_id IS NOT NULL)
    ) m
    ORDER BY t.id, e.id
    ON CONFLICT DO NOTHING
"""


def tell(kind: str, ids: Iterable[int], at: datetime) -> int:
    """Write the messages about these rows; return how many. Once per row (and state)."""
    ids = list(ids)
    return _write(kind, f"{ALIAS[kind]} = ANY(%(ids)s)", at, ids=ids) if ids else 0


def tell_batch(batch_id: int, at: datetime) -> int:
    """Tell what the payouts of a batch are now."""
    return _write(PAYOUT, "p.batch_id = %(batch)s", at, batch=batch_id)


def _write(kind: str, which: str, at: datetime, **values: object) -> int:
    sql = WRITE_SQL.format(told=TOLD[kind], which=which)
    values |= {
        "kind": kind, "at": at, "zone": settings.MARKET_TIME_ZONE, "paused": clock.PAUSED,
        "by_day": kind in BY_DAY,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


# ------------------------------------------------------------------ the night

HEARING_SQL = """
    SELECT coalesce(array_agg(creator_id) FILTER (WHERE creator_id %% 64 = %(shard)s), '{}'),
           coalesce(array_agg(brand_id) FILTER (WHERE brand_id IS NOT NULL), '{}')
    FROM affiliates_endpoint WHERE state <> 'off' AND %(kind)s = ANY(kinds)
"""
# The rows of the shard that this night read are looked at once more, by the same index.
SETTLED_NOW = """
    c.shard = %(shard)s AND c.due_at < %(cutoff)s AND c.due_at >= (
        SELECT coalesce(max(cutoff), '-infinity') FROM affiliates_settlementrun
        WHERE cutoff < %(cutoff)s)
    AND c.settlement_line_id BETWEEN %(first)s AND %(last)s AND c.state = 'settled'
    AND (c.creator_id = ANY(%(creators)s::bigint[]) OR c.brand_id = ANY(%(brands)s::bigint[]))
    AND EXISTS (SELECT 1 FROM affiliates_settlementline l
                WHERE l.id = c.settlement_line_id AND l.run_id = %(run)s)
"""


def tell_settled(run_id: int, shard: int, cutoff: datetime, first: int, last: int) -> int:
    """Tell what a shard has just settled in the lines `first` to `last`, set-based.

    One short question and nothing else where nobody of the shard hears of it.
    """
    with connection.cursor() as cursor:
        cursor.execute(HEARING_SQL, {"shard": shard, "kind": SETTLED})
        creators, brands = cursor.fetchone()
    if not creators and not brands:
        return 0
    return _write(
        SETTLED, SETTLED_NOW, clock.now(), run=run_id, shard=shard, cutoff=cutoff, first=first, last=last,
        creators=creators, brands=brands,
    )  # fmt: skip
