"""`/go/<code>`: CPU per recorded click, over every process that has a part in it.

Ours (granian, the clicks' Redis, the drain, PostgreSQL; the queue drained) beside a plain
Django view that gets the link and INSERTs the click, beside a bare WSGI 302, and beside one that
makes the same trip to Redis without Django (and whose clicks nobody moves anywhere). While ours
is under full load, the age of the oldest click that waits is looked at ten times a second.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import django
import psycopg

from tests.benchmarks import lib

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from affiliates import clicks, redirect  # noqa: E402
from tests.benchmarks import people  # noqa: E402

ROUNDS = 3 if lib.FULL else 2
LINKS = 1_000
WANTED_P99_MS = 15  # said beside the ratios: a machine's clock is its own
REQUESTS = {"ours": 16_000, "plain": 3_200, "bare": 16_000, "trip": 16_000}
PREPARE = """
    set session_replication_role = replica;
    insert into affiliates_collaboration (id, brand_id, kind, name, message, rate_bp, hold_days,
        window_days, min_followers, other_programme, show_amount, starts_at, created_at)
    values (1, 1, 'open', 'Bench', '', 1200, 15, 30, 0, 'thousand_first', false,
        now() - interval '1 day', now());
    insert into affiliates_link (id, code, creator_id, collaboration_id, product_id, platform,
        destination, alias, on_storefront, position, is_active, taken_bp, created_at)
    select n, code, 1, 1, n, 'tiktok', '/shop/bench/product-' || n || '/', '', false, 0, true, 1200,
        now()
    from (select n, translate(substr(md5(n::text), 1, 10), '01', 'xz') as code
          from generate_series(1, 1000) n) codes
"""


class Lags:
    """Looks at how old the oldest waiting click is, for as long as it is open."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Lags":
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._closed.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._closed.wait(0.1):
            lag = clicks.lag().seconds
            self.longest = float("inf") if lag is None else max(self.longest, lag)


class Bench:
    def __init__(self) -> None:
        self.python = [sys.executable, "-m"]
        self.engines = settings.ENGINES
        self.codes = Path(settings.DATA_DIR) / "codes"
        people.make(1, 1)
        with self.owner() as owner:
            owner.execute(PREPARE)
            owner.execute("analyze affiliates_link")
            codes = [row[0] for row in owner.execute("select code from affiliates_link")]
        self.codes.write_text("\n".join(codes))
        self.watch = self.owner()
        self.lost = self.doubled = 0
        self.answers: dict[str, list[float]] = {}
        self.lags: list[float] = []  # the longest of each round, in seconds

    def owner(self) -> psycopg.Connection:
        where = self.engines.database(owner=True)
        return psycopg.connect(
            host=where["HOST"], dbname=where["NAME"], user=where["USER"], autocommit=True
        )

    def rows(self) -> int:
        """Return how many clicks are stored; cheaply, for its cost is counted as well."""
        return self.watch.execute("select count(*) from affiliates_click").fetchone()[0]

    def clicks(self) -> tuple[int, int]:
        with self.owner() as owner:
            return owner.execute(
                "select count(*), count(distinct uid) from affiliates_click"
            ).fetchone()

    def granian(self, application: str) -> tuple[list[str], int]:
        port = lib.free_port()
        command = [*self.python, "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--workers", "2", "--blocking-threads", "4", "--no-ws"]
        return [*command, "--log-level", "warning", application], port

    def load(self, name: str, port: int, requests: int) -> int:
        """Send the requests; return how many were answered by a redirect."""
        command = [*self.python, "tests.benchmarks.load", str(port), str(requests), str(self.codes)]
        done = subprocess.run(command, cwd=lib.ROOT, capture_output=True, text=True, check=True)
        answered, spent, p50, p99 = done.stdout.split()
        self.answers[name] = [int(answered) / float(spent), float(p50), float(p99)]
        return int(answered)

    def measure(self, name: str, application: str, *, recorded: bool, drain: bool = False) -> float:
        """Return CPU microseconds per request (that left a row, where `recorded`)."""
        command, port = self.granian(application)
        env = os.environ | {"BENCH_REDIS": self.engines.redis_url("clicks")}
        with lib.running(command, env) as web:
            lib.wait_for(("127.0.0.1", port))
            roots = [web.pid]
            if recorded:
                roots.append(self.engines.pid("postgres"))
            if name == "trip":
                roots.append(self.engines.pid("clicks"))
            if not drain:
                return self.count(name, port, roots, recorded)
            roots.append(self.engines.pid("clicks"))
            with lib.running([sys.executable, "manage.py", "drain_clicks"], env) as drainer:
                return self.count(name, port, [*roots, drainer.pid], recorded)

    def count(self, name: str, port: int, roots: list[int], recorded: bool) -> float:
        before = self.rows()
        before += self.load(name, port, 2 * LINKS)  # warms every cache
        if recorded:
            self.wait(before)
        begun = lib.cpu(roots)
        with Lags() if name == "ours" else contextlib.nullcontext(Lags()) as lags:
            answered = self.load(name, port, REQUESTS[name])
        if recorded:
            self.wait(before + answered)
        spent = lib.cpu(roots) - begun
        if name == "ours":
            self.lags.append(lags.longest)
            rows, distinct = self.clicks()
            self.lost += before + answered - rows
            self.doubled += rows - distinct
        return spent / answered

    def wait(self, rows: int) -> None:
        """Wait until the queue is drained."""
        end = time.monotonic() + 60
        while self.rows() < rows and time.monotonic() < end:
            time.sleep(0.3)


def statements_on_warm_path() -> int:
    """Return how many statements one answer takes once its link is in Redis."""
    with connection.cursor() as cursor:
        cursor.execute("select code from affiliates_link limit 1")
        code = cursor.fetchone()[0]
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": f"/go/{code}", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_USER_AGENT": f"Mozilla/5.0 {uuid.uuid4()} Mobile", "HTTP_SEC_FETCH_DEST": "document",
    }  # fmt: skip
    asked, answered = [], []

    def fall_through(environ, start_response):
        raise AssertionError("a warm link was not answered from Redis")

    def note(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    application = redirect.wrap(fall_through)
    with connection.execute_wrapper(note):
        application(environ, lambda status, headers: answered.append(status))
    if answered != ["302 Found"]:
        raise AssertionError(f"a warm link was answered with {answered}")
    return len(asked)


def main() -> int:
    bench = Bench()
    targets = {
        "bare": lambda: bench.measure("bare", "tests.benchmarks.plain:bare", recorded=False),
        "trip": lambda: bench.measure("trip", "tests.benchmarks.plain:trip", recorded=False),
        "plain": lambda: bench.measure("plain", "tests.benchmarks.plain:orm", recorded=True),
        "ours": lambda: bench.measure("ours", "config.wsgi:application", recorded=True, drain=True),
    }
    cpu = lib.interleave(targets, ROUNDS)
    statements = statements_on_warm_path()
    rate, p50, p99 = bench.answers["ours"]
    return lib.report(
        "redirect", ROUNDS,
        {"cpu_us": round(cpu["ours"]), "plain_cpu_us": round(cpu["plain"]),
         "bare_cpu_us": round(cpu["bare"]), "trip_cpu_us": round(cpu["trip"]), "per_s": round(rate), "p50_ms": p50, "p99_ms": p99,
         "wanted_p99_ms": WANTED_P99_MS},
        {"x_plain_cpu": cpu["plain"] / cpu["ours"], "of_bare_cpu": cpu["ours"] / cpu["bare"],
         "of_trip_cpu": cpu["ours"] / cpu["trip"],
         "lag_s": statistics.median(bench.lags),
         "sql_on_warm_path": statements, "lost": bench.lost, "doubled": bench.doubled},
        {"x_plain_cpu": {"min": 10}, "of_bare_cpu": {"max": 6}, "lag_s": {"max": 1},
         "of_trip_cpu": {"max": 1.6}, "sql_on_warm_path": {"max": 0},
         "lost": {"max": 0, "min": 0}, "doubled": {"max": 0}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
