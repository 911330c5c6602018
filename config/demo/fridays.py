"""Every Friday so far, paid out: batches approved and exported by two admins, all arrived."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from django.conf import settings
from django.db import connection

from affiliates import clock, ledger, tax
from affiliates.models import PayDay, PayoutBatch
from config.demo.books import ENTRIES, Accounts
from config.demo.world import World

MINIMUM = 1_000  # €10
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
    with lines as (
        select c.payout_id, b.name, sum(l.amount) filter (where l.amount > 0)::bigint as up,
               sum(l.amount) filter (where l.amount <= 0)::bigint as down
        from affiliates_payoutclaim c
        join affiliates_settlementline l on l.id = c.line_id join shop_brand b on b.id = l.brand_id
        group by 1, 2
    ), sums as (
        select payout_id, sum(up)::bigint as up, coalesce(-sum(down), 0)::bigint as credited,
               json_agg(json_build_array(name, up) order by name)
                   filter (where up is not null) as ups,
               json_agg(json_build_array(name, down) order by name)
                   filter (where down < 0) as downs
        from lines group by 1
    ), docs as (
        select payout_id, credited, kind, amount, facts
        from sums cross join lateral (
            values ('invoice', up, ups), ('credit', credited, downs)) d (kind, amount, facts)
        where kind = 'invoice' or amount > 0
    ), bills as (
        select p.*, d.kind, d.amount as net, d.facts, b.pay_on,
               row_number() over (partition by p.creator_id order by p.id, d.kind desc) as n,
               case when p.vat = 0 then 0
                    else ((p.amount + d.credited) * %(vat_bp)s + 5000) / 10000
               end as whole_vat
        from docs d join affiliates_payout p on p.id = d.payout_id
        join affiliates_payoutbatch b on b.id = p.batch_id
    )
    insert into affiliates_selfbill
        (creator_id, payout_id, kind, number, tax_profile_id, amount, vat, currency, issued_on,
         facts)
    select i.creator_id, i.id, i.kind, i.n, i.tax_profile_id, i.net,
           case i.kind when 'invoice' then i.whole_vat else i.whole_vat - i.vat end,
           i.currency, i.pay_on,
           json_build_object(
               'language', case when 'nl' = any(k.languages) then 'nl' else 'en' end,
               'issuer', %(company)s::json,
               'supplier', json_build_object('name', t.legal_name, 'address', t.address,
                                             'country', t.country, 'vat_number', t.vat_number),
               'profile', t.kind, 'lines', i.facts,
               'vat_check', case when v.profile_id is not null then json_build_object(
                   'state', v.state, 'consultation', v.consultation, 'checked_at', v.checked_at)
                   end,
               'of', case i.kind when 'invoice' then '[]'::json
                                 else json_build_array(i.n - 1) end)
    from bills i join creators_creator k on k.id = i.creator_id
    join affiliates_taxprofile t on t.id = i.tax_profile_id
    left join affiliates_vatcheck v on v.profile_id = t.id
    order by i.creator_id, i.n
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
    # also where nobody was paid: else it would count as missed, and be built late
    paid = fridays | {clock.friday_before(world.today)}
    PayDay.objects.bulk_create(
        PayDay(friday=friday, built_at=clock.midnight(friday)) for friday in sorted(paid)
    )
    values = {
        "vat_bp": tax.home_vat_bp(world.first_day),
        "after": world.entries,
        "transit": accounts.ids[ledger.IN_TRANSIT],
        "bank": accounts.ids[ledger.BANK],
        "vat": accounts.ids[ledger.VAT],
        "clearing": accounts.ids[ledger.CLEARING],
        "company": json.dumps(settings.COMPANY),
    }
    with connection.cursor() as cursor:
        cursor.execute("analyze demo_payout, demo_claim, affiliates_payoutbatch")
        cursor.execute(PAYOUTS, values)
        cursor.execute("analyze affiliates_payout")
        for statement in REST:
            world.step("payouts")
            cursor.execute(statement, values)
            cursor.execute("analyze affiliates_payoutclaim")  # the bills join it
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
