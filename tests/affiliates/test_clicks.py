"""From the stream into PostgreSQL, each click once, whatever is killed when."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from affiliates import clicks, linkcache, links, redirect
from affiliates.models import Click, ClickStream, LinkDay
from tests.affiliates.test_links import enrolled, offered

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"


def visit(link, n=0):
    """Put one click of visitor `n` into the stream."""
    environ = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": f"192.0.2.{n}", "HTTP_USER_AGENT": PHONE}
    return redirect.note(link.code, environ)


def drain():
    while clicks.drain_once(linkcache.client()):
        pass


@pytest.fixture
def link(db, clean_redis):
    return links.take(enrolled(), offered(), at=timezone.now())


def test_one_visitor_counts_once_an_hour_and_every_row_is_kept(link):
    for n in (1, 1, 2, 1):
        visit(link, n)
    drain()
    visit(link, 2)
    drain()

    day = LinkDay.objects.get(link=link)
    assert (day.clicks, day.uniques, Click.objects.count()) == (2, 2, 5)
    assert Click.objects.filter(counted=True).count() == 2
    assert linkcache.client().xlen("clicks") == 0


def test_a_batch_read_twice_is_kept_once(link):
    for n in range(5):
        visit(link, n)
    clicks.drain_once(linkcache.client())
    ClickStream.objects.update(epoch="another")  # as after a wipe: read from the beginning
    for n in range(5, 8):
        visit(link, n)
    drain()
    assert (Click.objects.count(), LinkDay.objects.get().clicks) == (8, 8)


def test_wiped_redis_goes_on_with_what_comes(link):
    visit(link, 1)
    drain()
    linkcache.client().flushdb()
    visit(link, 2)
    drain()
    assert Click.objects.count() == 2


def test_what_is_no_click_stops_nothing(link):
    linkcache.client().xadd("clicks", {"d": b"junk|\xff"})
    linkcache.client().xadd("clicks", {"other": b"x"})
    visit(link, 1)
    drain()
    assert Click.objects.count() == 1


def test_a_click_on_a_link_that_is_off_is_kept_and_not_counted(link):
    links.deactivate(link)
    visit(link, 1)
    drain()
    assert [row.counted for row in Click.objects.all()] == [False]


def test_lag_tells_what_waits(link):
    assert clicks.lag().waiting == 0
    visit(link, 1)
    assert (clicks.lag().waiting, clicks.lag().seconds < 5) == (1, True)


def test_partitions_are_there_and_made_by_the_application(db):
    at = datetime.fromisoformat("2031-01-15T00:00:00+00:00")
    assert (clicks.make_partitions(at), clicks.make_partitions(at)) == (4, 0)


def test_the_auditors_views_have_their_columns(db):
    wanted = {
        "attributions": "line_id creator_id link_id clicked_at expires_at rate_bp rule",
        "clicks": "uid link_id clicked_at counted",
        "links": "link_id code creator_id product_id platform is_active",
    }
    with connection.cursor() as cursor:
        for view, columns in wanted.items():
            cursor.execute(f"SELECT * FROM audit.{view} LIMIT 0")
            assert [column.name for column in cursor.description] == columns.split()


def killed(link, rounds: int, command: list[str]) -> int:
    """Let clicks come while a drain is started and killed; return how many came."""
    home, total = Path(__file__).parents[2], 0
    for _round in range(rounds):
        process = subprocess.Popen(command, cwd=home, start_new_session=True, env=os.environ)
        before, deadline = Click.objects.count(), time.monotonic() + 60
        while Click.objects.count() == before and time.monotonic() < deadline:
            visit(link, total % 250)
            total += 1
            time.sleep(0.05)  # a flood would time out, and an answer without Redis is not counted
        for _ in range(50):
            visit(link, total % 250)
            total += 1
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return total


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "rounds", [2, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_a_drain_killed_again_and_again_loses_and_doubles_nothing(clean_redis, rounds):
    link = links.take(enrolled(), offered(), at=timezone.now())
    total = killed(link, rounds, [sys.executable, "manage.py", "drain_clicks", "--batch", "7"])
    drain()
    assert Click.objects.count() == Click.objects.values("uid").distinct().count() == total
    assert LinkDay.objects.get().clicks == Click.objects.filter(counted=True).count()
