"""What /readyz and /metrics say when a part is away, late or full."""

import json
import re
import shutil
import time
from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from affiliates import books, clock, settlement
from affiliates.clickbuffer import STREAM
from config import health
from config.celery import app
from tests.affiliates.factories import make_commission
from tests.harness import ROOT

pytestmark = pytest.mark.django_db


def ready(client, **query):
    answer = client.get("/readyz", query)
    said = answer.json()
    return (
        answer.status_code,
        said["status"],
        {k: v for k, v in said["checks"].items() if v != "ok"},
    )


def test_a_market_that_is_well_says_so(client):
    assert ready(client) == (200, "ok", {})  # before its first commission too
    make_commission(at=timezone.now() - timedelta(days=9))
    settlement.settle(timezone.now())
    assert ready(client) == (200, "ok", {})
    assert set(client.get("/readyz").json()["checks"]) == set(health.CHECKS)


def test_a_night_that_is_late_is_named_and_keeps_no_page_away(client):
    make_commission(at=timezone.now() - timedelta(days=9))
    settlement.settle(timezone.now() - timedelta(days=3))
    status, said, wrong = ready(client)
    assert (status, said, list(wrong)) == (503, "unready", ["night"])
    assert "is the worker running?" in wrong["night"]
    assert ready(client, **{"for": "traffic"}) == (200, "ok", {})


def test_a_night_that_was_just_over_may_take_two_hours():
    make_commission(at=timezone.now() - timedelta(days=9))
    over = clock.cutoff_of(clock.last_night_over(timezone.now()))
    settlement.settle(over - timedelta(hours=1))
    soon = {"names": ["database", "night"]}
    assert health.look(over + timedelta(minutes=119), **soon)["night"] == "ok"
    assert health.look(over + timedelta(minutes=121), **soon)["night"] != "ok"


def test_the_age_of_the_queue_is_that_of_the_task_taken_next(client, settings):
    app.send_task("affiliates.tasks.sweep")
    app.send_task("affiliates.tasks.sweep")
    app.send_task("shop.tasks.read_address", [1])
    waiting, age = health.queues()["celery"]
    assert (waiting, health.queues()["catalogues"][0]) == (2, 1)
    assert 0 <= age < health.QUEUE_LATE_S["celery"]
    with redis.from_url(settings.REDIS_URL) as server:
        oldest = json.loads(server.rpop("celery"))
        oldest["headers"][health.MARK] = time.time() - 700
        server.rpush("celery", json.dumps(oldest))
    status, _said, wrong = ready(client)
    assert (status, list(wrong)) == (503, ["queue"])
    assert wrong["queue"].startswith("2 tasks wait in celery, the oldest 12 minutes")


def test_clicks_that_wait_degrade(client, settings):
    with redis.from_url(settings.CLICKS_REDIS_URL) as server:
        born = int((time.time() - 90) * 1_000)
        server.xadd(STREAM, {"c": "x"}, id=f"{born}-1")
    status, said, wrong = ready(client)
    assert (status, said) == (200, "degraded")
    assert "is the drain running?" in wrong["clicks"]


def test_a_full_disk_is_not_ready(client, monkeypatch):
    full = shutil._ntuple_diskusage(1_000, 960, 40)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    assert ready(client)[2] == {"disk": "96% full where DATA_DIR is"}
    assert ready(client, **{"for": "traffic"})[0] == 503


def test_without_redis_pages_go_on(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CACHES = settings.CACHES | {
        "strict": settings.CACHES["strict"] | {"LOCATION": "redis://127.0.0.1:1/1"}
    }
    status, said, wrong = ready(client)
    assert (status, said, wrong) == (200, "degraded", {"redis": "does not answer"})


def test_prometheus_reads_the_figures_with_the_token(client, settings):
    settlement.settle(timezone.now())
    text = client.get("/metrics").content.decode()
    assert 'thousand_check_ok{check="night"} 1.0' in text
    assert '\nthousand_queue_age_seconds{queue="catalogues"} 0.0' in text
    books.check(timezone.now())
    text = client.get("/metrics").content.decode()
    given = set(re.findall(r"^thousand_(\w+)[ {]", text, re.M))
    source = (ROOT / "config/health.py").read_text()
    there = set(re.findall(r'gauge\(\s*"(\w+)"', source)) | {"check_ok"}
    assert there - given == {"replica_lag_seconds"}  # here is no copy

    settings.METRICS_TOKEN = "a-long-word"
    assert client.get("/metrics").status_code == 404
    bearer = {"HTTP_AUTHORIZATION": "Bearer a-long-word"}
    assert client.get("/metrics", **bearer).status_code == 200

    settings.METRICS_TOKEN, settings.DEMO = "", False
    assert client.get("/metrics").status_code == 404
