"""What each part may hold of the database, and for how long."""

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from config import connections, schedule
from tests import harness
from tests.conftest import SERVERS

pytestmark = pytest.mark.django_db
PARTS = ("web", "worker", "catalogues", "beat", "drain")


@pytest.mark.parametrize("part", PARTS)
def test_every_part_gives_up_what_it_waits_for_or_holds_too_long(part):
    found = connections.limits(part)
    assert set(found) == {
        "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"
    }  # fmt: skip
    assert found["lock_timeout"] < found["statement_timeout"]
    longest_s = max(found.values()) / 1_000
    assert longest_s < settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT
    if part == "web":
        assert found["lock_timeout"] == 2_000


def test_a_worker_of_each_queue_has_limits():
    assert {"worker", schedule.CATALOGUES} <= set(PARTS)


@pytest.mark.parametrize(
    ("name", "argv", "part"),
    [
        ("", ["manage.py", "migrate"], "migrate"),
        ("web", ["granian", "migrate"], "web"),
        ("", ["/srv/app/manage.py", "migrate", "--plan"], "migrate"),
        ("", ["manage.py", "settle"], ""),
    ],
)
def test_a_command_by_hand_has_no_limit_but_migrate(name, argv, part):
    assert connections.part(name, argv) == part
    assert bool(connections.limits(part)) is (part != "")


def own_name() -> str:
    return connection.settings_dict["NAME"]


def address(part: str) -> dict[str, str]:
    entry = connections.limited({"OPTIONS": {}}, part)
    return {"host": str(SERVERS.sockets), "user": "thousand_owner", "dbname": own_name(),
            "options": entry["OPTIONS"]["options"]}  # fmt: skip


def test_migrate_does_not_queue_behind_who_reads_so_that_nobody_queues_behind_it(monkeypatch):
    monkeypatch.setitem(connections.LOCKS_MS, "migrate", 200)
    with harness.connect(SERVERS, own_name()) as reader:
        reader.execute("CREATE TABLE IF NOT EXISTS waited_for (id int)")
        with reader.transaction():
            reader.execute("SELECT FROM waited_for")
            with (
                psycopg.connect(**address("migrate"), autocommit=True) as migrate,
                pytest.raises(psycopg.errors.LockNotAvailable),
            ):
                migrate.execute("ALTER TABLE waited_for ADD COLUMN a int")
            with psycopg.connect(**address("web"), autocommit=True) as page:
                page.execute("SELECT FROM waited_for")  # nobody stands in its way
        reader.execute("DROP TABLE waited_for")


def test_a_worker_that_hangs_in_a_transaction_lets_its_rows_go(monkeypatch):
    monkeypatch.setitem(connections.IDLE_MS, "worker", 200)
    with harness.connect(SERVERS, own_name()) as other:
        other.execute("CREATE TABLE IF NOT EXISTS held (id int)")
        other.execute("INSERT INTO held VALUES (1)")
        hung = psycopg.connect(**address("worker"))
        hung.execute("SELECT FROM held FOR UPDATE")

        other.execute("SET lock_timeout = '30s'")
        other.execute("UPDATE held SET id = 2")  # comes through once the server ended the other
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            hung.execute("SELECT 1")
        other.execute("DROP TABLE held")
