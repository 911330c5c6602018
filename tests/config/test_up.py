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
PARTS = ["web", "worker", "beat", "platforms"]
pytestmark = pytest.mark.slow


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
        self.log = open(self.home / "up.log", "a")  # noqa: SIM115  (until it stops)
        self.process = self.up(stdout=self.log, stderr=subprocess.STDOUT)
        assert until(lambda: self.ready() or self.process.poll() is not None, 120)
        assert until(lambda: all(self.pid(part) for part in PARTS), 30)

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

    def pid(self, name):
        engine = name in {"postgres", "redis", "clicks"}
        file = (self.home if engine else self.home / "parts") / f"{name}.pid"
        return int(file.read_text()) if file.exists() else None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.log.close()
        return self.process.wait(40)


def until(condition, limit_s):
    end = time.monotonic() + limit_s
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

        assert until(lambda name=name, old=old: market.pid(name) not in {old, None}, 30), name
        assert until(market.ready, 40), name


def test_a_second_up_refuses_in_one_line(market):
    second = market.up(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = second.communicate(timeout=30)

    assert (second.returncode, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("This market is already up")


def test_a_port_in_use_is_said_in_one_line(market, tmp_path):
    market.env["DATA_DIR"] = str(tmp_path / "other")
    other = market.up(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = other.communicate(timeout=30)

    assert (other.returncode, out) == (2, "")
    assert err.startswith(f"Port {market.port} is in use.")


def test_ctrl_c_ends_everything(market):
    pids = [market.pid(name) for name in [*PARTS, "postgres", "redis", "clicks"]]

    assert market.stop() == 0
    assert all(gone(pid) for pid in pids)


def test_a_killed_up_leaves_no_part_and_starts_again(market):
    pids = [market.pid(name) for name in PARTS]
    market.process.kill()
    market.process.wait()

    assert until(lambda: all(gone(pid) for pid in pids), 40)
    market.start()
    assert market.ready()
