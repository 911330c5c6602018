"""The night, beside one bare SQL transaction that does the same work, and a loop of save().

All three start from the same due commissions in the same tables, indexes and triggers on.
"""

import os
import resource
import subprocess
import sys
import time
from datetime import timedelta

import django
import psycopg

from tests.benchmarks import lib

django.setup()

from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from affiliates import clock, ledger, settlement, tax  # noqa: E402
from affiliates.models import (  # noqa: E402
    Commission,
    LedgerEntry,
    SettlementLine,
    SettlementRun,
)

SIZE = 1_000_000 if lib.FULL else 100_000
SAMPLE = 1_000  # for the loop of save(), which would take hours
ROUNDS = 3
NIGHT = clock.last_night_over(timezone.now())
PREPARE = """
    insert into shop_brand (id, slug, name, description, status, currency, sells_at, legal_name,
        address, postal_code, city, country, email, phone, register_number, vat_number, tax_class,
        shipping_price, ships_to, return_days, connect_account, is_demo, created_at)
    select n, 'b' || n, 'Brand ' || n, '', 'active', 'EUR', 'here', '', '', '', '', 'NL', '', '',
        '', 'NL1', 'standard', 0, '[]', 14, '', true, now() from generate_series(1, 200) n;
    insert into creators_creator (id, handle, display_name, bio, country, languages, status,
        is_demo, created_at)
    select n, 'c' || n, 'Creator', '', 'NL', '{{}}', 'draft', true, now()
    from generate_series(1, {creators}) n;
    create unlogged table bench_commission as
    select n as id, 1 + (power(n * 0.618033988749895 % 1, 2) * ({creators} - 1))::bigint as creator_id,
           1 as brand_id, n as order_line_id, base, (base * 1200 + 5000) / 10000 as amount
    from (select n, 500 + n * 7919 % 9000 as base from generate_series(1, {size}) n) rows;
    update bench_commission set brand_id = 1 + (creator_id * 7 + id % 3) % 200  -- three brands each
"""
LOAD = """
    set session_replication_role = replica;
    truncate affiliates_commission, affiliates_settlementline, affiliates_settlementshard,
        affiliates_settlementrun, affiliates_ledgerentry, affiliates_account,
        affiliates_payoutclaim restart identity cascade;
    insert into affiliates_commission (id, kind, state, creator_id, brand_id, collaboration_id,
        order_line_id, base, rate_bp, amount, currency, reason, due_at, created_at)
    select id, 'sale', 'pending', creator_id, brand_id, 1, order_line_id, base, 1200, amount, 'EUR',
        '', '{due}', '{due}' from bench_commission where id <= {count};
    insert into affiliates_account (kind, brand_id, creator_id, currency)
    select 'brand_balance', id, null::bigint, 'EUR' from shop_brand
    union all select 'creator_balance', null, id, 'EUR' from creators_creator
    union all select 'vat', null, null, 'EUR'
"""
# The whole night as one transaction: no shards to claim, nothing to resume.
BARE = (
    """
    insert into affiliates_settlementline
        (run_id, creator_id, brand_id, currency, amount, commission_count, salt)
    select {run}, creator_id, brand_id, currency, sum(amount), count(*),
           uuid_send(gen_random_uuid())
    from affiliates_commission where state = 'pending' and due_at < '{cutoff}'
    group by creator_id, brand_id, currency
    """,
    """
    update affiliates_commission c set state = 'settled', settlement_line_id = l.id
    from affiliates_settlementline l
    where l.run_id = {run} and c.state = 'pending' and c.due_at < '{cutoff}'
      and l.creator_id = c.creator_id and l.brand_id = c.brand_id and l.currency = c.currency
    """,
    """
    insert into affiliates_ledgerentry
        (kind, debit_id, credit_id, amount, currency, source_kind, source_id, posted_at)
    select m.kind, b.id, m.account_id, m.amount, l.currency, 'settlement_line', l.id, now()
    from affiliates_settlementline l
    join affiliates_account b on b.kind = 'brand_balance' and b.brand_id = l.brand_id
    join affiliates_account k on k.kind = 'creator_balance' and k.creator_id = l.creator_id
    cross join (select id from affiliates_account where kind = 'vat') v
    cross join lateral (values ('settlement', k.id, l.amount),
        ('settlement_vat', v.id, (l.amount * 2100 + 5000) / 10000)) m(kind, account_id, amount)
    where l.run_id = {run} and m.amount > 0
    """,
)


def owner() -> psycopg.Connection:
    where = settings.ENGINES.database(owner=True)
    return psycopg.connect(
        host=where["HOST"], dbname=where["NAME"], user=where["USER"], autocommit=True
    )


def load(count: int) -> None:
    """Put `count` due commissions there, and nothing settled."""
    due = (clock.midnight(NIGHT) + timedelta(hours=1)).isoformat()
    with owner() as connection:
        connection.execute(LOAD.format(due=due, count=count))
        connection.execute("vacuum analyze affiliates_commission")


def check(count: int) -> None:
    """Everything is settled, in lines that add up, with as many entries as promised."""
    with owner() as connection:
        wrong = connection.execute(
            """select (select count(*) from affiliates_commission where state <> 'settled'),
                      (select sum(amount) from affiliates_settlementline)
                      - (select sum(amount) from affiliates_commission),
                      (select sum(amount) from affiliates_settlementline)
                      - (select sum(amount) from affiliates_ledgerentry where kind = 'settlement')"""
        ).fetchone()
    if any(wrong):
        raise AssertionError(f"the night of {count} went wrong: {wrong}")


def bare() -> float:
    """Settle by one transaction; return commissions per second."""
    load(SIZE)
    with owner() as connection:
        cutoff = clock.cutoff_of(NIGHT).isoformat()
        run = connection.execute(
            "insert into affiliates_settlementrun (night, cutoff, created_at, root, previous_root)"
            " values (%s, %s, now(), '', '') returning id",
            [NIGHT, cutoff],
        ).fetchone()[0]
        begun = time.perf_counter()
        with connection.transaction():
            for statement in BARE:
                connection.execute(statement.format(run=run, cutoff=cutoff))
        spent = time.perf_counter() - begun
    check(SIZE)
    return SIZE / spent


def ours() -> float:
    """Settle in a worker of its own, as the application's role; return commissions per second."""
    load(SIZE)
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.settle", "worker"], cwd=lib.ROOT, env=os.environ,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent, memory = done.stdout.split()
    MEMORY_MB.append(int(memory) / 1024)
    check(SIZE)
    return SIZE / float(spent)


MEMORY_MB: list[float] = []


def worker() -> None:
    begun = time.perf_counter()
    settlement.settle()
    spent = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{spent} {memory}")


def save_loop() -> float:
    """Settle a sample the way that a plain Django project would; return commissions per second."""
    load(SAMPLE)
    run = SettlementRun.objects.create(
        night=NIGHT, cutoff=clock.cutoff_of(NIGHT), created_at=timezone.now()
    )
    vat_bp = tax.home_vat_bp(NIGHT)
    begun = time.perf_counter()
    for commission in Commission.objects.due(run.cutoff):
        with transaction.atomic():
            _save_one(run, commission, vat_bp)
    return SAMPLE / (time.perf_counter() - begun)


def _save_one(run: SettlementRun, commission: Commission, vat_bp: int) -> None:
    line = _line_of(run, commission)
    commission.state, commission.settlement_line = Commission.State.SETTLED, line
    commission.save()
    currency = commission.currency
    brand, creator = ledger.brand(commission.brand_id), ledger.creator(commission.creator_id)
    ids = ledger.accounts([(brand, currency), (creator, currency), (ledger.VAT, currency)])
    for kind, credit, amount in (
        ("settlement", creator, commission.amount),
        ("settlement_vat", ledger.VAT, (commission.amount * vat_bp + 5000) // 10000),
    ):
        LedgerEntry(
            kind=kind, debit_id=ids[brand, currency], credit_id=ids[credit, currency],
            amount=amount, currency=currency, source_kind="commission",
            source_id=commission.pk, posted_at=timezone.now(),
        ).save()  # fmt: skip


def _line_of(run: SettlementRun, commission: Commission) -> SettlementLine:
    line, new = SettlementLine.objects.get_or_create(
        run=run, creator_id=commission.creator_id, brand_id=commission.brand_id,
        currency=commission.currency,
        defaults={"amount": commission.amount, "commission_count": 1},
    )  # fmt: skip
    if not new:
        line.amount += commission.amount
        line.commission_count += 1
        line.save()
    return line


def main() -> int:
    with owner() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(PREPARE.format(creators=SIZE // 10, size=SIZE))
        connection.execute("analyze")
    rates = lib.interleave({"sql": bare, "ours": ours}, ROUNDS)
    loop = lib.interleave({"save() loop": save_loop}, 1)["save() loop"]
    return lib.report(
        "settle", ROUNDS,
        {"commissions": SIZE, "per_s": round(rates["ours"]), "worker_mb": round(max(MEMORY_MB))},
        {"of_sql": rates["ours"] / rates["sql"], "x_save": rates["ours"] / loop,
         "worker_mb": max(MEMORY_MB)},
        {"of_sql": {"min": 0.5}, "x_save": {"min": 50}, "worker_mb": {"max": 200}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(worker() if sys.argv[1:] == ["worker"] else main())
