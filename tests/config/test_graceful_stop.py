"""Parts that are asked to end finish what they began: no accepted request fails, no task is lost."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
import redis
from django.conf import settings as market

from config import audit, schedule
from config.lib import audit as lib
from config.management.commands.up import parts
from tests import harness
from tests.conftest import SERVERS

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
PATIENCE_S = 60
SHOPPERS = 8
SEAL_LOCK = 7_265_010  # of audit_seal()
PAGE = "/rules/"


def until(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def owner():
    return harness.connect(SERVERS, os.environ["DATABASE_URL"].rpartition("/")[2])


def waiting(own) -> int:
    """Return how many wait for a lock of this database."""
    return own.execute(
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE NOT l.granted AND d.datname = current_database()"
    ).fetchone()[0]


def command(name: str) -> list[str]:
    """Return how `up` starts a part, without the interpreter."""
    return next(part.command for part in parts("127.0.0.1", 2) if part.name == name)[2:]


@pytest.fixture
def web(settings):
    settings.PORT = harness.free_port()
    env = {"THOUSAND_PART": "web", "DATA_DIR": str(market.DATA_DIR), "PORT": str(settings.PORT)}
    site = harness.Served(settings.PORT, command("web"), env)
    site.port = settings.PORT
    yield site
    site.stop()


def ask(port: int) -> str:
    """Return "refused", "answered", or how a request that had begun failed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.connect()
    except OSError:
        return "refused"  # a proxy asks the next one
    try:
        connection.request("GET", PAGE, headers={"Host": "localhost"})
        answer = connection.getresponse()
        answer.read()
        return "answered" if answer.status == 200 else f"status {answer.status}"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def test_pages_that_were_begun_are_answered(web):
    said, threads = [], []
    assert {ask(web.port) for _n in range(8)} == {"answered"}  # what the first asks is loaded
    with owner() as own:
        with own.transaction():
            own.execute("LOCK TABLE creators_enrolmentpolicy IN ACCESS EXCLUSIVE MODE")
            for _n in range(4):
                threads.append(threading.Thread(target=lambda: said.append(ask(web.port))))
                threads[-1].start()
            until(lambda: waiting(own) == 4)
            web.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()

    assert said == ["answered"] * 4
    assert web.process.wait(PATIENCE_S) == 0
    assert ask(web.port) == "refused"


def test_under_load_no_accepted_request_fails(web):
    seen, stop = Counter(), threading.Event()

    def shop() -> None:
        while not stop.is_set():
            said = ask(web.port)
            seen[said] += 1
            if said == "refused":
                return

    threads = [threading.Thread(target=shop) for _n in range(SHOPPERS)]
    for thread in threads:
        thread.start()
    until(lambda: seen["answered"] > 10 * SHOPPERS)
    web.process.send_signal(signal.SIGTERM)
    assert web.process.wait(PATIENCE_S) == 0
    until(lambda: seen["refused"] == SHOPPERS)
    stop.set()
    for thread in threads:
        thread.join()

    assert set(seen) == {"answered", "refused"}, seen


def test_a_worker_ends_the_task_it_began_and_leaves_the_rest_in_the_queue():
    env = os.environ | {"THOUSAND_PART": "worker", "DATA_DIR": str(market.DATA_DIR)}
    words = [sys.executable, "-m", *command("worker")]
    words[words.index("-c") + 1] = "1"
    lib.note("act", "thing:1")
    with owner() as own, redis.from_url(market.REDIS_URL) as queue:
        own.execute("SELECT pg_advisory_lock(%s)", [SEAL_LOCK])
        audit.seal.delay()
        worker = subprocess.Popen(words, cwd=harness.ROOT, env=env, start_new_session=True)
        try:
            until(lambda: waiting(own) == 1)
            audit.seal.delay()
            audit.seal.delay()
            worker.send_signal(signal.SIGTERM)
            own.execute("SELECT pg_advisory_unlock(%s)", [SEAL_LOCK])
            assert worker.wait(PATIENCE_S) == 0
        finally:
            worker.kill()
        left = queue.llen(schedule.DEFAULT)

    assert audit.verify().entries >= 1  # sealed by it, before it ended
    assert left == 2
