"""Fixtures for every test. The engines are real: an embedded PostgreSQL and two Valkey servers.

A test connects as the application's role, like the site. `clean_redis`: empty queue, cache and
clicks. `live_site`: the real server on the test database, at `live_site.url`.
"""

import os
import shutil
from pathlib import Path
from urllib.parse import quote

import django
import pytest
import redis

from tests import harness

HOME = harness.data_dir()
PORT = harness.free_port()
_engines = harness.engines(HOME)
SERVERS = _engines.__enter__()  # before Django reads its settings
os.environ |= {
    "MARKET_MODE": "demo",
    "DATA_DIR": str(HOME / harness.WORKER),
    "PORT": str(PORT),
    "DATABASE_URL": f"postgresql://thousand@{quote(str(SERVERS.sockets), safe='')}/thousand",
    "REDIS_URL": f"unix://{SERVERS.sockets}/redis.sock?db={harness.REDIS_DATABASE}",
    "CLICKS_REDIS_URL": f"unix://{SERVERS.sockets}/clicks.sock?db={harness.REDIS_DATABASE}",
}
for name in ("DEBUG", "SITE_URL", "EMAIL_URL", "ALLOWED_HOSTS", "SECRET_KEY", "THOUSAND_PART"):
    os.environ[name] = ""
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs a loop in this thread
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()  # here and not by the plugin, which would read the settings too early
del os.environ["DJANGO_SETTINGS_MODULE"]  # else the plugin of a worker, which inherits it, would

from config import catalogue  # noqa: E402

catalogue.compile_stale()  # pages are also tested in Dutch


def pytest_unconfigure() -> None:
    _engines.__exit__(None, None, None)


def _migrate(name: str) -> None:
    """Bring database `name` up to date as the owner."""
    from django.core.management import call_command
    from django.db import connection

    before = dict(connection.settings_dict)
    connection.settings_dict |= {"NAME": name, "USER": "thousand_owner"}
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict |= {"NAME": before["NAME"], "USER": before["USER"]}


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
        rows.reset()

    TransactionTestCase._fixture_teardown = reset_rows
    yield
    with django_db_blocker.unblock():
        connection.close()
        with harness.owner(SERVERS) as owner:
            harness.drop(owner, name)


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def _flush_redis() -> None:
    from django.conf import settings

    for address in (
        settings.REDIS_URL,
        settings.CACHES["default"]["LOCATION"],
        settings.CLICKS_REDIS_URL,
    ):
        with redis.from_url(address) as client:
            client.flushdb()


@pytest.fixture
def clean_redis():
    """Empty databases of this process on both Redis servers, before and after."""
    _flush_redis()
    yield
    _flush_redis()


@pytest.fixture(scope="session")
def _site(django_db_setup):
    from django.conf import settings

    site = harness.Site(PORT, {"THOUSAND_PART": "web", "DATA_DIR": str(settings.DATA_DIR)})
    yield site
    site.stop()


@pytest.fixture
def live_site(transactional_db, clean_redis, _site):
    """The real server, in its own process; `live_site.url` is its address."""
    return _site


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Use the system's Chromium; without one the browser tests are skipped."""
    found = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if not found:
        pytest.skip("no Chromium on this machine")
    return browser_type_launch_args | {
        "executable_path": found,
        "args": ["--no-sandbox", "--disable-gpu"],
    }


@pytest.fixture
def data():
    """The folder of sample files."""
    return Path(__file__).parent / "data"
