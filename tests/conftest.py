"""Fixtures for every test. The engines are real: an embedded PostgreSQL and two Valkey servers.

A test connects as the application's role, like the site. Queue, cache and clicks are empty when a
test begins. `live_site`: the real server on the test database, at `live_site.url`.
"""

import contextlib
import functools
import gc
import itertools
import os
from pathlib import Path
from urllib.parse import quote

import django
import pytest
import redis

from tests import harness

HOME = harness.data_dir()
harness.keep_bytecode(HOME)
PORT = harness.free_port()
_engines = harness.engines(HOME)
SERVERS = _engines.__enter__()  # before Django reads its settings
os.environ |= {
    "MARKET_MODE": "demo",
    "DATA_DIR": str(HOME / harness.WORKER),
    "PORT": str(PORT),
    "FAKE_PLATFORM_PORT": str(harness.free_port()),
    "DATABASE_URL": f"postgresql://thousand@{quote(str(SERVERS.sockets), safe='')}/thousand",
    "REDIS_URL": f"unix://{SERVERS.sockets}/redis.sock?db={harness.REDIS_DATABASE}",
    "CLICKS_REDIS_URL": f"unix://{SERVERS.sockets}/clicks.sock?db={harness.REDIS_DATABASE}",
}
for name in (
    "ALLOWED_HOSTS", "DEBUG", "EMAIL_URL", "FAKE_PLATFORM_URL", "SECRET_KEY", "SITE_URL",
    "THOUSAND_PART",
):  # fmt: skip
    os.environ[name] = ""
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs a loop in this thread
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()  # here and not by the plugin, which would read the settings too early
del os.environ["DJANGO_SETTINGS_MODULE"]  # else the plugin of a worker, which inherits it, would

from django.conf import settings  # noqa: E402

from config import catalogue  # noqa: E402
from config.celery import Bell  # noqa: E402

catalogue.compile_stale()  # pages are also tested in Dutch
harness.hurry(settings)


def pytest_unconfigure() -> None:
    _engines.__exit__(None, None, None)


NO_BROWSER = "There is no Chromium on this machine: the browser tests are skipped."


def pytest_collection_modifyitems(items) -> None:
    """What takes longest comes first, so that no process ends late with it: browser tests, then
    those marked `long`. Without a browser the former are skipped. Of a module, those that share
    rows come last: the others find none.
    """
    items.sort(key=lambda item: (0 if "e2e" in item.keywords else 1, "long" not in item.keywords))
    modules = [list(group) for _path, group in itertools.groupby(items, lambda item: item.path)]
    items[:] = [item for module in modules for item in sorted(module, key=_shares)]
    if items and "e2e" in items[0].keywords and not harness.chromium():
        for item in items:
            if "e2e" in item.keywords:
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def _shares(item) -> bool:
    return "shared_rows" in getattr(item, "fixturenames", ())


def pytest_collection_finish() -> None:
    """Let the collector of garbage look at what tests make, seldom, and no more at the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if any(NO_BROWSER in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(NO_BROWSER, yellow=True)


def _migrate(name: str) -> None:
    """Bring database `name` up to date as the owner."""
    from django.core.management import call_command

    with harness.as_owner(name):
        call_command("migrate", verbosity=0, interactive=False)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """One database per process, copied from the migrated template."""
    from django.db import connection
    from django.test import TransactionTestCase

    with django_db_blocker.unblock():
        name = harness.make_database(SERVERS, harness.make_template(SERVERS, _migrate))
        connection.settings_dict["NAME"] = name
        server, _slash, _name = os.environ["DATABASE_URL"].rpartition("/")
        os.environ["DATABASE_URL"] = f"{server}/{name}"  # for the processes that a test starts
        rows = harness.Rows(SERVERS, name)

    def reset_rows(self) -> None:
        assert not connection.in_atomic_block, "rows that a module shares would wait for this"
        rows.reset()

    TransactionTestCase._fixture_teardown = reset_rows
    yield
    rows.owner.close()
    with django_db_blocker.unblock():
        connection.close()
        with harness.connect(SERVERS) as owner:
            harness.drop(SERVERS, owner, name)


@pytest.fixture(scope="module")
def shared_rows(django_db_setup, django_db_blocker):
    """Make rows that every test of a module finds: `with shared_rows():` in a module's fixture.

    They lie in a transaction around the tests, each of which undoes only what it does itself. Hand
    out copies (`copy.deepcopy`) of what was made. Not for a test with a transaction of its own.
    """
    from django.db import connection, transaction

    @contextlib.contextmanager
    def making():
        with django_db_blocker.unblock():
            yield
            connection.check_constraints()

    around = transaction.atomic()
    with django_db_blocker.unblock():
        around.__enter__()
    yield making
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@functools.cache
def _redis_clients() -> list[redis.Redis]:
    """One client per database on which this process's tests leave something behind."""
    cache = settings.CACHES["default"]["LOCATION"]
    addresses = dict.fromkeys([settings.REDIS_URL, cache, settings.CLICKS_REDIS_URL])
    return [redis.from_url(address) for address in addresses]


@pytest.fixture(autouse=True)
def _clean_redis():
    """Empty the databases of this process on both Redis servers: rate limits and one-time codes
    are kept by address and by primary key, which the next test would share.
    """
    Bell.silent_until = 0.0
    for client in _redis_clients():
        client.flushdb()


@pytest.fixture(scope="session")
def _site(django_db_setup):
    site = harness.Site(PORT, {"THOUSAND_PART": "web", "DATA_DIR": str(settings.DATA_DIR)})
    yield site
    site.stop()


@pytest.fixture
def live_site(transactional_db, _site):
    """The real server, in its own process; `live_site.url` is its address."""
    return _site


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {
        "executable_path": harness.chromium(),
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture
def data():
    """The folder of sample files."""
    return Path(__file__).parent / "data"
