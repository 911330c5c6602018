"""What creators sold for a brand, week by week: summed once, and read without adding up lines.

A week of a brand is kept when it has a sum of all its sales (`BrandWeek`) and no line of it
changed since (`BrandWeekStale`, written by triggers in the transaction of the change). Any
other week is summed from its lines as it is read, so that a figure is never late.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection, transaction

from affiliates import clock
from affiliates.locks import Lock
from config.lib import replica

WEEKS_KEPT = 106  # two periods of a year, as pages compare them
# Who wrote a line on Sunday may commit on Monday; from then on triggers tell.
OVER_FOR = timedelta(hours=1)
BATCH = 500

# Needs `wanted` (brand_id, week, starts, ends). One pass over the lines sold in those weeks.
SUMS_SQL = """
    sold AS (
        SELECT w.brand_id, w.week, s.currency, s.creator_id, v.product_id, l.brand_order_id,
               coalesce((SELECT k.platform FROM affiliates_link k WHERE k.id = s.link_id),
                        'code') AS platform, l.quantity,
               l.net AS sold, l.net - l.refunded - l.charged_back AS sales,
               (l.refunded + l.charged_back > 0)::int AS back,
               s.amount + coalesce((SELECT sum(r.amount) FROM affiliates_commission r
                                    WHERE r.reverses_id = s.id AND r.state <> 'void'), 0) AS earned,
               ((l.net - l.refunded - l.charged_back) * coalesce(l.fee_bp, 0) + 5000) / 10000 AS fee
        FROM wanted w
        JOIN affiliates_commission s ON s.brand_id = w.brand_id
             AND s.created_at >= w.starts AND s.created_at < w.ends
        CROSS JOIN LATERAL (  -- line by line: never through everybody's lines
            SELECT brand_order_id, variant_id, quantity, net, refunded, charged_back, fee_bp
            FROM shop_orderline WHERE id = s.order_line_id OFFSET 0) l
        JOIN shop_variant v ON v.id = l.variant_id
        WHERE s.kind = 'sale' AND s.state <> 'void'
    ), sums AS (
        SELECT brand_id, week, currency,
               CASE WHEN grouping(platform) = 0 THEN 'platform'
                    WHEN grouping(creator_id) = 0 THEN 'creator'
                    WHEN grouping(product_id) = 0 THEN 'product' ELSE 'all' END AS grain,
               coalesce(platform, '') AS platform, creator_id, product_id,
               sum(sales)::bigint AS sales, sum(earned)::bigint AS earned, sum(fee)::bigint AS fee,
               count(DISTINCT brand_order_id) AS orders, sum(quantity) AS quantity,
               sum(back) AS back, count(*) AS lines, sum(sold)::bigint AS sold
        FROM sold
        GROUP BY brand_id, week, currency,
                 GROUPING SETS ((), (platform), (creator_id), (product_id))
    )"""
COLUMNS = (
    "brand_id, week, currency, grain, platform, creator_id, product_id,"
    " sales, earned, fee, orders, quantity, back, lines, sold"
)

# What is kept of a brand's weeks, and the sums of those that are not.
READ_SQL = f"""
    WITH weeks AS (
        SELECT %(brand)s::bigint AS brand_id, w::date AS week, w AT TIME ZONE %(zone)s AS starts,
               (w + interval '7 days') AT TIME ZONE %(zone)s AS ends
        FROM generate_series(%(before)s::timestamp, %(last)s::timestamp, '7 days') w
    ), wanted AS MATERIALIZED (
        SELECT w.* FROM weeks w
        WHERE NOT EXISTS (SELECT 1 FROM affiliates_brandweek k WHERE k.brand_id = w.brand_id
                          AND k.grain = 'all' AND k.week = w.week)
           OR EXISTS (SELECT 1 FROM affiliates_brandweekstale m WHERE m.brand_id = w.brand_id
                      AND m.at >= w.starts AND m.at < w.ends)
    ), {SUMS_SQL}, every AS (
        SELECT {COLUMNS} FROM affiliates_brandweek
        WHERE brand_id = %(brand)s AND week BETWEEN %(before)s AND %(last)s
          AND (grain = 'all' OR week >= %(since)s) AND week <> ALL(ARRAY(SELECT week FROM wanted))
        UNION ALL SELECT {COLUMNS} FROM sums WHERE grain = 'all' OR week >= %(since)s
    )
    SELECT grain, week >= %(since)s, CASE WHEN grain = 'platform' THEN week END,
           platform, creator_id, product_id, sum(sales)::bigint, sum(earned)::bigint,
           sum(fee)::bigint, sum(orders)::int, sum(quantity)::int, sum(back)::int, sum(lines)::int,
           sum(sold)::bigint
    FROM every WHERE currency = %(currency)s GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608

FORGET_SQL = """
    DELETE FROM affiliates_brandweekstale WHERE id IN (
        SELECT id FROM affiliates_brandweekstale ORDER BY id LIMIT 20000)
    RETURNING brand_id, date_trunc('week', at AT TIME ZONE %(zone)s)::date
"""
MISSING_SQL = """
    SELECT b.id, w.week
    FROM shop_brand b CROSS JOIN (
        SELECT w::date AS week, w AT TIME ZONE %(zone)s AS starts,
               (w + interval '7 days') AT TIME ZONE %(zone)s AS ends
        FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, '7 days') w) w
    WHERE NOT EXISTS (SELECT 1 FROM affiliates_brandweek k WHERE k.brand_id = b.id
                      AND k.grain = 'all' AND k.week = w.week)
      AND EXISTS (SELECT 1 FROM affiliates_commission c WHERE c.brand_id = b.id
                  AND c.created_at >= w.starts AND c.created_at < w.ends)
    ORDER BY b.id, w.week
"""
WRITE_SQL = f"""
    WITH wanted AS (
        SELECT brand_id, week, week::timestamp AT TIME ZONE %(zone)s AS starts,
               (week::timestamp + interval '7 days') AT TIME ZONE %(zone)s AS ends
        FROM unnest(%(brands)s::bigint[], %(weeks)s::date[]) w(brand_id, week)
    ), {SUMS_SQL}
    INSERT INTO affiliates_brandweek ({COLUMNS})
    SELECT {COLUMNS} FROM sums ORDER BY brand_id, grain, week, currency, creator_id, product_id
"""  # noqa: S608


def read(brand_id: int, currency: str, since: date, last: date, before: date) -> list[tuple]:
    """Return the sums of the weeks `since` to `last`, and of all sales in those from `before`.

    Dates are Mondays. Rows: grain, whether since `since`, week (of a platform's sums only),
    platform, creator, product, sales, earned, fee (minor units), orders, quantity, lines of
    which something came back, lines, what was sold before that. Right at once: a changed week is summed from its lines.
    """
    values = {
        "brand": brand_id, "currency": currency, "zone": clock.zone().key,
        "since": since, "last": last, "before": before,
    }  # fmt: skip
    with replica.connection().cursor() as cursor:
        cursor.execute(READ_SQL, values)
        return cursor.fetchall()


def refresh(at: datetime, weeks: int = WEEKS_KEPT) -> int:
    """Sum anew what changed, and what is over and was not summed yet; return how many weeks.

    Looks at the last `weeks` for those never summed. Safe to repeat and to run twice at once.
    """
    newest = clock.monday_of(clock.local_day(at - OVER_FOR)) - timedelta(weeks=1)
    done = 0
    while stale := _again(newest):
        done += stale
    values = {
        "zone": clock.zone().key, "last": newest, "first": newest - timedelta(weeks=weeks - 1),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(MISSING_SQL, values)
        missing = cursor.fetchall()
    for first in range(0, len(missing), BATCH):
        done += _first(missing[first : first + BATCH])
    return done


@transaction.atomic
def _again(newest: date) -> int:
    """Sum the weeks that some marks name. The marks go first: later ones tell of later changes."""
    if not _alone():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(FORGET_SQL, {"zone": clock.zone().key})
        marked = cursor.fetchall()
    pairs = {pair for pair in marked if pair[1] <= newest}
    _write(sorted(pairs))
    return len(pairs)


@transaction.atomic
def _first(pairs: list[tuple[int, date]]) -> int:
    if not _alone():
        return 0
    _write(pairs)
    return len(pairs)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [Lock.WEEKS])
        return cursor.fetchone()[0]


def _write(pairs: list[tuple[int, date]]) -> None:
    brands, weeks = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    values = {"zone": clock.zone().key, "brands": brands, "weeks": weeks}
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM affiliates_brandweek k USING unnest(%(brands)s::bigint[],"
            " %(weeks)s::date[]) w(brand_id, week)"
            " WHERE k.brand_id = w.brand_id AND k.week = w.week",
            values,
        )
        cursor.execute(WRITE_SQL, values)
