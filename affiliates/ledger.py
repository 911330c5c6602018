"""The books: double entry, append-only, each entry bound to the row that caused it.

Balances are sums of entries (credits minus debits), never stored. The table of entries
is in docs/money.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models.expressions import RawSQL

from affiliates import closedmonths, closings
from affiliates.models import Account, LedgerEntry

Kind = Account.Kind


class EntryDiffers(Exception):
    """A transfer was posted before with another amount or currency."""


class Owner(NamedTuple):
    """Whose account: its kind, and the brand or creator that it belongs to."""

    kind: str
    brand_id: int | None = None
    creator_id: int | None = None


def brand(brand_id: int) -> Owner:
    return Owner(Kind.BRAND_BALANCE, brand_id=brand_id)


def creator(creator_id: int) -> Owner:
    return Owner(Kind.CREATOR_BALANCE, creator_id=creator_id)


CLEARING = Owner(Kind.PROVIDER_CLEARING)
BANK = Owner(Kind.BANK)
IN_TRANSIT = Owner(Kind.PAYOUT_IN_TRANSIT)
REVENUE = Owner(Kind.PLATFORM_REVENUE)
PROVIDER_FEES = Owner(Kind.PROVIDER_FEES)
LOSS = Owner(Kind.PLATFORM_LOSS)
VAT = Owner(Kind.VAT)
SUSPENSE = Owner(Kind.SUSPENSE)


@dataclass(frozen=True)
class Transfer:
    """`amount` minor units from `debit` to `credit`, because of one source row.

    A negative amount moves the other way; zero moves nothing and is not posted.
    """

    kind: str
    debit: Owner
    credit: Owner
    amount: int
    currency: str
    source_kind: str
    source_id: int

    def forward(self) -> Transfer:
        """Return the same movement with a positive amount."""
        if self.amount >= 0:
            return self
        return Transfer(
            self.kind, self.credit, self.debit, -self.amount,
            self.currency, self.source_kind, self.source_id,
        )  # fmt: skip


# Each kind of owner has a join of its own, so that an index finds it among millions.
FOUND_SQL = """
    SELECT w.*, a.id FROM wanted w JOIN affiliates_account a
        ON a.kind = w.kind AND a.brand_id = w.brand_id AND a.currency = w.currency
    UNION ALL
    SELECT w.*, a.id FROM wanted w JOIN affiliates_account a
        ON a.kind = w.kind AND a.creator_id = w.creator_id AND a.currency = w.currency
    UNION ALL
    SELECT w.*, a.id FROM wanted w JOIN affiliates_account a
        ON a.kind = w.kind AND a.currency = w.currency
       AND a.brand_id IS NULL AND a.creator_id IS NULL
    WHERE w.brand_id IS NULL AND w.creator_id IS NULL
"""
ACCOUNTS_SQL = f"""
    WITH wanted AS (
        SELECT w.* FROM ({closedmonths.HOLD_SQL}) month,
            unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[])
                AS w(kind, brand_id, creator_id, currency)
    ), found AS ({FOUND_SQL}), made AS (
        INSERT INTO affiliates_account (kind, brand_id, creator_id, currency)
        SELECT * FROM (
            SELECT * FROM wanted EXCEPT SELECT kind, brand_id, creator_id, currency FROM found
        ) missing
        ORDER BY 1, 2, 3, 4
        ON CONFLICT DO NOTHING
        RETURNING kind, brand_id, creator_id, currency, id
    )
    SELECT * FROM made UNION ALL SELECT * FROM found
"""  # noqa: S608


def accounts(wanted: Iterable[tuple[Owner, str]]) -> dict[tuple[Owner, str], int]:
    """Return the id of each (owner, currency), opening those that are missing."""
    keys = sorted(set(wanted), key=repr)
    ids: dict[tuple[Owner, str], int] = {}
    while len(ids) < len(keys):  # a second pass sees what another transaction opened
        missing = [key for key in keys if key not in ids]
        columns = [
            [str(owner.kind) for owner, _ in missing],
            [owner.brand_id for owner, _ in missing],
            [owner.creator_id for owner, _ in missing],
            [currency for _, currency in missing],
        ]
        with connection.cursor() as cursor:
            cursor.execute(ACCOUNTS_SQL, columns)
            for kind, brand_id, creator_id, currency, pk in cursor.fetchall():
                ids[Owner(kind, brand_id, creator_id), currency] = pk
    return ids


# The accounts are shared first, in order: no deadlock between two posts, and no entry gets a
# number while a payout build holds its account, so numbers tell what the build could see.
POST_SQL = f"""
    WITH held AS MATERIALIZED (
        SELECT id FROM affiliates_account WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE)
    INSERT INTO affiliates_ledgerentry
        (kind, debit_id, credit_id, amount, currency, source_kind, source_id, posted_at)
    SELECT e.*, {closedmonths.LATEST_SQL.format(at="%s")} FROM (SELECT count(*) FROM held) h, unnest(
        %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[],
        %s::text[], %s::bigint[]) e
    ON CONFLICT (source_kind, source_id, kind, debit_id, credit_id) DO NOTHING
"""  # noqa: S608
DIFFERS_SQL = """
    SELECT t.source_kind, t.source_id, t.kind, t.amount, e.amount
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[],
                %s::text[], %s::bigint[])
         AS t(kind, debit_id, credit_id, amount, currency, source_kind, source_id)
    JOIN affiliates_ledgerentry e USING (source_kind, source_id, kind, debit_id, credit_id)
    WHERE e.amount <> t.amount OR e.currency <> t.currency
"""


def post(transfers: Iterable[Transfer], at: datetime) -> int:
    """Post what was not posted yet; return how many entries were new.

    An entry of a month that is closed falls into the open one.

    Raises EntryDiffers when one was posted before with another amount: then nothing of
    this call may stand, so the caller's transaction must end.
    """
    rows = [transfer.forward() for transfer in transfers if transfer.amount]
    if not rows:
        return 0
    ids = accounts((owner, row.currency) for row in rows for owner in (row.debit, row.credit))
    columns = [
        [row.kind for row in rows],
        [ids[row.debit, row.currency] for row in rows],
        [ids[row.credit, row.currency] for row in rows],
        [row.amount for row in rows],
        [row.currency for row in rows],
        [row.source_kind for row in rows],
        [row.source_id for row in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(POST_SQL, [list(ids.values()), at, *columns])
        new = cursor.rowcount
        if new < len(rows):
            cursor.execute(DIFFERS_SQL, columns)
            if wrong := cursor.fetchone():
                raise EntryDiffers(
                    f"{wrong[2]} of {wrong[0]}:{wrong[1]} is {wrong[4]}, asked for {wrong[3]}"
                )
    return new


def balance(owner: Owner, currency: str) -> int:
    """Return credits minus debits of one account, in minor units; 0 if not opened."""
    own = Account.objects.filter(currency=currency, **owner._asdict())
    return int(own.values_list(_BALANCE, flat=True).first() or 0)


_BALANCE = RawSQL(closings.BALANCE_SQL.format(account="affiliates_account.id"), [])  # noqa: S611


def lock(owner: Owner, currency: str) -> int:
    """Lock one account against postings until the transaction ends; return its id.

    An entry's foreign key shares the account's row, so nobody posts to it meanwhile.
    """
    pk = accounts([(owner, currency)])[owner, currency]
    Account.objects.select_for_update().get(pk=pk)
    return pk


@dataclass(frozen=True)
class Line:
    """One entry as its account's owner sees it: signed, with the balance after it."""

    id: int
    posted_at: datetime
    kind: str
    amount: int
    balance: int
    source_kind: str
    source_id: int


STATEMENT_SQL = """
    SELECT id, posted_at, kind, signed,
           %(opening)s + sum(signed) OVER (ORDER BY id), source_kind, source_id
    FROM (SELECT id, posted_at, kind, amount AS signed, source_kind, source_id
            FROM affiliates_ledgerentry WHERE credit_id = %(account)s
          UNION ALL
          SELECT id, posted_at, kind, -amount, source_kind, source_id
            FROM affiliates_ledgerentry WHERE debit_id = %(account)s) e
    WHERE id > %(after)s ORDER BY id
"""


def statement(account_id: int, after: int = 0, opening: int = 0) -> Iterator[Line]:
    """Yield the entries of an account, oldest first, from `opening` after entry `after`.

    Streams from the server, so any length fits in memory.
    """
    values = {"account": account_id, "after": after, "opening": opening}
    with connection.chunked_cursor() as cursor:
        cursor.execute(STATEMENT_SQL, values)
        while rows := cursor.fetchmany(2000):
            for row in rows:
                yield Line(row[0], row[1], row[2], int(row[3]), int(row[4]), row[5], row[6])


def entry_count(account_id: int) -> int:
    """Return how many entries an account has."""
    rows = LedgerEntry.objects
    return rows.filter(credit=account_id).count() + rows.filter(debit=account_id).count()


SUMS_SQL = """
    SELECT CASE WHEN posted_at < %(since)s THEN '' ELSE kind END, count(*), sum(signed) FROM (
        SELECT kind, amount AS signed, posted_at FROM affiliates_ledgerentry WHERE credit_id = %(id)s
        UNION ALL
        SELECT kind, -amount, posted_at FROM affiliates_ledgerentry WHERE debit_id = %(id)s) e
    WHERE posted_at < %(until)s GROUP BY 1 ORDER BY 1
"""
BETWEEN_SQL = """
    SELECT id, posted_at, kind, signed,
           %(opening)s + sum(signed) OVER (ORDER BY posted_at, id), source_kind, source_id
    FROM (SELECT id, posted_at, kind, amount AS signed, source_kind, source_id
            FROM affiliates_ledgerentry WHERE credit_id = %(id)s
          UNION ALL
          SELECT id, posted_at, kind, -amount, source_kind, source_id
            FROM affiliates_ledgerentry WHERE debit_id = %(id)s) e
    WHERE posted_at >= %(since)s AND posted_at < %(until)s ORDER BY posted_at, id
"""


def sums(
    account_id: int, since: datetime, until: datetime
) -> tuple[int, list[tuple[str, int, int]]]:
    """Return what an account held before a span, and (kind, how many, signed sum) within it."""
    values = {"id": account_id, "since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(SUMS_SQL, values)
        found = [(kind, count, int(sum_)) for kind, count, sum_ in cursor.fetchall()]
    opening = sum(sum_ for kind, _count, sum_ in found if not kind)
    return opening, [row for row in found if row[0]]


def between(
    account_id: int, since: datetime, until: datetime, opening: int, skip: int = 0, size: int = 0
) -> Iterator[Line]:
    """Yield the entries of a span, oldest first, each with the balance after it.

    `skip` and `size` take a page of them; `size` 0: all, streamed.
    """
    values = {"id": account_id, "since": since, "until": until, "opening": opening}
    sql = BETWEEN_SQL + (f" OFFSET {int(skip)} LIMIT {int(size)}" if size else "")
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(2000):
            for row in rows:
                yield Line(row[0], row[1], row[2], int(row[3]), int(row[4]), row[5], row[6])


def page(
    account_id: int,
    since: datetime,
    until: datetime,
    opening: int,
    *,
    after: tuple[datetime, int] | None,
    size: int,
) -> list[Line]:
    """Return up to `size` entries of a span after the one at `after` (posted_at, id)."""
    sql = f"SELECT * FROM ({BETWEEN_SQL}) e {{after}} ORDER BY posted_at, id LIMIT %(size)s"  # noqa: S608
    values = {"id": account_id, "since": since, "until": until, "opening": opening, "size": size}
    which = ""
    if after is not None:
        which = "WHERE (posted_at, id) > (%(at)s, %(after)s)"
        values |= {"at": after[0], "after": after[1]}
    with connection.cursor() as cursor:
        cursor.execute(sql.format(after=which), values)
        return [
            Line(row[0], row[1], row[2], int(row[3]), int(row[4]), row[5], row[6])
            for row in cursor.fetchall()
        ]


def first_posted_at(account_id: int) -> datetime | None:
    """Return the moment of an account's earliest entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least((SELECT min(posted_at) FROM affiliates_ledgerentry WHERE credit_id = %s),"
            " (SELECT min(posted_at) FROM affiliates_ledgerentry WHERE debit_id = %s))",
            [account_id, account_id],
        )
        return cursor.fetchone()[0]


def newest(account_id: int, before: int | None = None, size: int = 50) -> list[Line]:
    """Return up to `size` entries of an account, newest first, older than entry `before`.

    Each carries the balance after it, so pages join without adding up by hand.
    """
    sql = """
        WITH page AS (
            (SELECT id, posted_at, kind, amount AS signed, source_kind, source_id
               FROM affiliates_ledgerentry
              WHERE credit_id = %(account)s AND id < %(before)s ORDER BY id DESC LIMIT %(size)s)
            UNION ALL
            (SELECT id, posted_at, kind, -amount, source_kind, source_id
               FROM affiliates_ledgerentry
              WHERE debit_id = %(account)s AND id < %(before)s ORDER BY id DESC LIMIT %(size)s)
            ORDER BY id DESC LIMIT %(size)s
        ), total AS (
            SELECT coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                              WHERE credit_id = %(account)s AND id < %(before)s), 0)
                 - coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                              WHERE debit_id = %(account)s AND id < %(before)s), 0) AS sum
        )
        SELECT id, posted_at, kind, signed,
               total.sum - coalesce(sum(signed) OVER (
                   ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
               source_kind, source_id
        FROM page, total ORDER BY id DESC
    """
    values = {"account": account_id, "before": before or 2**62, "size": size}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [
            Line(row[0], row[1], row[2], int(row[3]), int(row[4]), row[5], row[6])
            for row in cursor.fetchall()
        ]


def mirror(source_kind: str, source_id: int, kinds: dict[str, str], at: datetime) -> int:
    """Post the entries of a source the other way; `kinds` names each mirrored kind."""
    transfers = [
        Transfer(
            kinds[entry.kind],
            Owner(entry.credit.kind, entry.credit.brand_id, entry.credit.creator_id),
            Owner(entry.debit.kind, entry.debit.brand_id, entry.debit.creator_id),
            entry.amount, entry.currency, source_kind, source_id,
        )
        for entry in LedgerEntry.objects.filter(
            source_kind=source_kind, source_id=source_id, kind__in=kinds
        )
        .select_related("debit", "credit")
        .order_by("id")
    ]  # fmt: skip
    return post(transfers, at)
