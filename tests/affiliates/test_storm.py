"""The night under attack: real workers killed, PostgreSQL killed, Redis killed and emptied.

On engines of its own. State lies in PostgreSQL alone and the queue only rings, so at the end
everything is settled once, whatever died. STORM=2000 sets the size.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from config import addresses, embedded
from tests.affiliates import storm

ROOT = Path(__file__).resolve().parents[2]
WORKERS, KILLS = 4, 10
LIMIT_S = 900


class Market:
    """A site's engines and workers under one folder, driven from outside."""

    def __init__(self, home: Path) -> None:
        self.engines = embedded.Engines(home)
        self.workers: list[subprocess.Popen] = []
        self.bell = Celery(
            broker=addresses.broker(self.engines.redis_url("redis")), set_as_current=False
        )
        self.env = os.environ | {
            "MARKET_MODE": "demo", "DATA_DIR": str(home), "DATABASE_URL": "", "REDIS_URL": "",
            "CLICKS_REDIS_URL": "", "THOUSAND_PART": "", "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        self.log = open(home.parent / "storm.log", "ab")  # noqa: SIM115 (closed in `stop`)

    def run(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.env, capture_output=True, text=True,
            timeout=LIMIT_S, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self, commissions: int) -> None:
        self.engines.ensure()
        self.run("manage.py", "migrate", "--verbosity", "0")
        self.run("-m", "tests.affiliates.storm", str(commissions))
        self.workers = [self.worker() for _n in range(WORKERS)]

    def worker(self) -> subprocess.Popen:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "config",
            "worker",
            "-c",
            "1",
            "-l",
            "error",
        ]
        return subprocess.Popen(
            [*command, "--without-mingle", "--without-gossip", "--without-heartbeat"],
            cwd=ROOT, env=self.env, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip

    def ring(self) -> None:
        """Ring as the clock does; while Redis is away nothing hears it."""
        with contextlib.suppress(OperationalError):
            self.bell.send_task(
                "affiliates.tasks.settle_nights", [storm.AS_OF.isoformat()], retry=False
            )

    def kill_worker(self) -> None:
        """Kill one worker with all its processes, and start another."""
        n = random.randrange(len(self.workers))
        os.killpg(self.workers[n].pid, signal.SIGKILL)
        self.workers[n].wait()
        self.workers[n] = self.worker()

    def kill_engine(self, name: str, emptied: bool = False) -> None:
        pid = self.engines.pid(name)
        assert pid
        os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + 20
        while self.engines.answers(name) and time.monotonic() < end:
            time.sleep(0.02)
        if emptied:
            shutil.rmtree(self.engines.home / name)
        self.engines.ensure()

    def ask(self, query: str) -> tuple:
        """Ask PostgreSQL; a server that is just coming back is asked again."""
        for _again in range(100):
            with contextlib.suppress(psycopg.OperationalError):
                where = {"host": str(self.engines.sockets), "dbname": embedded.DATABASE}
                with psycopg.connect(user=embedded.OWNER, **where) as connection:
                    return connection.execute(query).fetchone()
            time.sleep(0.2)
        raise TimeoutError(query)

    def settled(self) -> int:
        return self.ask("select count(*) from affiliates_commission where state = 'settled'")[0]

    def stop(self) -> None:
        self.bell.close()
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.engines.stop()
        self.log.close()


@pytest.fixture
def market(tmp_path):
    found = Market(tmp_path / "data")
    yield found
    found.stop()


def rage(market: Market, commissions: int) -> dict[str, int]:
    """Kill until everything is settled; return how often each thing was killed."""
    killed = {"worker": 0, "postgres": 0, "redis": 0}
    plan = ["worker"] * KILLS
    plan[KILLS // 3 : KILLS // 3] = ["postgres"]
    plan[2 * KILLS // 3 : 2 * KILLS // 3] = ["redis"]
    end = time.monotonic() + LIMIT_S
    market.ring()
    while plan or market.settled() < commissions:
        assert time.monotonic() < end, f"{market.settled()} of {commissions} after {killed}"
        time.sleep(random.uniform(0.05, 0.6))
        if plan:
            what = plan.pop(0)
            if what == "worker":
                market.kill_worker()
            else:
                market.kill_engine(what, emptied=what == "redis")
            killed[what] += 1
        market.ring()
    return killed


SETTLED_ONCE = """
    select (select count(*) from affiliates_commission where state <> 'settled'),
           (select count(*) from affiliates_settlementline l full join (
                select settlement_line_id as id, sum(amount) as amount from affiliates_commission
                group by 1) c using (id)
            where l.amount is distinct from c.amount),
           (select sum(amount) from affiliates_commission)
         - (select sum(amount) from affiliates_settlementline),
           (select count(*) from affiliates_settlementrun)
"""
ENTRIES = "select md5(string_agg(e::text, ',' order by id)) from affiliates_ledgerentry e"


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize(
    "commissions", [int(n) for n in os.environ.get("STORM", "2000,100000").split(",")]
)
def test_whatever_is_killed_everything_is_settled_once(market, commissions):
    market.start(commissions)
    killed = rage(market, commissions)

    assert killed == {"worker": KILLS, "postgres": 1, "redis": 1}
    again = json.loads(
        market.run("manage.py", "settle", "--as-of", storm.AS_OF.isoformat(), "--json")
    )
    assert (again["commissions"], again["left"], again["set_aside"]) == (0, 0, 0)
    assert market.ask(SETTLED_ONCE) == (0, 0, 0, 1)
    before = market.ask(ENTRIES)
    market.run("manage.py", "settle", "--as-of", storm.AS_OF.isoformat())
    assert market.ask(ENTRIES) == before
    assert json.loads(market.run("manage.py", "check_books", "--json"))["ok"]
