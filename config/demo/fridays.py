"""Every Friday so far, paid out: batches approved and exported by two admins, all arrived."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from django.db import connection

from affiliates import clock, ledger, tax
from affiliates.models import PayoutBatch
from config.demo.books import ENTRIES, Accounts
from config.demo.world import World

MINIMUM = 1_000  # €10
FRIDAY = 4
READ = """
    select l.creator_id, l.id, l.amount, r.night, m.usable_from
    from affiliates_settlementline l
    join affiliates_settlementrun r on r.id = l.run_id
    join affiliates_payoutmethod m on m.creator_id = l.creator_id and m.replaced_at is null
    where exists (select from affiliates_taxprofile t where t.creator_id = l.creator_id)
    order by l.creator_id, r.night, l.id
"""
STAGE = """
    create temporary table demo_payout
        (creator_id bigint, friday date, amount bigint) on commit drop;
    create temporary table demo_claim
        (creator_id bigint, friday date, line_id bigint) on commit drop
"""
PAYOUTS = """
    insert into affiliates_payout
        (batch_id, creator_id, method_id, tax_profile_id, amount, vat, currency, rail, state,
         reason, provider_ref, created_at, paid_at)
    select b.id, p.creator_id, m.id, t.id, p.amount,
           case when t.kind = 'vat_liable' then (p.amount * %(vat_bp)s + 5000) / 10000 else 0 end,
           'EUR', 'sepa', 'paid', '', '', b.built_at, b.exported_at + interval '6 hours'
    from demo_payout p
    join affiliates_payoutbatch b on b.pay_on = p.friday
    join affiliates_payoutmethod m on m.creator_id = p.creator_id and m.replaced_at is null
    join lateral (select id, kind from affiliates_taxprofile
                  where creator_id = p.creator_id order by effective_from desc, id desc limit 1) t
        on true
    order by p.friday, p.creator_id
"""
REST = (
    """
    insert into affiliates_payoutclaim (payout_id, line_id)
    select p.id, c.line_id
    from demo_claim c
    join affiliates_payoutbatch b on b.pay_on = c.friday
    join affiliates_payout p on p.batch_id = b.id and p.creator_id = c.creator_id
    order by p.id, c.line_id
    """,
    """
    insert into affiliates_payoutattempt
        (payout_id, n, idempotency_key, state, reason, sent_at, finished_at, tries)
    select p.id, 1, 'thousand-payout-' || p.id || '-1', 'succeeded', '', b.exported_at, p.paid_at, 0
    from affiliates_payout p join affiliates_payoutbatch b on b.id = p.batch_id order by p.id
    """,
    """
    insert into affiliates_selfbill
        (creator_id, payout_id, number, tax_profile_id, amount, vat, currency, issued_on)
    select p.creator_id, p.id, row_number() over (partition by p.creator_id order by p.id),
           p.tax_profile_id, p.amount, p.vat, p.currency, b.pay_on
    from affiliates_payout p join affiliates_payoutbatch b on b.id = p.batch_id order by p.id
    """,
)
POSTED = """
    insert into {entries}
    select %(after)s + row_number() over (order by moved.at, moved.source_id, moved.kind),
           moved.kind, moved.debit, moved.credit, moved.amount, 'EUR', moved.source_kind,
           moved.source_id, moved.at
    from (
        select v.*, 'payout' as source_kind, p.id as source_id
        from affiliates_payout p
        join affiliates_account a on a.kind = 'creator_balance' and a.creator_id = p.creator_id
        cross join lateral (values
            ('payout', a.id, %(transit)s::bigint, p.amount, p.created_at),
            ('payout_vat', %(vat)s::bigint, %(transit)s::bigint, p.vat, p.created_at),
            ('payout_paid', %(transit)s::bigint, %(bank)s::bigint, p.amount, p.paid_at),
            ('payout_vat_paid', %(transit)s::bigint, %(bank)s::bigint, p.vat, p.paid_at)
        ) as v(kind, debit, credit, amount, at)
        union all
        select 'provider_pays', %(bank)s::bigint, %(clearing)s::bigint, sum(p.amount + p.vat),
               b.built_at, 'payout_batch', b.id
        from affiliates_payoutbatch b join affiliates_payout p on p.batch_id = b.id
        group by b.id, b.built_at
    ) moved where moved.amount > 0
"""


def pay(world: World, accounts: Accounts) -> None:
    """Pay on each past Friday what each creator had by then, from ten euro."""
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
    fridays = _stage(world)
    _batches(world, sorted(fridays))
    values = {
        "vat_bp": tax.home_vat_bp(world.first_day),
        "after": world.entries,
        "transit": accounts.ids[ledger.IN_TRANSIT],
        "bank": accounts.ids[ledger.BANK],
        "vat": accounts.ids[ledger.VAT],
        "clearing": accounts.ids[ledger.CLEARING],
    }
    with connection.cursor() as cursor:
        cursor.execute("analyze demo_payout, demo_claim, affiliates_payoutbatch")
        cursor.execute(PAYOUTS, values)
        cursor.execute("analyze affiliates_payout")
        for statement in REST:
            world.step("payouts")
            cursor.execute(statement)
        cursor.execute(POSTED.format(entries=ENTRIES), values)


def _stage(world: World) -> set[date]:
    """Write down who is paid on which Friday, and for which lines; streams creator by creator."""
    copier, fridays = world.copier, set()
    copier.table("demo_payout", "creator_id friday amount")
    copier.table("demo_claim", "creator_id friday line_id")
    with connection.chunked_cursor() as cursor:
        cursor.execute(READ)
        for creator_id, rows in groupby(_rows(cursor), key=lambda row: row[0]):
            for friday, amount, lines in _payouts(list(rows), world.today):
                fridays.add(friday)
                copier.add("demo_payout", creator_id, friday, amount)
                for line in lines:
                    copier.add("demo_claim", creator_id, friday, line)
            if len(copier.rows["demo_claim"]) > 20_000:
                copier.flush()
    copier.flush()
    return fridays


def _rows(cursor) -> Iterator[tuple]:
    while rows := cursor.fetchmany(5_000):
        yield from rows


def _payouts(rows: list[tuple], today: date) -> Iterator[tuple[date, int, list[int]]]:
    """Yield each payout of one creator: its Friday, its amount, the lines that it claims."""
    usable = clock.local_day(rows[0][4])
    claimed: list[int] = []
    balance = 0
    for friday, due in groupby(rows, key=lambda row: _friday_of(row[3], usable)):
        if friday > today:
            return
        for row in due:
            claimed.append(row[1])
            balance += row[2]
        if balance >= MINIMUM:
            yield friday, balance, claimed
            claimed, balance = [], 0


def _friday_of(night: date, usable: date) -> date:
    """Return the first payout day after a night, once the bank account may be used."""
    return clock.friday_from(max(night + timedelta(days=1), usable + timedelta(days=1)))


def _batches(world: World, fridays: list[date]) -> None:
    """One batch per Friday: built by the night, approved by one admin, exported by the other."""
    first, second = world.admins
    made = []
    for friday in fridays:
        built = clock.midnight(friday) + timedelta(minutes=20)
        made.append(
            PayoutBatch(
                rail="sepa", currency="EUR", state="closed", pay_on=friday, built_at=built,
                approved_by_id=first, approved_at=built + timedelta(hours=8),
                exported_by_id=second, exported_at=built + timedelta(hours=9),
                message_id=f"DEMO-{friday:%Y%m%d}",
            )
        )  # fmt: skip
    PayoutBatch.objects.bulk_create(made)
