"""`manage.py up`: one per data directory, heals every part, leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests import harness

ROOT = Path(__file__).parent.parent.parent
PARTS = ["web", "worker", "beat", "drain", "platforms"]
PATIENCE_S = 240  # a busy machine is slow, not wrong
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


class Market:
    """A market of its own, brought up by `manage.py up`."""

    def __init__(self, home):
        self.home, self.port = home, harness.free_port()
        keep = ("DATABASE_URL", "REDIS_URL", "CLICKS_REDIS_URL", "THOUSAND_PART")
        self.env = os.environ | dict.fromkeys(keep, "") | {
            "MARKET_MODE": "demo",
            "DATA_DIR": str(home),
            "PORT": str(self.port),
            "FAKE_PLATFORM_PORT": str(harness.free_port()),
        }  # fmt: skip
        self.start()

    def start(self):
        """Come up whole; what does not is ended, and its log shown."""
        with open(self.home / "up.log", "w") as log:
            self.process = self.up(stdout=log, stderr=subprocess.STDOUT)
        whole = until(lambda: self.ended() or (self.ready() and all(map(self.pid, PARTS))))
        if not whole or self.ended():
            self.stop()
            pytest.fail((self.home / "up.log").read_text())

    def up(self, **options):
        command = [sys.executable, "manage.py", "up", "--no-demo"]
        return subprocess.Popen(command, cwd=ROOT, env=self.env, start_new_session=True, **options)

    def ready(self):
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/readyz", timeout=5
            ) as answer:
                return b'"status": "ok"' in answer.read()
        except OSError:
            return False

    def ended(self):
        return self.process.poll() is not None

    def refused(self):
        """Try to bring another one up; return its exit code and what it said."""
        other = self.up(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            return (*other.communicate(timeout=PATIENCE_S), other.returncode)
        finally:
            other.kill()

    def pid(self, name):
        engine = name in {"postgres", "redis", "clicks"}
        file = (self.home if engine else self.home / "parts") / f"{name}.pid"
        return int(file.read_text()) if file.exists() else None

    def stop(self):
        """Ask it to end, and wait; return its exit code."""
        if not self.ended():
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Prepared by the first test, found ready by the others."""
    return tmp_path_factory.mktemp("market")


@pytest.fixture
def market(home):
    market = Market(home)
    yield market
    market.stop()


def test_every_part_that_is_killed_comes_back(market):
    for name in [*PARTS, "postgres", "redis", "clicks"]:
        old = market.pid(name)
        os.kill(old, signal.SIGKILL)

        assert until(lambda name=name, old=old: market.pid(name) not in {old, None}), name
        assert until(market.ready), name


def test_a_second_up_refuses_in_one_line(market):
    out, err, code = market.refused()

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("This market is already up")


def test_a_port_in_use_is_said_in_one_line(market, tmp_path):
    market.env["DATA_DIR"] = str(tmp_path / "other")
    out, err, code = market.refused()

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"Port {market.port} is in use.")


def test_ctrl_c_ends_everything(market):
    pids = [market.pid(name) for name in [*PARTS, "postgres", "redis", "clicks"]]

    assert market.stop() == 0
    assert all(gone(pid) for pid in pids)


def test_a_killed_up_leaves_no_part_and_starts_again(market):
    pids = [market.pid(name) for name in PARTS]
    market.process.kill()
    market.process.wait()

    assert until(lambda: all(map(gone, pids)))
    market.start()
    assert market.ready()
