"""Settings are checked at start: live says what is missing and refuses what is for demos."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import addresses
from config.environment import NEEDED_IN_LIVE, Environment, Files
from tests import live
from tests.harness import ROOT
from tests.live import LIVE, READY, manage


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
        ("SITE_URL", "https://", "and name a host"),
        ("EMAIL_URL", "mail.example", "EMAIL_URL must be as smtp+tls://"),
        ("PAYMENT_GATEWAY", "fake", "PAYMENT_GATEWAY=fake is refused"),
        ("FAKE_PLATFORM_URL", "http://127.0.0.1:9", "FAKE_PLATFORM_URL is refused"),
        ("MARKET_MODE", "party", "MARKET_MODE must be demo or live"),
        ("PORT", "http", "PORT must be a whole number, not 'http'"),
        ("DATABASE_URL", "mysql://x/y", "DATABASE_URL is no PostgreSQL address"),
    ],
)
def test_live_refuses_what_is_for_demos(name, value, says):
    done = manage("check", **LIVE | {name: value})

    assert (done.returncode, says in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    ("read", "value", "says"),
    [
        (lambda env: env.whole("IT", 8000), "http", "IT must be a whole number, not 'http'."),
        (lambda env: env.whole("IT", 8000), "-1", "IT must be a whole number, not '-1'."),
        (lambda env: env.flag("IT"), "maybe", "IT must be 1 or 0, not 'maybe'."),
        (lambda env: env.choice("IT", ("a", "b"), "a"), "c", "IT must be a or b, not 'c'."),
        (
            lambda env: env.key("IT"), "secret",
            "IT must be 32 bytes in base64url: manage.py passport_key makes them.",
        ),
        (
            lambda env: env.time_zone("IT", "Europe/Amsterdam"), "Mars/Base",
            "IT must be a time zone such as Europe/Amsterdam, not 'Mars/Base'.",
        ),
    ],
)  # fmt: skip
def test_a_value_that_is_none_is_named(monkeypatch, read, value, says):
    env = Environment()
    monkeypatch.setenv("IT", "")
    assert read(env) in {8000, False, "a", "Europe/Amsterdam", ""}

    monkeypatch.setenv("IT", value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(env)
    assert str(refusal.value) == says


def test_a_secret_may_come_from_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("IT_FILE", str(tmp_path / "it"))
    (tmp_path / "it").write_text("a word\n")
    monkeypatch.setattr(Environment, "ENVIRON", Files())
    assert Environment().word("IT") == "a word"

    monkeypatch.setenv("IT_FILE", str(tmp_path / "gone"))
    monkeypatch.setattr(Environment, "ENVIRON", Files())
    with pytest.raises(ImproperlyConfigured, match="IT_FILE cannot be read: No such file"):
        Environment().word("IT")


@pytest.mark.parametrize(
    "address",
    ["nonsense", "memcached://host:1", "redis://", "redis://host:6379/x", "unix:///a.sock?db=x"],
)
def test_an_address_that_leads_to_no_redis_is_named(address):
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL is no Redis address"):
        addresses.redis("REDIS_URL", address)


@pytest.mark.parametrize(
    "address", ["", "redis://host", "rediss://:word@host:6380/2", "unix:///a/b.sock?db=1"]
)
def test_the_address_of_a_redis_is_taken(address):
    assert addresses.redis("REDIS_URL", address) == address


def test_live_is_ready_to_deploy():
    done = manage("check", "--deploy", "--fail-level", "WARNING", **LIVE | READY)

    assert done.returncode == 0, done.stderr


def test_the_deployment_check_names_what_nobody_can_be_paid_without():
    done = manage("check", "--deploy", "--fail-level", "WARNING", **LIVE)

    assert done.returncode == 1
    assert [name for name in READY if f"{name} is not set: " in done.stderr] == list(READY)


@pytest.mark.parametrize("page", ["docs/operations.md", ".env.example"])
def test_every_variable_is_written_down(page):
    read = re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "config/settings.py").read_text())
    told = set(re.findall(r"[A-Z_]{4,}", (ROOT / page).read_text()))

    assert len(read) > 30
    assert {*read, *NEEDED_IN_LIVE} - told <= {"THOUSAND_PART"}  # `up` sets it, and `deploy/`


def test_the_mailbox_is_not_there_in_live():
    routes = live.tells()["routes"]

    assert "/robots.txt" in routes
    assert [route for route in routes if route.startswith("/mailbox/")] == []


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
