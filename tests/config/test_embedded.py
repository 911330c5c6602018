"""The embedded engines: started on demand, healed after a kill, stopped for good."""

import os
import signal
import subprocess
import sys

import psycopg
import pytest
import redis

from config import embedded


@pytest.fixture
def engines(tmp_path):
    servers = embedded.Engines(tmp_path / "market")
    yield servers
    servers.stop()


def kill(engines, name):
    pid = engines.pid(name)
    os.kill(pid, signal.SIGKILL)
    # A dying process has no command line before its sockets are closed.
    embedded._until(lambda: not embedded._command(pid) and not engines.answers(name), 10)


def test_starting_twice_starts_once(engines):
    assert engines.ensure() == ["clicks", "postgres", "redis"]
    assert engines.ensure() == []


def test_the_printed_address_leads_to_the_database(engines):
    engines.ensure({"postgres"})
    with psycopg.connect(engines.sql_address()) as connection:
        assert connection.execute("select current_user, current_database()").fetchone() == (
            "thousand",
            "thousand",
        )


def test_acknowledged_rows_survive_a_kill(engines):
    engines.ensure({"postgres"})
    address = engines.sql_address(embedded.OWNER)
    with psycopg.connect(address) as connection:
        connection.execute("create table kept (id int)")
        connection.execute("insert into kept select generate_series(1, 1000)")
    kill(engines, "postgres")

    assert engines.ensure() == ["clicks", "postgres", "redis"]
    with psycopg.connect(address) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1000,)


@pytest.mark.slow
def test_a_server_that_reads_its_log_for_long_is_waited_for(engines, monkeypatch):
    engines.ensure({"postgres"})
    kill(engines, "postgres")
    data = engines.home / "postgres"
    with open(data / "postgresql.auto.conf", "a") as file:
        file.write("restore_command = 'sleep 3; false'\n")  # asked for several files
    (data / "recovery.signal").touch()
    monkeypatch.setattr(embedded, "START_LIMIT_S", 3)

    assert "postgres" in engines.ensure()
    assert "consistent recovery state reached" in (engines.home / "postgres.log").read_text()


@pytest.mark.slow
def test_one_that_still_reads_its_log_when_its_starter_dies_is_not_started_again(engines):
    engines.ensure({"postgres"})
    kill(engines, "postgres")
    data = engines.home / "postgres"
    with open(data / "postgresql.auto.conf", "a") as file:
        file.write("restore_command = 'sleep 1; false'\n")
    (data / "recovery.signal").touch()
    start = "import sys; from pathlib import Path; from config import embedded; "
    start += "embedded.Engines(Path(sys.argv[1])).ensure({'postgres'})"
    starter = subprocess.Popen([sys.executable, "-c", start, str(engines.home)])
    assert embedded._until(engines._replays, 30)
    starter.kill()
    starter.wait()
    pid = engines.pid("postgres")

    engines.ensure({"postgres"})
    assert engines.pid("postgres") == pid


def test_acknowledged_clicks_survive_a_kill(engines):
    engines.ensure({"clicks"})
    with redis.from_url(engines.redis_url("clicks")) as client:
        client.set("kept", "yes")
    kill(engines, "clicks")

    assert engines.ensure({"clicks"}) == ["clicks"]
    with redis.from_url(engines.redis_url("clicks")) as client:
        assert client.get("kept") == b"yes"


def test_a_pid_that_now_belongs_to_another_is_not_ours(engines):
    engines.ensure({"redis"})
    engines._note("clicks", os.getpid())

    assert engines.pid("clicks") is None


def test_stop_ends_every_engine(engines):
    engines.ensure()
    pids = [engines.pid(name) for name in ("postgres", "redis", "clicks")]
    engines.stop()

    assert [embedded._command(pid) for pid in pids] == ["", "", ""]
    assert not any(engines.answers(name) for name in ("postgres", "redis", "clicks"))


def test_two_first_starts_at_once_make_one_server(engines):
    code = "import sys; from pathlib import Path; from config.embedded import Engines;"
    code += "print(Engines(Path(sys.argv[1])).ensure({'postgres'}))"
    starts = [
        subprocess.Popen([sys.executable, "-c", code, str(engines.home)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    answers = sorted(start.communicate()[0].decode().strip() for start in starts)

    assert answers == ["['postgres']", "[]", "[]"]


@pytest.mark.parametrize("name", ["with a space", "x" * 90])
def test_awkward_paths_get_short_sockets(tmp_path, name):
    engines = embedded.Engines(tmp_path / name)
    engines.ensure({"redis"})

    assert len(str(engines.sockets)) < 90
    assert engines.answers("redis")
    engines.stop()
