"""Commissions that are due, for the benches of the night: made, put there anew, looked at.

Rows go in by SQL with triggers off, straight into the tables of the migrated database, so
that every contender starts from the same rows under the same indexes and constraints.
"""

from datetime import date, timedelta

import psycopg
from django.conf import settings
from django.utils import timezone

from affiliates import clock
from affiliates.models import SettlementRun
from tests.benchmarks import people

NIGHT = clock.last_night_over(timezone.now())
PER_CREATOR = 10  # commissions in a night, of about three brands
HISTORY_NIGHTS = 30
BRANDS = 200

PREPARE = """
    drop table if exists bench_commission;
    create unlogged table bench_commission as
    select n as id, 1 as brand_id, n as order_line_id, base, (base * 1200 + 5000) / 10000 as amount,
           1 + (power(n * 0.618033988749895 % 1, 2) * ({creators} - 1))::bigint as creator_id
    from (select n, 500 + n * 7919 % 9000 as base from generate_series(1::bigint, {size}) n) rows;
    update bench_commission set brand_id = 1 + (creator_id * 7 + id % 3) % {brands};
    analyze
"""
EMPTY = """
    truncate affiliates_commission, affiliates_settlementline, affiliates_settlementshard,
        affiliates_settlementrun, affiliates_ledgerentry, affiliates_account,
        affiliates_payoutclaim, affiliates_payout, affiliates_payoutbatch restart identity cascade;
    insert into affiliates_account (kind, brand_id, creator_id, currency)
    select 'brand_balance', id, null::bigint, 'EUR' from shop_brand
    union all select 'creator_balance', null, id, 'EUR' from creators_creator
    union all select 'vat', null, null, 'EUR'
"""
LOAD = """
    insert into affiliates_commission (kind, state, creator_id, brand_id, collaboration_id,
        order_line_id, base, rate_bp, amount, currency, reason, due_at, created_at)
    select 'sale', 'pending', creator_id, brand_id, 1, {first} + order_line_id, base, 1200, amount,
        'EUR', '', '{due}', '{due}' from bench_commission where id <= {size}
"""
# Nights long settled, as the night itself leaves them: lines, marked commissions, entries.
SETTLED = """
    create temporary table settled as
    select nextval('affiliates_settlementline_id_seq') as id, s.* from (
        select creator_id, brand_id, sum(amount) as amount, count(*) as n
        from bench_commission where id <= {size} group by 1, 2) s;
    insert into affiliates_settlementline (id, run_id, creator_id, brand_id, currency, amount,
        vat, commission_count, salt)
    select id, {run}, creator_id, brand_id, 'EUR', amount, (amount * 2100 + 5000) / 10000, n,
        uuid_send(gen_random_uuid()) from settled;
    insert into affiliates_commission (kind, state, creator_id, brand_id, collaboration_id,
        order_line_id, base, rate_bp, amount, currency, reason, due_at, created_at,
        settlement_line_id, vat_bp)
    select 'sale', 'settled', c.creator_id, c.brand_id, 1, {first} + c.order_line_id, c.base, 1200,
        c.amount, 'EUR', '', '{due}', '{due}', s.id, 2100
    from bench_commission c join settled s using (creator_id, brand_id) where c.id <= {size};
    insert into affiliates_ledgerentry (kind, debit_id, credit_id, amount, currency, source_kind,
        source_id, posted_at)
    select m.kind, b.id, m.account_id, m.amount, 'EUR', 'settlement_line', s.id, '{cutoff}'
    from settled s
    join affiliates_account b on b.kind = 'brand_balance' and b.brand_id = s.brand_id
    join affiliates_account k on k.kind = 'creator_balance' and k.creator_id = s.creator_id
    cross join (select id from affiliates_account where kind = 'vat') v
    cross join lateral (values ('settlement', k.id, s.amount),
        ('settlement_vat', v.id, (s.amount * 2100 + 5000) / 10000)) m(kind, account_id, amount)
    where m.amount > 0;
    drop table settled
"""
TABLES = "affiliates_commission, affiliates_settlementline, affiliates_ledgerentry"
WRONG = """
    select (select count(*) from affiliates_commission where state <> 'settled'),
           (select sum(amount) from affiliates_settlementline)
           - (select sum(amount) from affiliates_commission),
           (select sum(amount) from affiliates_settlementline)
           - (select sum(amount) from affiliates_ledgerentry where kind = 'settlement'),
           (select sum((amount * 2100 + 5000) / 10000) from affiliates_settlementline)
           - (select sum(amount) from affiliates_ledgerentry where kind = 'settlement_vat')
"""


def owner() -> psycopg.Connection:
    """Connect as the tables' owner, triggers on."""
    where = settings.ENGINES.database(owner=True)
    return psycopg.connect(
        host=where["HOST"], dbname=where["NAME"], user=where["USER"], autocommit=True
    )


def prepare(size: int) -> None:
    """Make brands, creators, and what `size` commissions are made of."""
    people.make(size // PER_CREATOR, BRANDS)
    with owner() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(PREPARE.format(creators=size // PER_CREATOR, brands=BRANDS, size=size))


def load(size: int, history: int = 0) -> int:
    """Put `size` due commissions there, behind `history` settled ones; return `size`."""
    with owner() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(EMPTY)
        for n in range(HISTORY_NIGHTS if history else 0):
            night = NIGHT - timedelta(days=HISTORY_NIGHTS - n)
            done = run(night, completed_at=clock.cutoff_of(night), root="r", previous_root="r")
            connection.execute(
                SETTLED.format(
                    size=history // HISTORY_NIGHTS, first=(n + 1) * 10**9, run=done.pk,
                    cutoff=done.cutoff.isoformat(),
                    due=(clock.midnight(night) + timedelta(hours=1)).isoformat(),
                )
            )  # fmt: skip
        due = (clock.midnight(NIGHT) + timedelta(hours=1)).isoformat()
        connection.execute(LOAD.format(size=size, first=0, due=due))
        connection.execute(f"vacuum analyze {TABLES}, affiliates_account")
    return size


def run(night: date, **facts: object) -> SettlementRun:
    return SettlementRun.objects.create(
        night=night, cutoff=clock.cutoff_of(night), created_at=timezone.now(), **facts
    )


def check() -> None:
    """Everything is settled, in lines that add up, with as many entries as promised."""
    with owner() as connection:
        wrong = connection.execute(WRONG).fetchone()
    if any(wrong):
        raise AssertionError(f"the night went wrong: {wrong}")
