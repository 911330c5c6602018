"""The application's role reads and writes rows; what only grows cannot be changed."""

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction

from config import embedded
from tests import harness
from tests.conftest import SERVERS

pytestmark = pytest.mark.django_db


def ask(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def test_tests_connect_as_the_application():
    assert ask("select current_user") == ("thousand",)
    assert ask("select count(*) from pg_tables where tableowner = current_user") == (0,)


@pytest.mark.parametrize("table", settings.APPEND_ONLY_TABLES)
@pytest.mark.parametrize("right", ["update", "delete", "truncate"])
def test_append_only_tables_only_grow(table, right):
    assert ask(f"select has_table_privilege('{table}', '{right}')") == (False,)
    assert ask(f"select has_table_privilege('{table}', 'insert')") == (True,)


def test_changing_the_ledger_is_refused():
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        ask("update affiliates_ledgerentry set amount = 1 returning id")


def test_an_auditor_reads_her_views_and_nothing_else():
    name = connection.settings_dict["NAME"]
    with harness.connect(SERVERS, name, user=embedded.AUDITOR) as own:
        assert own.execute("select count(*) from audit.log").fetchone() == (0,)
        for statement in (
            "select 1 from shop_order", "select 1 from auth_user",
            "insert into config_auditentry (act) values ('x')", "create table mine (id int)",
        ):  # fmt: skip
            with pytest.raises(psycopg.Error, match="permission denied"), own.transaction():
                own.execute(statement)


def test_the_application_makes_no_tables():
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        ask("create table mine (id int)")


@pytest.mark.django_db(transaction=True)
def test_seeds_survive_a_transactional_test_1():
    ask("update shop_taxrate set rate_bp = rate_bp returning id")


@pytest.mark.django_db(transaction=True)
def test_seeds_survive_a_transactional_test_2():
    assert ask("select count(*) > 0 from shop_taxrate") == (True,)
