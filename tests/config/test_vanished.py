"""How soon the ends of a connection notice that the other machine is gone, and who waits for it."""

import psycopg
import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from config import addresses, celery, connections
from shop.tasks import confirm_order
from tests.conftest import SERVERS

REMOTE = addresses.database("DATABASE_URL", "postgresql://thousand:word@db.example/thousand")


def test_a_connection_to_another_machine_is_given_up_by_both_ends_in_half_a_minute():
    entry = connections.limited(REMOTE, "web")
    options = entry["OPTIONS"]
    given_up_s = options["keepalives_idle"] + (
        options["keepalives_count"] * options["keepalives_interval"]
    )
    assert (given_up_s, options["tcp_user_timeout"]) == (25, 25_000)
    assert options["connect_timeout"] == 5
    assert "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5" in options["options"]


def test_the_server_takes_what_is_asked_for():
    asked = connections.limited(REMOTE, "web")["OPTIONS"]["options"]
    with psycopg.connect(
        host=str(SERVERS.sockets), user="thousand", dbname="postgres", options=asked
    ) as connection:
        shown = {
            name: connection.execute(f"show {name}").fetchone()[0]
            for name in ("client_connection_check_interval", "statement_timeout", "lock_timeout")
        }
    assert set(shown.values()) == {"5s", "2s"}


def test_what_an_operator_says_in_the_address_wins():
    url = "postgresql://a@db.example/x?connect_timeout=9&options=-c%20statement_timeout%3D1"
    options = connections.limited(addresses.database("DATABASE_URL", url), "web")["OPTIONS"]
    assert options["connect_timeout"] == "9"
    assert "-c statement_timeout=5000" in options["options"]
    assert options["options"].endswith(" -c statement_timeout=1")


def test_a_socket_needs_none_of_it_and_a_copy_is_given_up_sooner():
    beside = addresses.database("DATABASE_URL", "postgresql:///thousand?host=/run/postgresql")
    assert "keepalives" not in str(connections.limited(beside, "worker"))
    copy = connections.replica(REMOTE, "web")["OPTIONS"]
    assert (copy["connect_timeout"], copy["tcp_user_timeout"], "pool" in copy) == (2, 3_000, False)


def test_one_waits_for_a_queue_that_is_away_and_the_others_do_not(monkeypatch):
    monkeypatch.setattr(celery, "SILENCE_S", 600)
    with Connection("redis://127.0.0.1:1/0") as away, pytest.raises(OperationalError):
        confirm_order.apply_async([1], connection=away)
    with pytest.raises(OperationalError, match="a moment ago"):
        confirm_order.delay(1)

    monkeypatch.setattr(celery.Bell, "silent_until", 0.0)
    assert confirm_order.delay(1).id
