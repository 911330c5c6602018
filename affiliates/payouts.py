"""Money on its way to creators: built weekly, approved and exported by two people.

A payout claims settlement lines; its amount is their sum and nothing else. What comes to
nothing gives the money back and releases the lines in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from affiliates import clock, funding, ledger, rails, selfbilling, tax
from affiliates.ledger import Transfer
from affiliates.models import Payout, PayoutAttempt, PayoutBatch, PayoutClaim, PayoutMethod
from affiliates.rails.sepa import digest
from creators.models import Creator

State, BatchState = Payout.State, PayoutBatch.State
BUILD_LOCK = 7_264_002  # advisory: one build at a time
METHOD_WAIT_HOURS = 48  # before a new bank account is used


class NotAllowed(Exception):
    """A step out of order, or by the same person as the step before."""


# A creator's negative lines are all claimed, of her positive ones those that are funded.
BUILD_SQL = """
    WITH waiting AS ({waiting}), lines AS (
        SELECT l.id, l.creator_id, l.currency, l.amount
        FROM affiliates_settlementline l
        WHERE l.case_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM affiliates_payoutclaim c
                          WHERE c.line_id = l.id AND c.released_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.id = l.id)
    ), sums AS (
        SELECT creator_id, currency, sum(amount)::bigint AS amount FROM lines GROUP BY 1, 2
    ), ready AS (
        SELECT s.*, m.id AS method_id, m.rail, t.id AS profile_id, t.kind AS profile
        FROM sums s
        JOIN creators_creator p ON p.id = s.creator_id
        JOIN affiliates_payoutmethod m ON m.creator_id = s.creator_id
            AND m.replaced_at IS NULL AND m.usable_from <= %(at)s AND m.name_check <> 'none'
        JOIN LATERAL (
            SELECT id, kind FROM affiliates_taxprofile
            WHERE creator_id = s.creator_id AND effective_from <= %(day)s
            ORDER BY effective_from DESC, id DESC LIMIT 1) t ON true
        WHERE m.rail = %(rail)s AND s.currency = %(currency)s
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
               currency, rail, 'pending', '', '', %(at)s
        FROM ready ORDER BY creator_id
        RETURNING id, creator_id, currency
    )
    INSERT INTO affiliates_payoutclaim (payout_id, line_id)
    SELECT made.id, lines.id FROM made JOIN lines USING (creator_id, currency)
"""
POST_SQL = """
    INSERT INTO affiliates_ledgerentry
        (kind, debit_id, credit_id, amount, currency, source_kind, source_id, posted_at)
    SELECT m.kind, m.debit_id, transit.id, m.amount, p.currency, 'payout', p.id, %(at)s
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
"""


def next_pay_day(at: datetime) -> date:
    """Return the coming payout Friday, today included."""
    return clock.friday_from(clock.local_day(at))


@transaction.atomic
def build(
    at: datetime, pay_on: date | None = None, by: AbstractBaseUser | None = None
) -> list[PayoutBatch]:
    """Make a payout for each creator who has enough and can be paid; return the batches.

    One batch per rail and currency; rails without payouts make none. Balances of brands are
    read while nobody posts to them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BUILD_LOCK])
        cursor.execute(
            "SELECT id FROM affiliates_account WHERE kind = 'brand_balance' ORDER BY id FOR UPDATE"
        )
        cursor.execute("SELECT DISTINCT currency FROM affiliates_settlementline ORDER BY 1")
        currencies = [row[0] for row in cursor.fetchall()]
    wanted = set(PayoutMethod.objects.filter(replaced_at=None).values_list("rail", flat=True))
    built = []
    for rail in sorted(wanted & set(rails.RAILS)):
        for currency in currencies:
            if batch := _build_one(at, pay_on or next_pay_day(at), rail, currency, by):
                built.append(batch)
    return built


def _build_one(
    at: datetime, pay_on: date, rail: str, currency: str, by: AbstractBaseUser | None
) -> PayoutBatch | None:
    point = transaction.savepoint()
    batch = PayoutBatch.objects.create(
        rail=rail, currency=currency, pay_on=pay_on, built_at=at, built_by=by,
        message_id=f"THOUSAND-{pay_on:%Y%m%d}-{_batch_number()}",
    )  # fmt: skip
    values = {
        "at": at, "day": clock.local_day(at), "rail": rail, "currency": currency,
        "batch": batch.pk, "minimum": rails.named(rail).minimum(currency),
        "vat_bp": tax.home_vat_bp(clock.local_day(at)),
    }  # fmt: skip
    waiting = funding.WAITING_SQL.format(only="")
    with connection.cursor() as cursor:
        cursor.execute(BUILD_SQL.format(waiting=waiting), values)
        if cursor.rowcount == 0:
            transaction.savepoint_rollback(point)
            return None
        ledger.accounts([(ledger.IN_TRANSIT, currency), (ledger.VAT, currency)])
        cursor.execute(POST_SQL, values)
    transaction.savepoint_commit(point)
    return batch


def _batch_number() -> int:
    newest = PayoutBatch.objects.order_by("-id").values_list("id", flat=True).first()
    return (newest or 0) + 1


# ------------------------------------------------------------------ four eyes


def _locked(batch: PayoutBatch, state: str) -> PayoutBatch:
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state != state:
        raise NotAllowed(f"{row} is {row.state}, not {state}")
    return row


@transaction.atomic
def approve(batch: PayoutBatch, by: AbstractBaseUser, at: datetime) -> PayoutBatch:
    """Let a batch go to the bank; somebody else exports it. Raises NotAllowed."""
    row = _locked(batch, BatchState.BUILT)
    row.state, row.approved_by, row.approved_at = BatchState.APPROVED, by, at
    row.save()
    return row


@transaction.atomic
def export(batch: PayoutBatch, by: AbstractBaseUser, at: datetime) -> rails.Document:
    """Return the file for the bank; from now on the payouts are on their way.

    Raises NotAllowed for the person who approved, rails.Refused when the file is not valid.
    """
    row = _locked(batch, BatchState.APPROVED)
    if row.approved_by_id == by.pk:
        raise NotAllowed("whoever approved a batch does not export it")
    payouts = _payouts(row, State.PENDING)
    document = rails.named(row.rail).document(row, payouts)
    PayoutAttempt.objects.bulk_create(
        PayoutAttempt(payout=one, n=1, idempotency_key=rails.reference(one), sent_at=at)
        for one in payouts
    )
    row.payouts.filter(state=State.PENDING).update(state=State.PROCESSING)
    row.state, row.exported_by, row.exported_at = BatchState.EXPORTED, by, at
    row.file_sha256 = digest(document)
    row.save()
    return document


def _payouts(batch: PayoutBatch, *states: str) -> list[Payout]:
    rows = batch.payouts.filter(state__in=states) if states else batch.payouts.all()
    return list(rows.select_related("method", "creator").order_by("id"))


def document(batch: PayoutBatch) -> rails.Document:
    """Return the exported file again; raises NotAllowed if it would differ."""
    sent = [one for one in _payouts(batch) if one.state != State.CANCELLED]
    again = rails.named(batch.rail).document(batch, sent)
    if digest(again) != batch.file_sha256:
        raise NotAllowed("the file would differ from the one that was exported")
    return again


# ------------------------------------------------------------------ what became of it


def _lock_payout(payout: Payout, *states: str) -> Payout:
    row = Payout.objects.select_for_update(of=["self"]).get(pk=payout.pk)
    if row.state not in states:
        raise NotAllowed(f"{row} is {row.state}")
    return row


def _transfers(
    payout: Payout, kinds: tuple[str, str], amount_to: ledger.Owner, vat_to: ledger.Owner,
    source: ledger.Owner,
) -> Iterable[Transfer]:  # fmt: skip
    facts = (payout.currency, "payout", payout.pk)
    yield Transfer(kinds[0], source, amount_to, payout.amount, *facts)
    yield Transfer(kinds[1], source, vat_to, payout.vat, *facts)


def _owner(payout: Payout) -> ledger.Owner:
    if payout.creator_id:
        return ledger.creator(payout.creator_id)
    return ledger.brand(payout.brand_id)


@transaction.atomic
def confirm(payout: Payout, at: datetime) -> Payout:
    """Book that the bank has paid; the self-bill gets its number now. Safe to repeat."""
    row = _lock_payout(payout, State.PROCESSING, State.PAID)
    if row.state == State.PAID:
        return row
    row.state, row.paid_at = State.PAID, at
    row.save(update_fields=["state", "paid_at"])
    row.attempts.filter(state__in=["sent", "unknown"]).update(state="succeeded", finished_at=at)
    kinds = ("payout_paid", "payout_vat_paid")
    ledger.post(_transfers(row, kinds, ledger.BANK, ledger.BANK, ledger.IN_TRANSIT), at)
    selfbilling.issue(row, at)
    _close(row.batch)
    return row


@transaction.atomic
def confirm_batch(batch: PayoutBatch, at: datetime) -> int:
    """Book that the bank has paid everything of a batch that is on its way."""
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state != BatchState.EXPORTED:
        raise NotAllowed(f"{row} is {row.state}, not {BatchState.EXPORTED}")
    return len([confirm(one, at) for one in _payouts(row, State.PROCESSING)])


@transaction.atomic
def cancel(payout: Payout, reason: str, at: datetime) -> Payout:
    """Take a payout out of its batch before it is exported."""
    return _give_back(_lock_payout(payout, State.PENDING), State.CANCELLED, reason, at)


@transaction.atomic
def fail(payout: Payout, reason: str, at: datetime) -> Payout:
    """Book that the bank refused; only for an outcome that is confirmed."""
    row = _lock_payout(payout, State.PROCESSING)
    row.attempts.filter(state__in=["sent", "unknown"]).update(
        state="failed", reason=reason[:300], finished_at=at
    )
    return _give_back(row, State.FAILED, reason, at)


@transaction.atomic
def returned(payout: Payout, reason: str, at: datetime) -> Payout:
    """Book that the money came back after it was paid, such as from a closed account."""
    return _give_back(_lock_payout(payout, State.PAID), State.RETURNED, reason, at)


def _give_back(payout: Payout, state: str, reason: str, at: datetime) -> Payout:
    """End a payout that came to nothing: money back in the balance, lines free again."""
    came_back = state == State.RETURNED
    payout.state, payout.reason = state, reason[:300]
    payout.save(update_fields=["state", "reason"])
    source = ledger.BANK if came_back else ledger.IN_TRANSIT
    end = "returned" if came_back else "back"
    kinds = (f"payout_{end}", f"payout_vat_{end}")
    ledger.post(_transfers(payout, kinds, _owner(payout), ledger.VAT, source), at)
    payout.claims.filter(released_at=None).update(released_at=at)
    _close(payout.batch)
    return payout


def _close(batch: PayoutBatch) -> None:
    """Close a batch of which nothing is open any more."""
    if not batch.payouts.filter(state__in=Payout.OPEN).exists():
        done = BatchState.CLOSED if batch.exported_at else BatchState.CANCELLED
        PayoutBatch.objects.filter(pk=batch.pk).update(state=done)


# ------------------------------------------------------------------ what a creator sees


def claimable(creator_id: int, currency: str) -> int:
    """Return what the next payout of a creator would claim: funded, unclaimed lines."""
    waiting = funding.waiting_lines(creator_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(sum(l.amount), 0) FROM affiliates_settlementline l
               WHERE l.creator_id = %s AND l.currency = %s AND l.case_id IS NULL
                 AND l.id <> ALL(%s::bigint[])
                 AND NOT EXISTS (SELECT 1 FROM affiliates_payoutclaim c
                                 WHERE c.line_id = l.id AND c.released_at IS NULL)""",
            [creator_id, currency, list(waiting)],
        )
        return int(cursor.fetchone()[0])


@transaction.atomic
def change_method(creator: Creator, number: str, holder: str, at: datetime) -> PayoutMethod:
    """Replace a creator's bank account; the new one is used after 48 hours.

    The very first one too: whoever took over an account cannot cash out unseen.
    """
    Creator.objects.select_for_update().get(pk=creator.pk)
    PayoutMethod.objects.filter(creator=creator, replaced_at=None).update(replaced_at=at)
    return PayoutMethod.objects.create(
        creator=creator, iban=number, holder=holder, created_at=at,
        usable_from=at + timedelta(hours=METHOD_WAIT_HOURS),
    )  # fmt: skip


def claims_of(payout: Payout) -> list[PayoutClaim]:
    """Return the lines that a payout pays or paid, with their brand and night."""
    rows = payout.claims.select_related("line__brand", "line__run")
    return list(rows.order_by("line__run__night", "line_id"))
