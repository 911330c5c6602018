"""Settings are checked at start: live says what is missing and refuses what is for demos."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import addresses

ROOT = Path(__file__).parent.parent.parent
LIVE = {
    "MARKET_MODE": "live",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "market.example",
    "SITE_URL": "https://market.example",
    "EMAIL_URL": "smtp://mail.example:25",
}

NOTHING_ELSE = dict.fromkeys(
    ("DJANGO_ALLOW_ASYNC_UNSAFE", "FAKE_PLATFORM_URL", "PAYMENT_GATEWAY", "STRIPE_SECRET_KEY"), ""
)


def manage(*arguments, **env):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | NOTHING_ELSE | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "EMAIL_URL"])
def test_live_names_the_setting_that_is_missing(name):
    done = manage("check", **LIVE | {name: ""})

    assert done.returncode == 1
    assert done.stderr.startswith(f"manage.py: MARKET_MODE is live, so set {name} (")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DEBUG", "1", "DEBUG is refused"),
        ("SECRET_KEY", "short", "SECRET_KEY is too short"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS must name the hosts"),
        ("SITE_URL", "http://market.example", "SITE_URL must start with https://"),
        ("PAYMENT_GATEWAY", "fake", "PAYMENT_GATEWAY=fake is refused"),
        ("FAKE_PLATFORM_URL", "http://127.0.0.1:9", "FAKE_PLATFORM_URL is refused"),
        ("MARKET_MODE", "party", "MARKET_MODE must be demo or live"),
        ("DATABASE_URL", "mysql://x/y", "DATABASE_URL is no PostgreSQL address"),
    ],
)
def test_live_refuses_what_is_for_demos(name, value, says):
    done = manage("check", **LIVE | {name: value})

    assert (done.returncode, says in done.stderr) == (1, True), done.stderr


def test_live_is_ready_to_deploy():
    done = manage("check", "--deploy", "--fail-level", "WARNING", **LIVE)

    assert done.returncode == 0, done.stderr


def test_the_mailbox_is_not_there_in_live():
    done = manage("routes", **LIVE)

    assert (done.returncode, "/mailbox/" in done.stdout) == (0, False)


@pytest.mark.parametrize(
    ("address", "after"),
    [
        ("unix:///a/b.sock?db=2", "unix:///a/b.sock?db=3"),
        ("unix:///a/b.sock", "unix:///a/b.sock?db=1"),
        ("redis://host:6379/0", "redis://host:6379/1"),
        ("redis://host:6379", "redis://host:6379/1"),
    ],
)
def test_the_cache_has_the_database_after_the_queues(address, after):
    assert addresses.next_database(address) == after
