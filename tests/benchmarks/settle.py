"""The night, beside one bare SQL transaction that does the same work, and plain Django.

All start from the same due commissions in the same tables, indexes, constraints and
triggers on, as a role that owns nothing where it is ours. CPU is the worker's and
PostgreSQL's together: what else a machine does disturbs it less than the clock.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import django

from tests.benchmarks import lib

django.setup()

from django.conf import settings  # noqa: E402

from affiliates import settlement  # noqa: E402
from tests.benchmarks import by_rows, due  # noqa: E402

SIZE = 100_000
LARGE = (1_000_000, 5_000_000)  # with FULL=1
HISTORY = 3_000_000
BULK, SAVES = 10_000, 10_000 if lib.FULL else 1_000
ROUNDS = 3
WORKERS = ("ours", "ours with two workers")

# The whole night as one transaction: no shards to claim, nothing to resume.
BARE = """
    with due as materialized (
        select id, creator_id, brand_id, currency, amount from affiliates_commission
        where state = 'pending' and due_at < '{cutoff}' for update
    ), sums as (
        select creator_id, brand_id, currency, sum(amount)::bigint as amount, count(*) as n
        from due group by 1, 2, 3
    ), lines as (
        insert into affiliates_settlementline
            (run_id, creator_id, brand_id, currency, amount, vat, commission_count, salt)
        select {run}, creator_id, brand_id, currency, amount, (amount * 2100 + 5000) / 10000, n,
            uuid_send(gen_random_uuid())
        from sums returning id, creator_id, brand_id, currency, amount, vat
    ), marked as (
        update affiliates_commission c
        set state = 'settled', settlement_line_id = l.id, vat_bp = 2100
        from due d join lines l using (creator_id, brand_id, currency) where c.id = d.id
    )
    insert into affiliates_ledgerentry
        (kind, debit_id, credit_id, amount, currency, source_kind, source_id, posted_at)
    select m.kind, b.id, m.account_id, m.amount, l.currency, 'settlement_line', l.id, now()
    from lines l
    join affiliates_account b on b.kind = 'brand_balance' and b.brand_id = l.brand_id
    join affiliates_account k on k.kind = 'creator_balance' and k.creator_id = l.creator_id
    cross join (select id from affiliates_account where kind = 'vat') v
    cross join lateral (values ('settlement', k.id, l.amount),
        ('settlement_vat', v.id, l.vat)) m(kind, account_id, amount)
    where m.amount > 0
"""
# Nothing marked: one row per commission is its double entry, balances folded afterwards.
INSERT_ONLY = (
    """
    create table bench_transfer (commission_id bigint primary key, debit_id bigint not null,
        credit_id bigint not null, amount bigint not null check (amount > 0), run_id bigint);
    create table bench_balance (account_id bigint primary key, amount bigint not null)
    """,
    """
    insert into bench_transfer
    select c.id, b.id, k.id, c.amount, {run} from affiliates_commission c
    join affiliates_account b on b.kind = 'brand_balance' and b.brand_id = c.brand_id
    join affiliates_account k on k.kind = 'creator_balance' and k.creator_id = c.creator_id
    where c.state = 'pending' and c.due_at < '{cutoff}';
    insert into bench_balance
    select account_id, sum(v) from (
        select debit_id as account_id, -amount as v from bench_transfer
        union all select credit_id, amount from bench_transfer) s group by 1
    """,
    "drop table bench_transfer, bench_balance",
)

CPU_US: dict[str, list[float]] = {}  # per commission
MEMORY_MB: dict[str, list[float]] = {"worker": [], "backend": []}


def postgres() -> list[int]:
    return [settings.ENGINES.pid("postgres")]


def counted(name: str, size: int, work: Callable[[], float | None], own: bool = False) -> float:
    """Do the work on `size` due commissions; return commissions per second.

    The work may time itself: then it returns its seconds. `own`: it runs in this process.
    """
    used, ours = lib.cpu(postgres()), time.process_time_ns()
    begun = time.perf_counter()
    spent = work() or time.perf_counter() - begun
    ours = (time.process_time_ns() - ours) // 1000 if own else 0
    CPU_US.setdefault(name, []).append((lib.cpu(postgres()) - used + ours) / size)
    return size / spent


def bare(size: int = SIZE) -> float:
    due.load(size)
    rate = counted("sql", size, bare_night)
    due.check()
    return rate


def bare_night() -> float:
    """Settle what is due by one transaction; return its seconds."""
    return _sql(BARE)


def insert_only() -> float:
    due.load(SIZE)
    with due.owner() as connection:
        connection.execute(INSERT_ONLY[0])
        rate = counted("insert only", SIZE, lambda: _sql(INSERT_ONLY[1]))
        connection.execute(INSERT_ONLY[2])
    return rate


def _sql(statement: str) -> float:
    with due.owner() as connection:
        run = due.run(due.NIGHT)
        begun = time.perf_counter()
        with connection.transaction():
            connection.execute(statement.format(run=run.pk, cutoff=run.cutoff.isoformat()))
        return time.perf_counter() - begun


def ours(size: int = SIZE, workers: int = 1, history: int = 0) -> float:
    """Settle in workers of their own, as the application's role."""
    due.load(size, history)
    name = WORKERS[workers - 1] + (" behind history" if history else "")
    with lib.Watch(postgres()[0]) as watch:
        rate = counted(name, size, lambda: _work(name, size, workers))
    MEMORY_MB["backend"].append(watch.most_mb)
    due.check()
    return rate


def _work(name: str, size: int, workers: int) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.settle", "worker"]
    running = [
        subprocess.Popen(
            command, cwd=lib.ROOT, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )
        for _n in range(workers)
    ]  # fmt: skip
    for worker in running:
        worker.stdout.readline()  # all have started
    for worker in running:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    said = [worker.communicate()[0].split() for worker in running]
    begun = min(float(words[0]) for words in said)
    spent = max(float(words[1]) for words in said) - begun
    CPU_US.setdefault(f"{name}, worker", []).append(sum(int(words[3]) for words in said) / size)
    MEMORY_MB["worker"] += [float(words[2]) for words in said]
    return spent


def worker() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begun, used = time.monotonic(), time.process_time_ns()
    settlement.settle()
    spent, used = time.monotonic(), time.process_time_ns() - used
    sys.stdout.write(f"{begun} {spent} {lib.most_mb()} {used // 1000}")


def by(name: str, work: Callable[[], None], size: int) -> float:
    due.load(size)
    rate = counted(name, size, work, own=True)
    due.check()
    return rate


def cpu(name: str) -> float:
    """Return the least CPU of a contender, in microseconds per commission."""
    return min(CPU_US[name]) + min(CPU_US.get(f"{name}, worker", [0]))


def main() -> int:
    due.prepare(SIZE)
    targets = {
        "sql": bare,
        "ours": ours,
        "ours with two workers": lambda: ours(workers=2),
        "insert only": insert_only,
        "bulk": lambda: by("bulk", by_rows.bulk, BULK),
        "save() loop": lambda: by("save() loop", by_rows.save_loop, SAVES),
    }
    rates = lib.interleave(targets, ROUNDS, max)
    ratios = {
        "of_sql": rates["ours"] / rates["sql"],
        "of_sql_two_workers": rates["ours with two workers"] / rates["sql"],
        "x_save": rates["ours"] / rates["save() loop"],
        "x_bulk": rates["ours"] / rates["bulk"],
        "of_insert_only": rates["ours"] / rates["insert only"],
        "of_sql_cpu": cpu("sql") / cpu("ours"),
        "x_save_cpu": cpu("save() loop") / cpu("ours"),
        "x_bulk_cpu": cpu("bulk") / cpu("ours"),
    }
    bars = {
        "of_sql": {"min": 0.5}, "of_sql_two_workers": {"min": 0.8},
        "x_save": {"min": 100}, "x_bulk": {"min": 25},
        "worker_mb": {"max": 128}, "backend_mb": {"max": 64},
    }  # fmt: skip
    at = {SIZE: rates["ours"]}
    if lib.FULL:
        at |= large(ratios, bars)
    ratios |= {f"{name}_mb": max(values) for name, values in MEMORY_MB.items()}
    figures = {
        "per_s": {f"{size}": round(rate) for size, rate in at.items()},
        "per_s_of": {name: round(rate) for name, rate in rates.items()},
        "cpu_us": {name: round(cpu(name), 1) for name in targets},
    }
    return lib.report("settle", ROUNDS, figures, ratios, bars)


def large(ratios: dict[str, float], bars: dict[str, dict[str, float]]) -> dict[int, float]:
    """Settle millions, and a night behind history; add to the report, return the rates."""
    rates = {}
    behind = lib.interleave(
        {"without history": ours, "behind history": lambda: ours(history=HISTORY)}, ROUNDS, max
    )
    ratios["behind_history"] = behind["without history"] / behind["behind history"]
    bars["behind_history"] = {"max": 2}
    for size in LARGE:
        due.prepare(size)
        found = lib.interleave(
            {
                f"sql {size}": lambda size=size: bare(size),
                f"ours {size}": lambda size=size: ours(size),
                f"ours {size}, two workers": lambda size=size: ours(size, workers=2),
            },
            1,
        )
        sql, one, two = found.values()
        ratios |= {f"of_sql_{size}": one / sql, f"of_sql_two_workers_{size}": two / sql}
        bars |= {f"of_sql_{size}": {"min": 0.5}, f"of_sql_two_workers_{size}": {"min": 0.8}}
        rates[size] = one
    ratios["at_5m"] = rates[LARGE[-1]] / behind["without history"]
    bars["at_5m"] = {"min": 0.8}
    return rates


if __name__ == "__main__":
    sys.exit(worker() if sys.argv[1:] == ["worker"] else main())
