"""What follows a night: the books checked, payouts built, balances read, the proof.

On the market of the settle bench, with its history settled; payouts beside bare SQL, the
check beside a sequential scan of the tables that each of its queries reads.
"""

import json
import re
import sys
import time

import django

from tests.benchmarks import lib

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from affiliates import invariants, ledger, payouts, proof  # noqa: E402
from affiliates.models import PayoutBatch, SettlementRun  # noqa: E402
from tests.benchmarks import due, people, settle  # noqa: E402

SIZE, HISTORY = (1_000_000, 3_000_000) if lib.FULL else (100_000, 300_000)
ROUNDS, ENTRIES = 3, 1_000
TABLE = re.compile(r"\b(?:affiliates|shop|creators)_[a-z]+\b|\baudit\.[a-z_]+\b")
FUND = """
    insert into affiliates_account (kind, currency) values ('provider_clearing', 'EUR'),
        ('payout_in_transit', 'EUR') on conflict do nothing;
    insert into affiliates_ledgerentry (kind, debit_id, credit_id, amount, currency, source_kind,
        source_id, posted_at)
    select 'bench', c.id, b.id, 1000000000000, 'EUR', 'bench', b.id, now()
    from affiliates_account b, affiliates_account c
    where b.kind = 'brand_balance' and c.kind = 'provider_clearing'
"""
UNPAY = """
    truncate affiliates_payoutclaim, affiliates_payoutattempt, affiliates_payout,
        affiliates_payoutbatch cascade;
    delete from affiliates_ledgerentry where source_kind = 'payout'
"""
# The same rows for the same creators: payouts, claims, entries; nobody is asked whether she
# may be paid, or whether her brands have the money.
BARE = """
    with lines as (
        select id, creator_id, currency, amount from affiliates_settlementline
    ), sums as (
        select creator_id, currency, sum(amount)::bigint as amount from lines group by 1, 2
    ), made as (
        insert into affiliates_payout (batch_id, creator_id, method_id, tax_profile_id, amount,
            vat, currency, rail, state, reason, provider_ref, created_at)
        select {batch}, s.creator_id, m.id, t.id, s.amount, 0, s.currency, m.rail, 'pending', '',
            '', now()
        from sums s join affiliates_payoutmethod m using (creator_id)
        join affiliates_taxprofile t using (creator_id) where s.amount >= 1000
        returning id, creator_id, currency, amount
    ), claims as (
        insert into affiliates_payoutclaim (payout_id, line_id)
        select made.id, lines.id from made join lines using (creator_id, currency)
    )
    insert into affiliates_ledgerentry (kind, debit_id, credit_id, amount, currency, source_kind,
        source_id, posted_at)
    select 'payout', a.id, t.id, m.amount, m.currency, 'payout', m.id, now()
    from made m
    join affiliates_account a on a.kind = 'creator_balance' and a.creator_id = m.creator_id
    cross join (select id from affiliates_account where kind = 'payout_in_transit') t
"""


def prepare() -> None:
    """Settle the market, behind its history, and make everybody payable."""
    due.prepare(SIZE)
    due.load(SIZE, HISTORY)
    settle.bare_night()
    people.make_payable(SIZE // due.PER_CREATOR)
    with due.owner() as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute(FUND)
        owner.execute("vacuum analyze")


# ------------------------------------------------------------------ the check


def scanned() -> list[str]:
    """Return the tables of every query of the check, as often as a query reads them."""
    with connection.cursor() as cursor:
        cursor.execute("select relname, relkind from pg_class where relkind in ('r', 'p')")
        tables = {row[0] for row in cursor.fetchall()}
    views = {
        "audit.entries": "affiliates_ledgerentry",
        "audit.commissions": "affiliates_commission",
    }
    return [
        name
        for query in invariants.INVARIANTS.values()
        for found in sorted(set(TABLE.findall(query)))
        if (name := views.get(found, found)) in tables
    ]


def check() -> float:
    """Return the CPU seconds of checking the books; they must be in balance."""
    used = lib.cpu(settle.postgres())
    offences = invariants.check()
    if offences:
        raise AssertionError(f"the books are off: {offences}")
    return (lib.cpu(settle.postgres()) - used) / 1e6


def scan() -> float:
    used = lib.cpu(settle.postgres())
    with connection.cursor() as cursor:
        for name in scanned():
            cursor.execute(f"select count(*) from {name}")  # noqa: S608
    return (lib.cpu(settle.postgres()) - used) / 1e6


# ------------------------------------------------------------------ payouts


def unpay() -> None:
    with due.owner() as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute(UNPAY)
        owner.execute("vacuum analyze affiliates_ledgerentry")


def pay() -> float:
    """Build the payouts; return payouts per second."""
    unpay()
    return _paid("ours", lambda: payouts.build(timezone.now()))


def pay_bare() -> float:
    unpay()
    at = timezone.now()
    batch = PayoutBatch.objects.create(
        rail="sepa", currency="EUR", pay_on=at.date(), built_at=at, message_id="BENCH"
    )
    return _paid("bare", lambda: _execute(BARE.format(batch=batch.pk)))


PAYOUTS: dict[str, int] = {}
PAY_CPU: dict[str, list[float]] = {"ours": [], "bare": []}


def _execute(statement: str) -> None:
    with due.owner() as owner, owner.transaction():
        owner.execute(statement)


def _paid(name: str, work) -> float:
    used = lib.cpu(settle.postgres())
    spent = lib.timed(work)
    PAY_CPU[name].append((lib.cpu(settle.postgres()) - used) / 1e6)
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from affiliates_payout")
        PAYOUTS[name] = cursor.fetchone()[0]
    return PAYOUTS[name] / spent


# ------------------------------------------------------------------ one balance, the proof


def nodes_of_balance() -> list[str]:
    """Return how PostgreSQL reads entries for the balance of a creator with ENTRIES of them."""
    with due.owner() as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute(
            """insert into affiliates_ledgerentry (kind, debit_id, credit_id, amount, currency,
                source_kind, source_id, posted_at)
            select 'settlement', b.id, k.id, 1, 'EUR', 'bench', n, now()
            from (select id from affiliates_account where kind = 'brand_balance' limit 1) b,
                 (select id from affiliates_account where kind = 'creator_balance'
                  and creator_id = 1) k, generate_series(1, %s) n""",
            [ENTRIES],
        )
        owner.execute("vacuum analyze affiliates_ledgerentry")
    with CaptureQueriesContext(connection) as asked:
        ledger.balance(ledger.creator(1), "EUR")
    with connection.cursor() as cursor:
        cursor.execute(f"explain (format json) {asked[0]['sql']}")
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return [
        node["Node Type"]
        for node in _nodes(plan[0]["Plan"])
        if node.get("Relation Name") == "affiliates_ledgerentry"
    ]


def _nodes(node: dict):
    yield node
    for inner in node.get("Plans", []):
        yield from _nodes(inner)


def proof_us(run: SettlementRun) -> float:
    """Return the CPU microseconds per line of a night's root."""
    used = time.process_time()
    proof.root_and_head(proof.leaves(run))
    return (time.process_time() - used) * 1e6 / run.lines.count()


def main() -> int:
    prepare()
    spent = lib.interleave({"check": check, "scan": scan}, ROUNDS, min)
    rates = lib.interleave({"payouts": pay, "payouts, bare": pay_bare}, ROUNDS, max)
    if PAYOUTS["ours"] != PAYOUTS["bare"]:
        raise AssertionError(f"not the same payouts: {PAYOUTS}")
    unpay()
    large, small = (SettlementRun.objects.order_by(o)[0] for o in ("-night", "night"))
    per_line = lib.interleave(
        {"large": lambda: proof_us(large), "small": lambda: proof_us(small)}, ROUNDS, min
    )
    nodes = nodes_of_balance()
    return lib.report(
        "books", ROUNDS,
        {"commissions": SIZE + HISTORY, "check_cpu_s": round(spent["check"], 2),
         "payouts": PAYOUTS["ours"], "payouts_per_s": round(rates["payouts"]),
         "proof_us_per_line": round(per_line["large"], 1), "balance": nodes,
         "lines": [large.lines.count(), small.lines.count()]},
        {"check_of_scan_cpu": spent["check"] / spent["scan"],
         "payouts_of_bare": rates["payouts, bare"] / rates["payouts"],
         "payouts_of_bare_cpu": min(PAY_CPU["ours"]) / min(PAY_CPU["bare"]),
         "proof_per_line": per_line["large"] / per_line["small"],
         "balance_reads_tables": sum("Index Only" not in node for node in nodes)},
        {"check_of_scan_cpu": {"max": 2}, "payouts_of_bare": {"max": 1.5},
         "proof_per_line": {"max": 1.25}, "balance_reads_tables": {"max": 0}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
