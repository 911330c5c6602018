"""docs/shards.csv says how each table stands to `creator_id`, and docs/scale.md names real things."""

import importlib
import io
import re
from collections import Counter

import pytest
from django.db import connection

from affiliates.models.commissions import SHARDS
from tests import harness, shards

DOCS = harness.ROOT / "docs"


def test_the_list_of_tables_is_that_of_the_models():
    made = io.StringIO()
    shards.write(made)
    assert made.getvalue() == (DOCS / "shards.csv").read_text(), (
        "python -m tests.shards > docs/shards.csv, and look at what is new"
    )


def test_what_the_page_counts_is_what_the_list_has():
    found = Counter(way for _table, way, _by, _blocks in shards.rows())
    page = (DOCS / "scale.md").read_text()
    told = {way: int(n) for way, n in re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.M)}
    assert told == found


def test_every_function_that_the_page_names_is_there():
    page = (DOCS / "scale.md").read_text()
    named = set(re.findall(r"`((?:affiliates|shop|creators|config)(?:\.\w+)+)`", page))
    assert len(named) >= 8
    for name in named:
        module, _dot, attribute = name.rpartition(".")
        try:
            found = importlib.import_module(name)
        except ModuleNotFoundError:
            found = getattr(importlib.import_module(module), attribute)
        assert found


@pytest.mark.django_db
def test_clicks_lie_in_months_and_a_months_clicks_are_found_in_it_alone():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT partstrat::text, pg_get_partkeydef(partrelid) FROM pg_partitioned_table"
            " WHERE partrelid = 'affiliates_click'::regclass"
        )
        assert cursor.fetchone() == ("r", "RANGE (clicked_at)")
        cursor.execute("SELECT make_click_partitions('2026-11-15'::timestamptz, 3)")
        cursor.execute(
            "EXPLAIN SELECT count(*) FROM affiliates_click"
            " WHERE clicked_at >= '2026-12-03Z' AND clicked_at < '2026-12-04Z'"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert set(re.findall(r"affiliates_click_\d{4}_\d{2}", plan)) == {"affiliates_click_2026_12"}


@pytest.mark.django_db
def test_a_commission_lies_in_the_shard_of_its_creator():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generation_expression FROM information_schema.columns"
            " WHERE table_name = 'affiliates_commission' AND column_name = 'shard'"
        )
        said = cursor.fetchone()[0]
    assert "creator_id" in said and str(SHARDS) in said
