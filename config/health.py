"""Is the market well? Each check measures, and says "ok" or what is wrong and what to look at.

look(at, names)     checks by name; what a check cannot find out is wrong as well
verdict(found)      ok, degraded (pages, sales and links go on) or unready
metrics(at)         the figures behind them, in Prometheus' text format
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from affiliates import clicks, clock, settlement
from affiliates.models import BooksCheck, Payout
from config import schedule
from config.lib import replica
from shop import stockalarms
from shop.models import OrderPush, Stockroom

logger = logging.getLogger(__name__)
OK = "ok"
DISK_FULL = 0.95
NIGHT_LATE = timedelta(hours=2)  # since it was over: the one before it is then 26 hours old
QUEUE_LATE_S = {schedule.DEFAULT: 600, schedule.CATALOGUES: 3_600}  # Celery's lists in Redis
CLICKS_LATE_S = 60
PUSH_LATE = timedelta(hours=1)  # beyond the moment at which a shop was to be told
MARK = "thousand_sent_at"  # header of every task: Unix seconds
SERVING = ("database", "redis", "disk")  # what a page needs: `/readyz?for=traffic`
DEGRADES = {
    "redis",
    "clicks",
    "replica",
    "shops",
}  # wrong in one of these, pages, sales and links go on


def look(at: datetime, names: Iterable[str] = ()) -> dict[str, str]:
    """Return what each check says at `at` (UTC). Without the database only it and Redis are asked."""
    names = tuple(names) or tuple(CHECKS)
    found = {name: CHECKS[name](at) for name in names if name in ("database", "redis", "disk")}
    if found.get("database") == OK:
        found |= {name: CHECKS[name](at) for name in names if name not in found}
    return found


def verdict(found: dict[str, str]) -> str:
    wrong = {name for name, said in found.items() if said != OK}
    if wrong - DEGRADES:
        return "unready"
    return "degraded" if wrong else OK


# ------------------------------------------------------------------ the checks


def _database(_at: datetime) -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        logger.exception("the database does not answer")
        return "does not answer"
    return f"{len(pending)} migrations to do: run `manage.py migrate`" if pending else OK


def _redis(_at: datetime) -> str:
    try:
        caches["strict"].get("readyz")
    except redis.RedisError:
        return "does not answer"
    return OK


def _disk(_at: datetime) -> str:
    used = _disk_used()
    return OK if used <= DISK_FULL else f"{used:.0%} full where DATA_DIR is"


def _night(at: datetime) -> str:
    late = night_age(at)
    if late <= NIGHT_LATE:
        return OK
    hours = late.total_seconds() / 3_600
    return f"a night that was over {hours:.0f} hours ago is not settled: is the worker running?"


def _queue(_at: datetime) -> str:
    """Name what waits for too long; Redis away is said by its own check."""
    late = [
        f"{waiting} tasks wait in {name}, the oldest {age_s / 60:.0f} minutes"
        for name, (waiting, age_s) in queues().items()
        if age_s > QUEUE_LATE_S[name]
    ]
    return f"{'; '.join(late)}: is the worker running?" if late else OK


def _clicks(_at: datetime) -> str:
    lag = clicks.lag()
    if lag.seconds is None or lag.seconds <= CLICKS_LATE_S:
        return OK
    return f"{lag.waiting} clicks wait, the oldest {lag.seconds:.0f} s: is the drain running?"


def _shops(at: datetime) -> str:
    """A shop that does not answer is its brand's; sales that nobody tried to tell it are ours."""
    late = pushes_late(at)
    if late <= PUSH_LATE:
        return OK
    hours = late.total_seconds() / 3_600
    return f"sales were to be told to their shops {hours:.0f} hours ago: is the worker running?"


def _replica(_at: datetime) -> str:
    said = replica.check()
    return OK if said == replica.OK else f"{said}: pages are read from the primary"


CHECKS = {
    "database": _database,
    "redis": _redis,
    "disk": _disk,
    "night": _night,
    "queue": _queue,
    "clicks": _clicks,
    "shops": _shops,
    "replica": _replica,
}

# ------------------------------------------------------------------ the figures


def night_age(at: datetime) -> timedelta:
    """Return how long ago the oldest night was over that is not settled; zero: all are."""
    nights = settlement.open_nights(clock.last_night_over(at))
    return at - clock.cutoff_of(nights[0]) if nights else timedelta()


def pushes_late(at: datetime) -> timedelta:
    """Return for how long the sale that waits longest is overdue at its shop; zero: none is."""
    oldest = OrderPush.objects.due(at).values_list("next_try_at", flat=True).first()
    return at - oldest if oldest else timedelta()


def queues() -> dict[str, tuple[int, float]]:
    """Return how many tasks wait in each queue and the age of its next one in seconds.

    Empty: Redis is away. What is taken next stands at the right end of a list.
    """
    try:
        with redis.from_url(settings.REDIS_URL, socket_timeout=2) as server:
            return {
                name: (server.llen(name), _age_s(server.lindex(name, -1))) for name in QUEUE_LATE_S
            }
    except redis.RedisError:
        return {}


def _age_s(task: bytes | None) -> float:
    sent = json.loads(task).get("headers", {}).get(MARK) if task else None
    return 0.0 if sent is None else max(0.0, time.time() - sent)


def _disk_used() -> float:
    space = shutil.disk_usage(settings.DATA_DIR)
    return space.used / (space.used + space.free)


def metrics(at: datetime) -> bytes:
    """Return every figure as Prometheus reads it; what cannot be found out is left out."""
    registry = CollectorRegistry()

    made: dict[str, Gauge] = {}

    def gauge(name: str, said: str, value: float | None, **labels: str) -> None:
        if value is None:
            return
        if name not in made:
            made[name] = Gauge(f"thousand_{name}", said, list(labels), registry=registry)
        (made[name].labels(**labels) if labels else made[name]).set(value)

    found = look(at)
    wells = Gauge(
        "thousand_check_ok", "1: the check of this name is ok", ["check"], registry=registry
    )
    for name, said in found.items():
        wells.labels(name).set(said == OK)
    gauge("disk_used_ratio", "of the disk of DATA_DIR", _disk_used())
    for name, (waiting, age_s) in queues().items():
        gauge("queue_tasks", "tasks that wait for a worker", waiting, queue=name)
        gauge("queue_age_seconds", "of the task that is taken next", age_s, queue=name)
    lag = clicks.lag()
    if lag.seconds is not None:
        gauge(
            "clicks_waiting", "clicks in the stream that are not in the database yet", lag.waiting
        )
        gauge("clicks_lag_seconds", "age of the oldest of them", lag.seconds)
    if replica.is_set():
        gauge("replica_lag_seconds", "the most that the copy may be behind", replica.watch.lag_s())
    if found["database"] == OK:
        gauge("night_late_seconds", "since the oldest night was over that is not settled",
              night_age(at).total_seconds())  # fmt: skip
        check = BooksCheck.objects.first()
        if check is not None:
            gauge(
                "books_broken", "invariants that the newest check found broken", len(check.offences)
            )
            gauge("books_check_seconds", "what the newest check of the books took", check.seconds)
            gauge("books_age_seconds", "since that check", (at - check.checked_at).total_seconds())
        dead = OrderPush.objects.filter(state=OrderPush.State.DEAD).count()
        gauge("pushes_dead", "sales that did not get to their shop", dead)
        gauge("pushes_late_seconds", "since the oldest sale was to be told to its shop",
              pushes_late(at).total_seconds())  # fmt: skip
        silent = Stockroom.objects.open().filter(failures__gte=stockalarms.SILENT).count()
        gauge("stockrooms_silent", "shops with our stock that do not answer", silent)
        open_states = [Payout.State.PENDING, Payout.State.PROCESSING]
        gauge(
            "payouts_open",
            "payouts on their way",
            Payout.objects.filter(state__in=open_states).count(),
        )
    return generate_latest(registry)
