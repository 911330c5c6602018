"""Pages that read a copy of the database: what may be read there, and what happens without it."""

import os
import signal
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connections, router
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from affiliates.models import Commission, Shortlist
from config.lib import replica
from creators import directory
from shop.models import Membership
from tests import replicas
from tests.affiliates.factories import make_brand, make_commission, make_creator, make_user
from tests.conftest import SERVERS
from tests.running import until

DASHBOARD = reverse("affiliates:creator_dashboard")
KEPT = "Your shortlist: 1 creator"


@pytest.fixture(scope="module", autouse=True)
def _a_copy_is_named():
    """Before a test's databases are opened; where it is, `copy_at` says."""
    connections.settings["replica"] = {
        "ENGINE": "django.db.backends.postgresql", "TEST": {"MIRROR": "default"},
    }  # fmt: skip
    connections.configure_settings(connections.settings)
    yield
    del connections["replica"], connections.settings["replica"]


@contextmanager
def copy_at(monkeypatch, host, **facts):
    """Let pages read what answers at `host` under the name of the test's own database."""
    own = connections["default"].settings_dict
    entry = {k: v for k, v in own.items() if k not in ("TEST", "OPTIONS")}
    connections.settings["replica"] |= entry | {"HOST": host, "USER": "thousand", **facts}
    monkeypatch.setattr(replica, "watch", replica.Watch())
    try:
        yield
    finally:
        connections["replica"].close()


def test_who_changed_something_is_kept_at_the_primary_for_longer_than_a_copy_may_lag():
    assert replica.PIN_S > replica.LAG_S + replica.LOOK_S


def test_reads_go_where_the_page_reads_and_everything_else_to_the_primary(
    settings, rf, monkeypatch
):
    seen = []

    def view(request):
        seen.append((router.db_for_read(Commission), router.db_for_write(Commission)))
        seen.append(replica.connection().alias)
        if len(seen) == 2:
            raise OperationalError("the copy went away in the middle of the page")
        return HttpResponse("whole")

    with copy_at(monkeypatch, "/nowhere"):
        monkeypatch.setattr(replica.Watch, "is_usable", lambda _self: True)
        assert replica.reads(view)(rf.get("/")).content == b"whole"
        kept = rf.get("/")
        kept.COOKIES[replica.COOKIE] = "1"
        replica.reads(view)(kept)
        assert router.allow_migrate("default", "shop") and not router.allow_migrate(
            "replica", "shop"
        )
    assert seen == [
        ("replica", "default"), "replica", ("default", "default"), "default",
        ("default", "default"), "default",
    ]  # fmt: skip
    assert router.db_for_read(Commission) == "default"


def test_a_copy_is_as_fresh_as_the_newest_mark_that_it_passed(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(replica.time, "monotonic", lambda: now[0])
    watch = replica.Watch()
    watch._marks.extend([(97.0, 700), (98.0, 800), (99.5, 900)])

    assert watch.lag_s() is None
    watch.note(699)
    assert (watch.lag_s(), watch.said) == (None, "is behind, nobody knows how far yet")
    watch.note(850)
    assert (watch.lag_s(), watch.said) == (2.0, "ok")
    now[0] += 10  # it stands still
    watch.note(899)
    assert (watch.lag_s(), watch.said) == (12.0, "is 12 s behind")
    watch.note(900)
    assert watch.lag_s() == 10.5


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
def test_without_its_copy_a_page_is_read_from_the_primary(client, monkeypatch):
    with copy_at(monkeypatch, "127.0.0.1", PORT="1", OPTIONS={"connect_timeout": 1}):
        client.force_login(make_creator().user)
        assert client.get(DASHBOARD).status_code == 200
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        said = answer.json()["checks"]["replica"]
        assert said == "does not answer: pages are read from the primary"
        answer = client.post(reverse("creators:language"), {"language": "en"})
        assert answer.cookies["fresh"].value == "1"


# ------------------------------------------------------------------ a real one


@pytest.fixture
def copy(transactional_db, tmp_path, monkeypatch):
    servers = replicas.make(SERVERS, tmp_path / "copy")
    with copy_at(monkeypatch, str(servers.sockets)):
        yield servers
    servers.stop()


def reads_of(client, url):
    """Return the page, and how many statements went to the copy for it."""
    with CaptureQueriesContext(connections["replica"]) as asked:
        answer = client.get(url)
    assert answer.status_code == 200
    statements = [one["sql"] for one in asked if "pg_is_in_recovery" not in one["sql"]]
    return answer.content.decode(), len(statements)


def until_read(client, url):
    """Ask until the page is read from the copy."""
    found = []
    assert until(lambda: found.append(reads_of(client, url)) or found[-1][1] > 0)
    return found[-1]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
def test_dashboards_and_search_read_a_copy_and_nobody_misses_what_she_did(client, copy):
    creator, brand = make_creator(), make_brand()
    member = Membership.objects.create(user=make_user(), brand=brand).user
    make_commission(creator, brand)
    directory.record([creator.pk])
    replicas.catch_up(SERVERS, copy)
    pages = [DASHBOARD] + [
        reverse(f"affiliates:{name}", args=[brand.slug])
        for name in ("brand_dashboard", "discover", "compare")
    ]
    for url in pages:
        client.force_login(creator.user if url == DASHBOARD else member)
        page, statements = until_read(client, url)
        assert statements > 0 and (creator.display_name in page or "/creators/" in url)

    # The copy stands still. A page of somebody else is at most LAG_S old; hers shows what she did.
    replicas.ask(copy, "select pg_wal_replay_pause()")
    Shortlist.objects.create(brand=brand, name="Summer").entries.create(creator=creator)
    client.post(reverse("creators:language"), {"language": "en"})
    page, statements = reads_of(client, pages[2])
    assert (statements, KEPT in page) == (0, True)
    del client.cookies["fresh"]
    assert until(lambda: "behind" in client.get("/readyz").json()["checks"]["replica"])
    page, statements = reads_of(client, pages[2])
    assert (statements, KEPT in page) == (0, True)
    assert "thousand_replica_lag_seconds" in client.get("/metrics").content.decode()
    replicas.ask(copy, "select pg_wal_replay_resume()")
    page, statements = until_read(client, pages[2])
    assert KEPT in page

    # It is killed between two pages, and comes back.
    os.kill(copy.pid("postgres"), signal.SIGKILL)
    assert client.get(pages[2]).status_code == 200
    assert until(lambda: "does not answer" in client.get("/readyz").json()["checks"]["replica"])
    assert client.get("/readyz", {"for": "traffic"}).status_code == 200
    copy.ensure({"postgres"})
    until_read(client, pages[2])

    # It is made a primary of its own: nothing is read from it any more.
    replicas.ask(copy, "select pg_promote()")
    assert until(lambda: "takes writes itself" in client.get("/readyz").json()["checks"]["replica"])
    assert reads_of(client, pages[2])[1] == 0
