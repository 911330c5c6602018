"""A market over the hosts of a network: its parts as `deploy/` starts them, and what they did."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

import psycopg
from celery import Celery
from kombu.exceptions import OperationalError as NoBell

from config import embedded
from tests import harness
from tests.running import ROOT, until
from tests.scale.balancer import Balancer
from tests.scale.engines import PORTS
from tests.scale.network import Network

WEB, WORKERS = ("web1", "web2"), ("worker1", "worker2", "worker3")
HOSTS = [*WEB, *WORKERS, "db", "redis"]
PORT, PLACES = 8000, "2"
SIZE = ("--creators", "250", "--brands", "4", "--products", "24", "--orders", "300")
# What Celery writes when a task is done: LOG_TASKS.
DONE = re.compile(r"Task ([\w.]+)\[[\w-]+\] succeeded in [\d.]+s: (\d+)$", re.M)
KINDS = {  # what a task did, by its name; its number is how many
    "affiliates.tasks.settle_shard": "commissions settled",
    "shop.tasks.import_feed": "rows imported",
    "creators.tasks.read_some": "channels read",
}
SHARDS = "shards of the night"
DRAIN = 7_264_012  # affiliates/locks.py


def kind_of(task: str) -> str:
    if ".mail_" in task or task == "shop.tasks.confirm_order":
        return "mails sent"
    return KINDS.get(task, "")


class Market:
    """Engines, parts and the load balancer; `with` starts everything and ends it."""

    def __init__(self, network: Network, home: Path) -> None:
        self.network, self.home = network, home
        self.database, word = network["db"].address, secrets.token_hex(16)
        self.password, redis = word, network["redis"].address
        balanced = harness.free_port()
        self.urls = {name: f"redis://:{word}@{redis}:{port}/0" for name, port in PORTS.items()}
        server = f"{word}@{self.database}/{embedded.DATABASE}"
        self.env = os.environ | {
            "MARKET_MODE": "demo",
            "DATA_DIR": str(home / "shared"),  # the one disk that all of them mount
            "DATABASE_URL": f"postgresql://{embedded.APP}:{server}",
            "DATABASE_OWNER_URL": f"postgresql://{embedded.OWNER}:{server}",
            "DATABASE_REPLICA_URL": "",
            "REDIS_URL": self.urls["redis"],
            "CLICKS_REDIS_URL": self.urls["clicks"],
            "PORT": str(PORT),
            "FAKE_PLATFORM_PORT": str(PORT + 1),
            "SITE_URL": f"http://localhost:{balanced}",
            "TRUSTED_PROXY_COUNT": "1",
            "CATALOGUES_AT_ONCE": "6",
            "LOG_TASKS": "1",
            "LOG_FORMAT": "line",
            "THOUSAND_PART": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore:You're running the worker",
        }
        self.balancer = Balancer(balanced, {n: (network[n].address, PORT) for n in WEB})
        limits = {"socket_timeout": 2, "socket_connect_timeout": 2}
        self.bell = Celery(broker=self.urls["redis"])
        self.bell.conf.broker_transport_options = limits
        self.bell.conf.broker_connection_timeout = 2

    def __enter__(self) -> Market:
        (self.home / "shared").mkdir(mode=0o700)
        self._engine("db", "postgres", self.home / "db", self.database, self.network.subnet,
                     self.password)  # fmt: skip
        for name in PORTS:
            words = [sys.executable, "-m", "tests.scale.engines", name, str(self.home / "redis")]
            words += [self.network["redis"].address, self.password]
            self.network["redis"].start(words, self.env, self.log("redis"))
        self.manage("migrate", "--verbosity", "0")
        return self

    def __exit__(self, *_problem: object) -> None:
        self.balancer.close()
        self.bell.close()
        for host in self.network.hosts.values():
            if host.name != "db":
                host.kill()
        embedded.Engines(self.home / "db").stop()

    def _engine(self, host: str, *words: object) -> None:
        command = [sys.executable, "-m", "tests.scale.engines", *map(str, words)]
        self.network[host].run(command, self.env)

    # ------------------------------------------------------------ parts
    def start(self) -> None:
        """Start every part on its hosts, and wait until both web hosts answer."""
        for name in WEB:
            self.part(name, "web", "granian", "--interface", "wsgi", "--host", self.network[name].address,
                      "--port", str(PORT), "--workers", "1", "--blocking-threads", "4",
                      "--backpressure", "64", "--no-ws", "--log-level", "warning",
                      "config.wsgi:application")  # fmt: skip
            self.part(name, "drain", "manage", "drain_clicks")
            self.part(name, "beat", "celery", "--quiet", "-A", "config", "beat", "-l", "warning",
                      "--pidfile", "", "--schedule", str(self.home / f"{name}.beat"))  # fmt: skip
        for name in WORKERS:
            self.part(name, "platforms", "creators.platforms.fake", "--port", str(PORT + 1))
            self.worker(name)
        assert until(lambda: all(map(self.answers, WEB))), self.tail()

    def worker(self, name: str) -> None:
        self.part(name, "worker", "celery", "--quiet", "-A", "config", "worker", "-n",
                  f"worker@{name}", "-c", PLACES, "-l", "warning", "--without-gossip",
                  "--without-mingle")  # fmt: skip

    def part(self, host: str, name: str, *words: str) -> None:
        env = self.env | {"THOUSAND_PART": name}
        self.network[host].start([sys.executable, "-m", *words], env, self.log(host))

    @property
    def url(self) -> str:
        return self.balancer.url

    def log(self, host: str) -> Path:
        return self.home / f"{host}.log"

    def tail(self) -> str:
        return "\n".join(
            f"{n}: {self.log(n).read_text()[-1500:]}" for n in HOSTS if self.log(n).exists()
        )

    def manage(self, *words: str) -> str:
        """Run a command as an operator does from beside the hosts."""
        return self._python("manage.py", *words)

    def fill(self, commissions: int) -> dict[str, object]:
        self.manage("demo", *SIZE)
        return json.loads(self._python("-m", "tests.scale.fill", str(commissions)))

    def _python(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{words}: {done.stderr[-3000:]}\n{self.tail()}")
        return done.stdout

    # ------------------------------------------------------------ asking and ringing
    def answers(self, web: str) -> bool:
        return self._says(web, "?for=traffic") in ("ok", "degraded")

    def well(self, web: str) -> bool:
        """Say whether everything is well, seen from one web host: clicks and queues, too."""
        return self._says(web, "") == "ok"

    def _says(self, web: str, query: str) -> str:
        url = f"http://{self.network[web].address}:{PORT}/readyz{query}"
        request = urllib.request.Request(url, headers={"Host": "localhost"})
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read())["status"]
        return ""

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.env["DATABASE_OWNER_URL"], autocommit=True, connect_timeout=10)

    def ask(self, query: str, *values: object) -> tuple:
        with self.connect() as own:
            return own.execute(query, values).fetchone()

    def ring(self, task: str, *words: object) -> None:
        """Ring as the clock does; while Redis is away nothing hears it."""
        with contextlib.suppress(NoBell, OSError):
            self.bell.send_task(task, list(words), retry=False)

    def done(self) -> dict[str, Counter]:
        """Return what each worker host did, by kind: from its own log."""
        found = {name: Counter() for name in WORKERS}
        for name in WORKERS:
            log = self.log(name)
            for task, number in DONE.findall(
                log.read_text(errors="replace") if log.exists() else ""
            ):
                found[name]["tasks"] += 1
                if kind := kind_of(task):
                    found[name][kind] += int(number)
                if task == "affiliates.tasks.settle_shard" and int(number):
                    found[name][SHARDS] += 1
        return found

    def drain_host(self) -> str:
        """Return the host whose drain holds the lock."""
        sockets = embedded.Engines(self.home / "db").sockets
        with psycopg.connect(
            host=str(sockets), user=embedded.SUPERUSER, dbname=embedded.DATABASE
        ) as own:
            row = own.execute(
                "select host(a.client_addr) from pg_locks l join pg_stat_activity a using (pid)"
                " where l.locktype = 'advisory' and l.objid = %s and l.granted",
                [DRAIN],
            ).fetchone()
        return next(name for name in WEB if self.network[name].address == row[0])
