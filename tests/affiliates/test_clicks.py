"""From the stream into PostgreSQL, each click once, whatever is killed when."""

import os
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from datetime import date, datetime
from pathlib import Path
from uuid import RFC_4122, UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from affiliates import clickids, clicks, linkcache, linkreports, links, redirect
from affiliates.models import Click, ClickScan, ClickStream, LinkDay
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
def link(db):
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


@pytest.mark.parametrize("between", [False, True])
def test_an_entry_that_is_in_the_stream_twice_is_kept_once(link, between):
    """The redirect asks again where a connection ended before it read the answer."""
    visit(link, 1)
    server = linkcache.client()
    ((_id, entry),) = [(one, fields) for one, fields in server.xrange("clicks")]
    if between:
        drain()
    server.xadd("clicks", entry)
    visit(link, 2)
    drain()

    assert (Click.objects.count(), LinkDay.objects.get().clicks) == (2, 2)
    assert server.xlen("clicks") == 0


def test_ids_of_clicks_are_uuid7_in_order_of_time_and_never_the_same():
    begun = time.time_ns() // 10**6
    made = [clickids.new() for _ in range(1_000)]
    uids = [UUID(bytes=urlsafe_b64decode(word + "==")) for word in made]
    assert len(set(uids)) == len(made)
    assert {(uid.version, uid.variant) for uid in uids} == {(7, RFC_4122)}
    moments = [uid.int >> 80 for uid in uids]
    assert moments == sorted(moments)
    assert begun <= moments[0] <= moments[-1] <= time.time_ns() // 10**6


def test_a_forked_process_makes_ids_of_its_own():
    clickids.new()
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writer, clickids.new().encode())
        os._exit(0)
    os.waitpid(pid, 0)
    of_child = os.read(reader, 22).decode()
    assert of_child[8:] not in {clickids.new()[8:] for _ in range(300)}


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
    links.deactivate(link, timezone.now())
    visit(link, 1)
    drain()
    assert [row.counted for row in Click.objects.all()] == [False]


def test_a_links_row_tells_clicks_visitors_and_orders_per_click(link):
    for n in (1, 1, 2, 3):
        visit(link, n)
    drain()
    LinkDay.objects.create(
        link=link, day=date(2026, 1, 5), clicks=5, uniques=4, orders=2, income=300
    )
    row = linkreports.report(link)
    assert (row.clicks, row.people, row.conversion_bp) == (8, 7, 0)
    assert [linkreports.conversion_bp(*one) for one in ((1, 8), (1, 3), (0, 0))] == [
        1250,
        3330,
        None,
    ]
    assert linkreports.seen_on(link) == [("", 3)]


def test_lag_tells_what_waits(link):
    assert clicks.lag().waiting == 0
    visit(link, 1)
    assert (clicks.lag().waiting, clicks.lag().seconds < 5) == (1, True)


def test_partitions_are_there_and_made_by_the_application(db):
    at = datetime.fromisoformat("2031-01-15T00:00:00+00:00")
    assert (clicks.make_partitions(at), clicks.make_partitions(at)) == (4, 0)


def test_clicks_past_their_time_go_by_command_too(db, capsys):
    ClickScan.objects.create(day=date(2020, 1, 1), version=1, found=0, done_at=timezone.now())

    call_command("purge_clicks")
    call_command("purge_clicks")

    assert not ClickScan.objects.exists()
    assert "0 months were made ahead" in capsys.readouterr().out


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


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "rounds", [2, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_a_drain_killed_again_and_again_loses_and_doubles_nothing(rounds):
    link = links.take(enrolled(), offered(), at=timezone.now())
    total = killed(link, rounds, [sys.executable, "manage.py", "drain_clicks", "--batch", "7"])
    drain()
    assert Click.objects.count() == Click.objects.values("uid").distinct().count() == total
    assert LinkDay.objects.get().clicks == Click.objects.filter(counted=True).count()
