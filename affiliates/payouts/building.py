"""Building the batches of a payout day: who has enough and can be paid, in one statement."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from affiliates import books, clock, closedmonths, events, funding, ledger, rails, tax
from affiliates.locks import Lock
from affiliates.models import PayoutBatch, PayoutMethod
from affiliates.payouts import brands, fridays

logger = logging.getLogger(__name__)

# A creator's negative lines are all claimed, of her positive ones those that are funded.
BUILD_SQL = """
    WITH waiting AS ({waiting}), lines AS (
        SELECT l.id, l.creator_id, l.currency, l.amount
        FROM affiliates_settlementline l
        WHERE l.case_id IS NULL {only}
          AND NOT EXISTS (SELECT 1 FROM affiliates_payoutclaim c
                          WHERE c.line_id = l.id AND c.released_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.id = l.id)
    ), sums AS (
        SELECT creator_id, currency, sum(amount)::bigint AS amount FROM lines GROUP BY 1, 2
    ), enough AS (
        SELECT s.*, m.id AS method_id, t.id AS profile_id, t.kind AS profile,
               CASE WHEN t.id IS NULL THEN 'tax' WHEN i.creator_id IS NULL THEN 'identity'
                    WHEN t.kind IN ('vat_liable', 'eu_reverse')
                         AND v.state IS DISTINCT FROM 'valid' THEN 'vat_number'
                    ELSE '' END AS lacks
        FROM sums s
        JOIN creators_creator p ON p.id = s.creator_id
        JOIN affiliates_payoutmethod m ON m.creator_id = s.creator_id
            AND m.replaced_at IS NULL AND m.usable_from <= %(at)s AND m.name_check <> 'none'
            AND m.refused = ''
        LEFT JOIN LATERAL (
            SELECT id, kind FROM affiliates_taxprofile
            WHERE creator_id = s.creator_id AND effective_from <= %(day)s
            ORDER BY effective_from DESC, id DESC LIMIT 1) t ON true
        LEFT JOIN affiliates_taxidentity i ON i.creator_id = s.creator_id
        LEFT JOIN affiliates_vatcheck v ON v.profile_id = t.id
        WHERE m.rail = ANY(%(accounts)s) AND s.currency = %(currency)s
          AND s.amount >= CASE WHEN p.status = 'closed' THEN 1 ELSE %(minimum)s END
          AND s.amount > 0
          AND NOT EXISTS (SELECT 1 FROM affiliates_payout o
                          WHERE o.creator_id = s.creator_id AND o.currency = s.currency
                            AND o.state IN ('pending', 'processing'))
    ), made AS (
        INSERT INTO affiliates_payout
            (batch_id, creator_id, method_id, tax_profile_id, amount, vat, currency, rail,
             state, reason, provider_ref, created_at)
        SELECT %(batch)s, creator_id, method_id, profile_id, amount,
               CASE WHEN profile = 'vat_liable' THEN (amount * %(vat_bp)s + 5000) / 10000
                    ELSE 0 END,
               currency, %(rail)s, 'pending', '', '', %(at)s
        FROM enough WHERE lacks = '' ORDER BY creator_id
        RETURNING id, creator_id, currency
    ), claimed AS (
        INSERT INTO affiliates_payoutclaim (payout_id, line_id)
        SELECT made.id, lines.id FROM made JOIN lines USING (creator_id, currency)
    ), left_out AS (
        SELECT lacks, count(*) AS n, (array_agg(creator_id ORDER BY creator_id))[1:100] AS ids
        FROM enough WHERE lacks <> '' GROUP BY 1
    )
    SELECT (SELECT count(*) FROM made),
           (SELECT coalesce(json_object_agg(lacks, json_build_object('count', n, 'creators', ids)),
                            '{{}}') FROM left_out)
"""
POST_SQL = f"""
    INSERT INTO affiliates_ledgerentry
        (kind, debit_id, credit_id, amount, currency, source_kind, source_id, posted_at)
    SELECT m.kind, m.debit_id, transit.id, m.amount, p.currency, 'payout', p.id,
           {closedmonths.LATEST_SQL.format(at="%(at)s")}
    FROM affiliates_payout p
    JOIN affiliates_account transit ON transit.kind = 'payout_in_transit'
        AND transit.currency = p.currency
    JOIN affiliates_account vat ON vat.kind = 'vat' AND vat.currency = p.currency
    JOIN affiliates_account own ON own.kind = 'creator_balance' AND own.brand_id IS NULL
        AND own.creator_id = p.creator_id AND own.currency = p.currency
    CROSS JOIN LATERAL (VALUES
        ('payout', own.id, p.amount), ('payout_vat', vat.id, p.vat)
    ) AS m(kind, debit_id, amount)
    WHERE p.batch_id = %(batch)s AND m.amount > 0
"""  # noqa: S608


def next_pay_day(at: datetime) -> date:
    """Return the coming payout Friday, today included."""
    return clock.friday_from(clock.local_day(at))


@transaction.atomic
def build(
    at: datetime,
    pay_on: date | None = None,
    by: AbstractBaseUser | None = None,
    *,
    by_night: bool = False,
) -> list[PayoutBatch]:
    """Make a payout for each creator and brand who has enough and can be paid.

    Returns the batches: one per rail and currency, none without payouts. Balances of brands
    are read while nobody posts to them. `by_night`: it is the Friday's own, of which there is one,
    also where it is late and on another day.
    Raises books.OutOfBalance.
    """
    lock_books()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT currency FROM affiliates_settlementline ORDER BY 1")
        currencies = [row[0] for row in cursor.fetchall()]
    wanted = set(PayoutMethod.objects.filter(replaced_at=None).values_list("rail", flat=True))
    pay_on = pay_on or next_pay_day(at)
    if by_night and not fridays.note(pay_on, at):
        return []  # another call was faster
    built = []
    for currency in currencies:
        for rail, accounts in _ways(sorted(wanted), currency).items():
            if batch := build_one(at, pay_on, rail, currency, by, accounts=accounts):
                built.append(batch)
    built += brands.build(at, pay_on, by)
    if by_night:
        PayoutBatch.objects.filter(pk__in=[row.pk for row in built]).update(by_night=True)
    return built


def _ways(accounts: list[str], currency: str) -> dict[str, list[str]]:
    """Return which rail takes a currency to the accounts that were given for which rails."""
    found: dict[str, list[str]] = {}
    for name in accounts:
        if rail := rails.for_account(name, currency):
            found.setdefault(rail.name, []).append(name)
        else:
            logger.warning("no rail takes %s to accounts of %s: it waits", currency, name)
    return found


def lock_books() -> None:
    """Let nobody else build a batch or post to a brand until this transaction ends.

    Waits for the shards that are being settled: their entries have got their numbers, and the
    proof that nobody is paid with another's money goes by those. Raises books.OutOfBalance.
    """
    books.require_balance()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.BUILD])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.SHARD])
        cursor.execute(closedmonths.HOLD_SQL)
        cursor.execute(
            "SELECT id FROM affiliates_account WHERE kind = 'brand_balance' ORDER BY id FOR UPDATE"
        )


def build_again(
    at: datetime, rail: str, currency: str, by: AbstractBaseUser, creators: Sequence[int]
) -> PayoutBatch | None:
    """Make a batch for some creators alone, whatever each has; the caller has locked the books."""
    given = PayoutMethod.objects.filter(replaced_at=None, creator__in=creators)
    ways = _ways(sorted(set(given.values_list("rail", flat=True))), currency)
    accounts = ways.get(rail, [])
    day = clock.local_day(at)
    return build_one(at, day, rail, currency, by, creators, accounts) if accounts else None


def build_one(
    at: datetime, pay_on: date, rail: str, currency: str, by: AbstractBaseUser | None,
    creators: Sequence[int] = (), accounts: Sequence[str] = (),
) -> PayoutBatch | None:  # fmt: skip
    """Make one batch, or None where nobody has enough; the caller has locked the books.

    With `creators` only those are paid, and any amount; so is everybody on one Friday a year.
    `accounts`: the rails that the accounts were given for, where it is not `rail` itself.
    """
    point = transaction.savepoint()
    batch = PayoutBatch.objects.create(
        rail=rail, currency=currency, pay_on=pay_on, built_at=at, built_by=by,
        message_id=PayoutBatch.next_message_id(pay_on),
    )  # fmt: skip
    values = {
        "at": at, "day": clock.local_day(at), "rail": rail, "currency": currency,
        "batch": batch.pk, "creators": list(creators), "accounts": list(accounts or [rail]),
        "minimum": 1 if creators else rails.minimum(rails.named(rail), currency, pay_on),
        "vat_bp": tax.home_vat_bp(clock.local_day(at)),
    }  # fmt: skip
    only = "AND l.creator_id = ANY(%(creators)s)" if creators else ""
    sql = BUILD_SQL.format(waiting=funding.WAITING_SQL.format(only=""), only=only)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        made, left_out = cursor.fetchone()
        if left_out:
            logger.warning("left out of the %s payouts in %s: %s", rail, currency, left_out)
        if not made:
            transaction.savepoint_rollback(point)
            return None
        batch.left_out = left_out
        batch.save(update_fields=["left_out"])
        ledger.accounts([(ledger.IN_TRANSIT, currency), (ledger.VAT, currency)])
        cursor.execute(POST_SQL, values)
    events.tell_batch(batch.pk, at)
    transaction.savepoint_commit(point)
    return batch
