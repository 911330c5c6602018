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
PART = SIZE // 1_000  # the loop of save() settles every PART-th creator; all would take hours
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
        '', '{due}', '{due}' from bench_commission where creator_id % {part} = 0;
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


def load(part: int = 1) -> int:
    """Put due commissions of every `part`-th creator there, nothing settled; return how many."""
    due = (clock.midnight(NIGHT) + timedelta(hours=1)).isoformat()
    with owner() as connection:
        connection.execute(LOAD.format(due=due, part=part))
        connection.execute("vacuum analyze affiliates_commission, affiliates_account")
        return connection.execute("select count(*) from affiliates_commission").fetchone()[0]


def check() -> None:
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
        raise AssertionError(f"the night went wrong: {wrong}")


def bare() -> float:
    """Settle by one transaction; return commissions per second."""
    load()
    postgres = [settings.ENGINES.pid("postgres")]
    with owner() as connection:
        cutoff = clock.cutoff_of(NIGHT).isoformat()
        run = connection.execute(
            "insert into affiliates_settlementrun (night, cutoff, created_at, root, previous_root)"
            " values (%s, %s, now(), '', '') returning id",
            [NIGHT, cutoff],
        ).fetchone()[0]
        begun, used = time.perf_counter(), lib.cpu(postgres)
        with connection.transaction():
            for statement in BARE:
                connection.execute(statement.format(run=run, cutoff=cutoff))
        spent = time.perf_counter() - begun
        CPU_US["sql"].append(lib.cpu(postgres) - used)
    check()
    return SIZE / spent


def ours() -> float:
    """Settle in a worker of its own, as the application's role; return commissions per second."""
    load()
    postgres = [settings.ENGINES.pid("postgres")]
    used = lib.cpu(postgres)
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.settle", "worker"], cwd=lib.ROOT, env=os.environ,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent, memory, own_us = done.stdout.split()
    CPU_US["ours"].append(lib.cpu(postgres) - used + int(own_us))
    MEMORY_MB.append(int(memory) / 1024)
    check()
    return SIZE / float(spent)


MEMORY_MB: list[float] = []
CPU_US: dict[str, list[int]] = {"sql": [], "ours": []}  # PostgreSQL's and the worker's


def worker() -> None:
    begun, used = time.perf_counter(), time.process_time_ns()
    settlement.settle()
    spent, used = time.perf_counter() - begun, time.process_time_ns() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{spent} {memory} {used // 1000}")


def save_loop() -> float:
    """Settle a part the way that a plain Django project would; return commissions per second."""
    count = load(PART)
    run = SettlementRun.objects.create(
        night=NIGHT, cutoff=clock.cutoff_of(NIGHT), created_at=timezone.now()
    )
    vat_bp = tax.home_vat_bp(NIGHT)
    begun = time.perf_counter()
    due: dict[tuple[int, int], list[Commission]] = {}
    for commission in Commission.objects.due(run.cutoff):
        due.setdefault((commission.creator_id, commission.brand_id), []).append(commission)
    for commissions in due.values():
        with transaction.atomic():
            _save_line(run, commissions, vat_bp)
    spent = time.perf_counter() - begun
    check()
    return count / spent


def _save_line(run: SettlementRun, commissions: list[Commission], vat_bp: int) -> None:
    first = commissions[0]
    amount = sum(commission.amount for commission in commissions)
    line = SettlementLine.objects.create(
        run=run, creator_id=first.creator_id, brand_id=first.brand_id, currency=first.currency,
        amount=amount, commission_count=len(commissions),
    )  # fmt: skip
    for commission in commissions:
        commission.state, commission.settlement_line = Commission.State.SETTLED, line
        commission.save()
    brand, creator = ledger.brand(first.brand_id), ledger.creator(first.creator_id)
    ids = ledger.accounts([(owner, "EUR") for owner in (brand, creator, ledger.VAT)])
    for kind, credit, moved in (
        ("settlement", creator, amount),
        ("settlement_vat", ledger.VAT, (amount * vat_bp + 5000) // 10000),
    ):
        LedgerEntry(
            kind=kind, debit_id=ids[brand, "EUR"], credit_id=ids[credit, "EUR"], amount=moved,
            currency="EUR", source_kind="settlement_line", source_id=line.pk,
            posted_at=timezone.now(),
        ).save()  # fmt: skip


def main() -> int:
    with owner() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(PREPARE.format(creators=SIZE // 10, size=SIZE))
        connection.execute("analyze")
    rates = lib.interleave({"sql": bare, "ours": ours}, ROUNDS, max)
    loop = lib.interleave({"save() loop": save_loop}, ROUNDS, max)["save() loop"]
    return lib.report(
        "settle", ROUNDS,
        {"commissions": SIZE, "per_s": round(rates["ours"]), "worker_mb": round(max(MEMORY_MB)),
         "cpu_us_each": round(min(CPU_US["ours"]) / SIZE), "sql_cpu_us_each": round(min(CPU_US["sql"]) / SIZE)},
        {"of_sql": rates["ours"] / rates["sql"], "x_save": rates["ours"] / loop,
         "of_sql_cpu": min(CPU_US["ours"]) / min(CPU_US["sql"]),
         "worker_mb": max(MEMORY_MB)},
        {"of_sql": {"min": 0.5}, "x_save": {"min": 50}, "worker_mb": {"max": 200}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(worker() if sys.argv[1:] == ["worker"] else main())
