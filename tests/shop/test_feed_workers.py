"""Catalogues in real workers: killed in the middle of one, and with slow addresses beside others."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from config.lib import locks
from shop import tasks
from shop.feeds import addresses, importer, takeover
from shop.models import Feed, FeedRun, OrderLetter, Product, Return, Variant
from tests import harness
from tests.shop.factories import make_brand, make_user
from tests.shop.test_feeds import HEADER, counts
from tests.shop.test_pictures import shop  # noqa: F401  a fixture: another shop's server
from tests.shop.test_returns import AT, DAY, make_part, returns

N = 3_000
FILE = HEADER + "".join(f"cup-{n:04},Cup {n},,,,,5,,,\n" for n in range(N))


@contextlib.contextmanager
def worker(home: Path, *words: str, **env: str):
    """A worker on the tests' database and queue, killed in the end with its children."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-l", "error", *words]
    process = subprocess.Popen(
        [*command, "--without-gossip", "--without-mingle", "--without-heartbeat"],
        cwd=harness.ROOT, start_new_session=True,
        env=os.environ | {"DATA_DIR": str(home), "THOUSAND_PART": "worker"} | env,
    )  # fmt: skip
    try:
        yield process
    finally:
        kill(process)


def kill(process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(true, limit_s: float = 30) -> None:
    """Wait until it is true."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() < begun + limit_s, "it did not happen"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_catalogue_whose_worker_is_killed_is_gone_on_with_once(settings, tmp_path):
    brand = make_brand()
    run = importer.start(brand, name="cups", started_by=make_user())
    run.file.save(f"{run.pk}-cups.csv", ContentFile(FILE.encode()))
    mine = Product.objects.filter(brand=brand)

    with worker(tmp_path, "-P", "solo", "-Q", "catalogues") as first:
        tasks.import_feed.delay(run.pk)
        until(mine.exists)
        kill(first)
    until(lambda: not locks.is_held(takeover.IMPORTING, brand.pk))
    before = dict(mine.values_list("external_id", "updated_at"))
    run.refresh_from_db()
    assert 0 < len(before) < N
    assert (run.state, run.wrote_added, run.attempts) == ("running", len(before), 1)

    assert addresses.stale(timezone.now()) == []  # it may still show a sign of life
    FeedRun.objects.update(seen_at=timezone.now() - timedelta(minutes=4))
    tasks.read_addresses()
    with worker(tmp_path, "-P", "solo", "-Q", "catalogues"):
        until(lambda: not FeedRun.objects.open().exists())

    run.refresh_from_db()
    assert counts(run) == ("done", N, 0, 0, 0, 0)
    assert (run.attempts, run.wrote_added) == (2, N)
    assert (mine.count(), Variant.objects.filter(brand=brand).count()) == (N, N)
    after = dict(mine.values_list("external_id", "updated_at"))
    assert before.items() <= after.items()  # nothing was written twice
    assert len(run.examples["added"]) == len(set(run.examples["added"])) == 30


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_slow_addresses_keep_nobody_waiting(shop, tmp_path, monkeypatch):  # noqa: F811
    may_answer = threading.Event()
    answer = shop.RequestHandlerClass.do_GET

    def slowly(handler):
        may_answer.wait(120)
        answer(handler)

    monkeypatch.setattr(shop.RequestHandlerClass, "do_GET", slowly)
    shop.answers["/feed"] = (200, {}, (HEADER + "cup,Cup,,,,,5,,,\n").encode())
    for n in range(4):
        Feed.objects.create(brand=make_brand(), url=f"{shop.url}/feed", name=str(n))
    part = make_part((1_000, 1))
    made = returns.ask(part, {part.lines.get().pk: 1}, "", AT)
    Return.objects.filter(pk=made.pk).update(asked_at=timezone.now() - 15 * DAY, received_at=AT)

    env = {"DJANGO_SETTINGS_MODULE": "tests.open_settings", "TEST_ORIGIN": shop.url}
    with worker(tmp_path, "-c", "3", **env):
        for feed in Feed.objects.all():
            tasks.read_address.delay(feed.pk)
        until(lambda: locks.is_held(tasks.READERS))
        tasks.remind_of_returns.delay()
        until(OrderLetter.objects.filter(kind="return_late").exists)

        assert not FeedRun.objects.exclude(file="").exists()  # no address has answered yet
        assert locks.is_held(tasks.READERS) and not locks.is_held(tasks.READERS, 1)
        may_answer.set()
