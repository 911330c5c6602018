"""What brands' accounts held after a night, written down so that pages need not add up years.

A closing is never the truth: it is the sum of entries that no longer change, and the check of
the books adds the same entries up from the first one.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from affiliates import clock
from affiliates.models import LedgerEntry, SettlementRun

# An entry may be written in a transaction that ends after one with a later id. What was the
# newest entry so long ago has none before it that is still to come.
SETTLED_FOR = timedelta(hours=1)

# {account}: an id. Two ranges of an index, however long the history is.
BALANCE_SQL = """(
    SELECT coalesce(k.amount, 0)
         + coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                     WHERE credit_id = {account} AND id > coalesce(k.entry_id, 0)), 0)
         - coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                     WHERE debit_id = {account} AND id > coalesce(k.entry_id, 0)), 0)
    FROM (SELECT 1) one
    LEFT JOIN LATERAL (SELECT amount, entry_id FROM affiliates_closing
                       WHERE account_id = {account} ORDER BY entry_id DESC LIMIT 1) k ON true
)"""

CLOSE_SQL = """
    WITH before AS (
        SELECT a.id, coalesce(k.amount, 0) AS amount, coalesce(k.entry_id, 0) AS entry_id
        FROM affiliates_account a
        LEFT JOIN LATERAL (SELECT amount, entry_id FROM affiliates_closing
                           WHERE account_id = a.id ORDER BY entry_id DESC LIMIT 1) k ON true
        WHERE a.kind = 'brand_balance'
    ), moved AS (
        SELECT b.id, b.amount,
               (SELECT sum(amount) FROM affiliates_ledgerentry WHERE credit_id = b.id
                AND id > b.entry_id AND id <= %(last)s) AS up,
               (SELECT sum(amount) FROM affiliates_ledgerentry WHERE debit_id = b.id
                AND id > b.entry_id AND id <= %(last)s) AS down
        FROM before b WHERE b.entry_id < %(last)s
    )
    INSERT INTO affiliates_closing (account_id, entry_id, amount)
    SELECT id, %(last)s, amount + coalesce(up, 0) - coalesce(down, 0)
    FROM moved WHERE up IS NOT NULL OR down IS NOT NULL
    ORDER BY id ON CONFLICT DO NOTHING
"""


def close(last: int | None = None) -> int:
    """Close the accounts of brands that moved, up to entry `last`; return how many.

    Default: up to the newest entry of the last run that was completed an hour ago or more.
    """
    if last is None:
        done = SettlementRun.objects.filter(completed_at__lt=clock.now() - SETTLED_FOR)
        done = done.exclude(last_entry=None).order_by("-last_entry")
        last = done.values_list("last_entry", flat=True).first()
    if last is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_SQL, {"last": last})
        return cursor.rowcount


def close_all() -> int:
    """Close up to the newest entry, where nobody else can be writing: a market just filled."""
    newest = LedgerEntry.objects.order_by("-id").values_list("id", flat=True).first()
    return close(newest) if newest else 0
