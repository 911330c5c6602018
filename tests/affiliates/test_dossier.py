"""What a person takes along of a long history: each table by an index, all of it in a minute."""

import io
import json
import os
import sys
import time
import zipfile

import pytest
from django.db import connection
from django.utils import timezone

from affiliates import dossier, ledger
from affiliates.models import (
    Attribution,
    Click,
    Commission,
    LedgerEntry,
    Link,
    LinkDay,
    SettlementLine,
)
from tests import harness
from tests.benchmarks.lib import own_mb
from tests.benchmarks.market_of_links import insert
from tests.conftest import SERVERS
from tests.creators.factories import make_creator, make_user

FEW = {"creators_report", "shop_teaminvitation"}  # thousands of rows where others have millions
HISTORY = 5_000  # commissions of one creator
OTHERS = 200_000  # of everybody else
LINKS, DAYS = 100, 400
CLICKS = 100_000
LIMIT_S, LIMIT_MB = 60, 120


@pytest.mark.django_db
def test_every_table_is_asked_by_an_index():
    """Else a person's file reads all of a large market, and the web's five seconds end it."""
    user, scanned = make_user(), {}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for part in dossier.PARTS:
            for asked in dossier.questions(part, user, ["someone@people.example"]):
                sql, values = asked.query.sql_with_params()
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
                plan = cursor.fetchone()[0]
                plan = json.loads(plan) if isinstance(plan, str) else plan
                if found := set(_scans(plan[0]["Plan"])) - FEW:
                    scanned.setdefault(part.model, set()).update(found)
    assert scanned == {}


def _scans(node):
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for inner in node.get("Plans", []):
        yield from _scans(inner)


# ------------------------------------------------------------------ a long history


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_a_long_history_is_taken_along_in_a_minute(capsys):
    creator = make_creator(followers=6_000, user=make_user(), handle="noor.long")
    _grow(creator)
    before = own_mb(os.getpid())
    out, begun = io.BytesIO(), time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 5000")  # the web's
    rows = dossier.write(creator.user, out, timezone.now())
    spent, grown = time.monotonic() - begun, own_mb(os.getpid()) - before
    with zipfile.ZipFile(out) as archive:
        tables = json.loads(archive.read("data.json"))["tables"]
        sheet = archive.read("csv/affiliates.Commission.csv").decode("utf-8-sig")
    with capsys.disabled():
        size = len(out.getvalue()) / 1e6
        said = f"{rows} rows, {size:.1f} MB, in {spent:.1f} s; {grown:.0f} MB of memory more"
        sys.stdout.write(f"\n{said}\n")

    assert len(tables["affiliates.Commission"]) == len(tables["affiliates.Attribution"]) == HISTORY
    assert len(tables["affiliates.LinkDay"]) == LINKS * DAYS
    assert sum(row["clicks"] for row in tables["affiliates.LinkDay"]) >= CLICKS
    assert len(sheet.splitlines()) == HISTORY + 1
    assert sum(map(len, tables.values())) == rows
    assert spent < LIMIT_S and grown < LIMIT_MB


def _grow(creator):
    """Put hers and everybody else's history there, in SQL with triggers off."""
    (account,) = ledger.accounts([(ledger.creator(creator.pk), "EUR")]).values()
    with harness.connect(SERVERS, connection.settings_dict["NAME"]) as own, own.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        insert(
            cursor, Link, f"generate_series(1, {LINKS}) n", id="n", code="'long' || n",
            creator_id=str(creator.pk), collaboration_id="1", product_id="n", platform="'tiktok'",
            taken_bp="1200", created_at="now()", destination="'/shop/'",
        )  # fmt: skip
        insert(
            cursor, LinkDay, f"generate_series(1, {LINKS}) n, generate_series(1, {DAYS}) d",
            link_id="n", day="current_date - d", clicks=str(CLICKS // (LINKS * DAYS) + 1),
        )  # fmt: skip
        insert(
            cursor, Click, f"generate_series(1, {CLICKS}) n", uid="gen_random_uuid()",
            link_id=f"1 + mod(n, {LINKS})", clicked_at="now()", visitor="decode(repeat('00', 16), 'hex')", counted="true",
        )  # fmt: skip
        for first, many, whose, account_id in (
            (1, HISTORY, str(creator.pk), str(account)),
            (
                10**9,
                OTHERS,
                f"{10**6} + mod(n, {OTHERS // 10})",
                f"{10**6} + mod(n, {OTHERS // 10})",
            ),
        ):
            source, number = f"generate_series(1, {many}) n", f"{first} + n"
            insert(
                cursor, Attribution, source, order_line_id=number, creator_id=whose,
                link_id=f"1 + mod(n, {LINKS})", rule="'newest_click'", created_at="now()",
                touches="'[]'", clicked_at="now()",
            )  # fmt: skip
            insert(
                cursor, SettlementLine, source, id=number, run_id="n", creator_id=whose,
                brand_id="1", currency="'EUR'", amount="500", vat="105", commission_count="1",
                salt="uuid_send(gen_random_uuid())",
            )  # fmt: skip
            insert(
                cursor, Commission, source, state="'settled'", creator_id=whose, brand_id="1",
                collaboration_id="1", order_line_id=number, settlement_line_id=number, base="4000",
                rate_bp="1200", amount="500", vat_bp="2100", currency="'EUR'", due_at="now()",
                created_at="now()",
            )  # fmt: skip
            insert(
                cursor, LedgerEntry, source, kind="'settlement'", debit_id="1",
                credit_id=account_id, amount="500", currency="'EUR'", posted_at="now()",
                source_kind="'settlement_line'", source_id=number,
            )  # fmt: skip
        cursor.execute("ANALYZE")
