"""One shard of a night: what is due in it becomes lines, entries and a mark on each commission.

Each shard is one transaction of two set-based statements.
"""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Q

from affiliates import clock, closedmonths, events, fraud, tax
from affiliates.locks import Lock
from affiliates.models import Commission, SettlementRun, SettlementShard
from affiliates.models.commissions import SHARDS
from creators.models import Creator

logger = logging.getLogger(__name__)

# A night looks only at what became due since the one before it: what became pending after that
# one was begun is due after its cutoff (`commissions.late`). So nothing need be kept of what is
# pending, and the books are checked for anything that was left behind.
DUE_SQL = """
    c.state = 'pending' AND c.due_at < %(cutoff)s AND c.due_at >= (
        SELECT coalesce(max(cutoff), '-infinity') FROM affiliates_settlementrun
        WHERE cutoff < %(cutoff)s)
"""
EMPTY_SQL = f"""
    UPDATE affiliates_settlementshard s SET done_at = now(), seconds = 0
    WHERE s.run_id = %(run)s AND s.done_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM affiliates_commission c WHERE c.shard = s.shard AND {DUE_SQL})
"""  # noqa: S608


def open_shards(run: SettlementRun) -> list[int]:
    """Return the shards of a run that hold something due; the empty ones are done at once."""
    with connection.cursor() as cursor:
        cursor.execute(EMPTY_SQL, {"run": run.pk, "cutoff": run.cutoff})
        if cursor.rowcount == SHARDS:
            return []
    return list(run.shards.filter(done_at=None).values_list("shard", flat=True))


# Every table is read through an index, whatever the planner knows of it: a line brings its
# commissions' ids, which are marked by key, and accounts are looked up line by line. A join
# might read a whole table for each of the shards.
# VAT follows the brand's status on the night, kept on each sale; what is taken back of a sale
# that settled before carries that sale's VAT (`own_bp`), whatever the brand's status is now.
LINES_SQL = """
    WITH due AS MATERIALIZED (
        SELECT id, creator_id, brand_id, currency, amount,
               CASE WHEN reverses_id IS NOT NULL THEN (
                   SELECT coalesce(s.vat_bp, CASE WHEN EXISTS (
                              SELECT 1 FROM affiliates_ledgerentry e
                              WHERE e.source_kind = 'settlement_line' AND e.kind = 'settlement_vat'
                                AND e.source_id = s.settlement_line_id)
                          THEN %(vat_bp)s ELSE 0 END)
                   FROM affiliates_commission s
                   WHERE s.id = c.reverses_id AND s.state = 'settled') END AS own_bp
        FROM affiliates_commission c
        WHERE c.shard = %(shard)s AND {due} {only}
        ORDER BY id FOR UPDATE
    ), sums AS MATERIALIZED (
        SELECT nextval('affiliates_settlementline_id_seq') AS id, s.*,
               (SELECT {vat} FROM shop_brand b WHERE b.id = s.brand_id) AS vat_bp
        FROM (
            SELECT creator_id, brand_id, currency, sum(amount)::bigint AS amount, count(*) AS n,
                   count(own_bp) AS odd, array_agg(id) AS ids
            FROM due GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) s
    ), odd AS (
        SELECT id, sum(sign(amount) * div(abs(amount) * bp + 5000, 10000))::bigint AS vat
        FROM (
            SELECT s.id, coalesce(d.own_bp, s.vat_bp) AS bp, sum(d.amount) AS amount
            FROM sums s JOIN due d USING (creator_id, brand_id, currency)
            WHERE s.odd > 0 GROUP BY 1, 2) parts
        GROUP BY 1
    ), lines AS (
        INSERT INTO affiliates_settlementline
            (id, run_id, creator_id, brand_id, currency, amount, vat, commission_count, salt)
        SELECT s.id, %(run)s, creator_id, brand_id, currency, amount,
               coalesce(odd.vat, sign(amount)::int * ((abs(amount) * vat_bp + 5000) / 10000)), n,
               uuid_send(gen_random_uuid())
        FROM sums s LEFT JOIN odd ON odd.id = s.id
    ), marked AS (
        UPDATE affiliates_commission c
        SET state = 'settled', settlement_line_id = s.id,
            vat_bp = CASE WHEN c.reverses_id IS NULL THEN s.vat_bp END
        FROM sums s WHERE c.id = ANY(s.ids)
        RETURNING c.id
    ), opened AS (
        INSERT INTO affiliates_account (kind, brand_id, creator_id, currency)
        SELECT 'creator_balance', NULL::bigint, s.creator_id, s.currency
        FROM (SELECT DISTINCT creator_id, currency FROM sums) s
        WHERE (SELECT a.id FROM affiliates_account a
               WHERE a.kind = 'creator_balance' AND a.brand_id IS NULL
                 AND a.creator_id = s.creator_id AND a.currency = s.currency) IS NULL
        UNION ALL
        SELECT 'brand_balance', s.brand_id, NULL, s.currency
        FROM (SELECT DISTINCT brand_id, currency FROM sums) s
        WHERE (SELECT a.id FROM affiliates_account a
               WHERE a.kind = 'brand_balance' AND a.brand_id = s.brand_id
                 AND a.creator_id IS NULL AND a.currency = s.currency) IS NULL
        UNION ALL
        SELECT DISTINCT 'vat', NULL::bigint, NULL::bigint, currency FROM sums
        ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING
    )
    SELECT (SELECT count(*) FROM marked), coalesce(sum(n), 0)::bigint, coalesce(sum(lines), 0)::int,
           coalesce(json_object_agg(currency, amount), '{{}}'), min(first), max(last)
    FROM (SELECT currency, sum(n) AS n, count(*) AS lines, sum(amount) AS amount,
                 min(id) AS first, max(id) AS last FROM sums GROUP BY currency) s
"""

ENTRIES_SQL = """
    WITH vat AS MATERIALIZED (
        SELECT id, currency FROM affiliates_account WHERE kind = 'vat'
    ), posts AS MATERIALIZED (
        SELECT l.id, l.amount, l.currency, l.vat,
               (SELECT a.id FROM affiliates_account a
                WHERE a.kind = 'brand_balance' AND a.brand_id = l.brand_id
                  AND a.creator_id IS NULL AND a.currency = l.currency) AS brand_account,
               (SELECT a.id FROM affiliates_account a
                WHERE a.kind = 'creator_balance' AND a.brand_id IS NULL
                  AND a.creator_id = l.creator_id AND a.currency = l.currency) AS own_account,
               (SELECT id FROM vat WHERE vat.currency = l.currency) AS vat_account
        FROM affiliates_settlementline l
        WHERE l.id BETWEEN %(first)s AND %(last)s AND l.run_id = %(run)s
          AND l.creator_id %% 64 = %(shard)s {only}
    )
    INSERT INTO affiliates_ledgerentry
        (kind, debit_id, credit_id, amount, currency, source_kind, source_id, posted_at)
    SELECT m.kind, CASE WHEN m.moved > 0 THEN p.brand_account ELSE m.account_id END,
           CASE WHEN m.moved > 0 THEN m.account_id ELSE p.brand_account END,
           abs(m.moved), p.currency, 'settlement_line', p.id, {now}
    FROM posts p CROSS JOIN LATERAL (VALUES
        ('settlement', p.own_account, p.amount), ('settlement_vat', p.vat_account, p.vat)
    ) AS m(kind, account_id, moved)
    WHERE m.moved <> 0
"""


# Builds of payouts and closings of months wait. The planner may read no table as a whole: it
# would read a small one, such as that of brands, for each line and each of its foreign keys.
# Nor does a shard wait for the disk: what a crash took of it would be settled again, and the
# commit that completes its run, before anything follows from it, waits for all before it.
BEGIN_SQL = f"""
    SELECT now(), pg_advisory_xact_lock_shared({Lock.SHARD}), month.*,
           set_config('enable_seqscan', 'off', true), set_config('synchronous_commit', 'off', true)
    FROM ({closedmonths.HOLD_SQL}) month
"""  # noqa: S608


class NotWhole(DatabaseError):
    """What was marked is not what was summed; the shard is taken back."""


def settle_shard(run_id: int, shard: int) -> SettlementShard | None:
    """Settle one shard of a run in one transaction; None if it is done or another's.

    When the shard as a whole cannot be settled, its creators are settled one by one and
    the poisoned commissions held, so that one bad row stops nobody else.
    """
    for attempt in range(3):
        try:
            return _claim_and_settle(run_id, shard, one_by_one=False)
        except OperationalError:  # deadlock, lock timeout, a server that went away
            if attempt == 2:
                raise
            connection.close_if_unusable_or_obsolete()
            time.sleep(0.1 * 2**attempt)
        except DatabaseError:
            logger.exception("shard %s of run %s is settled creator by creator", shard, run_id)
            return _claim_and_settle(run_id, shard, one_by_one=True)
    return None


def try_shard(run_id: int, shard: int) -> SettlementShard | None:
    """Settle one shard, as `settle_shard`; one that cannot be is left, with why on its row.

    Raises only when the database itself is away, for then nothing can be settled.
    """
    try:
        return settle_shard(run_id, shard)
    except DatabaseError as error:
        if not connection.is_usable():
            raise
        logger.exception("shard %s of run %s is left", shard, run_id)
        SettlementShard.objects.filter(run_id=run_id, shard=shard, done_at=None).update(
            error=f"{type(error).__name__}: {error}"[:500]
        )
        return None


@transaction.atomic
def _claim_and_settle(run_id: int, shard: int, one_by_one: bool) -> SettlementShard | None:
    begun = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(BEGIN_SQL)
        at = cursor.fetchone()[0]
    row = (
        SettlementShard.objects.select_for_update(skip_locked=True, of=["self"])
        .select_related("run")
        .filter(run_id=run_id, shard=shard, done_at=None)
        .first()
    )
    if row is None:
        return None
    if one_by_one:
        _settle_creators(row)
    else:
        _settle_all(row, None)
    row.done_at, row.error = at, ""
    row.seconds = time.monotonic() - begun
    row.save()
    return row


def _settle_all(row: SettlementShard, creator_id: int | None) -> None:
    """Group what is due into lines, mark it, and post the lines; counts go on `row`."""
    run = row.run
    values = {
        "run": run.pk, "shard": row.shard, "cutoff": run.cutoff, "creator": creator_id,
        **tax.brand_vat_values(run.night),
    }  # fmt: skip
    only = "" if creator_id is None else "AND c.creator_id = %(creator)s"
    with connection.cursor() as cursor:
        cursor.execute(LINES_SQL.format(due=DUE_SQL, only=only, vat=tax.BRAND_VAT_SQL), values)
        marked, commissions, lines, amounts, first, last = cursor.fetchone()
        if marked != commissions:
            raise NotWhole(f"{marked} marked, {commissions} summed")
        values |= {"first": first, "last": last}
        only = "" if creator_id is None else "AND l.creator_id = %(creator)s"
        now = closedmonths.LATEST_SQL.format(at="now()")
        cursor.execute(ENTRIES_SQL.format(only=only, now=now), values)
    if lines:
        events.tell_settled(run.pk, row.shard, run.cutoff, first, last)
    row.commissions += commissions
    row.lines += lines
    for currency, amount in amounts.items():
        row.amount[currency] = row.amount.get(currency, 0) + amount


def _settle_creators(row: SettlementShard) -> None:
    """Settle a shard creator by creator; hold what cannot be settled, with a flag."""
    due = Commission.objects.due(row.run.cutoff, row.run.since).filter(shard=row.shard)
    for creator_id in list(due.values_list("creator_id", flat=True).distinct()):
        counts = (row.commissions, row.lines, dict(row.amount))
        try:
            with transaction.atomic():
                _settle_all(row, creator_id)
        except OperationalError:
            raise
        except DatabaseError as error:
            row.commissions, row.lines, row.amount = counts
            row.set_aside += _set_aside(row, creator_id, error)


def _set_aside(row: SettlementShard, creator_id: int, error: Exception) -> int:
    """Hold what one creator has due, with an open flag; return how many."""
    due = Commission.objects.due(row.run.cutoff, row.run.since).filter(creator_id=creator_id)
    ids = list(due.select_for_update().order_by("id").values_list("pk", flat=True))
    flag = fraud.flag(
        fraud.SETTLEMENT_ERROR,
        Creator.objects.get(pk=creator_id),
        f"run:{row.run_id}",
        {"commissions": ids, "error": str(error)[:500]},
        clock.now(),
    )
    logger.error("run %s set aside commissions %s: %s", row.run_id, ids, error)
    theirs = Q(pk__in=ids) | Q(reverses__in=ids)  # what is taken back waits with its sale
    pending = Commission.objects.filter(theirs, state=Commission.State.PENDING)
    return pending.update(state=Commission.State.HELD, flag=flag)
