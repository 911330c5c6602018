"""A market that `manage.py up` brought up: for tests that pull plugs, and for `make chaos`."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests import harness

ROOT = Path(__file__).resolve().parent.parent
PARTS = ["web", "worker", "beat", "drain", "platforms"]
ENGINES = ["postgres", "redis", "clicks"]
PATIENCE_S = 240  # a busy machine is slow, not wrong


class NotUp(Exception):
    """The market did not come up; the message is its log."""


class Market:
    """A market of its own, brought up by `manage.py up`."""

    def __init__(self, home, **settings):
        self.home, self.port = home, harness.free_port()
        keep = ("DATABASE_URL", "REDIS_URL", "CLICKS_REDIS_URL", "THOUSAND_PART")
        self.env = os.environ | dict.fromkeys(keep, "") | {
            "MARKET_MODE": "demo",
            "DATA_DIR": str(home),
            "PORT": str(self.port),
            "FAKE_PLATFORM_PORT": str(harness.free_port()),
        } | settings  # fmt: skip
        self.start()

    def start(self):
        """Come up whole; what does not is ended, and its log shown."""
        with open(self.home / "up.log", "w") as log:
            self.process = self.up(stdout=log, stderr=subprocess.STDOUT)
        whole = until(lambda: self.ended() or (self.ready() and all(map(self.pid, PARTS))))
        if not whole or self.ended():
            self.stop()
            raise NotUp((self.home / "up.log").read_text())

    def up(self, **options):
        command = [sys.executable, "manage.py", "up", "--no-demo"]
        return subprocess.Popen(command, cwd=ROOT, env=self.env, start_new_session=True, **options)

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    def ready(self, what=""):
        """Say whether all is well; `what="?for=traffic"`: whether requests are answered."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz{what}", timeout=5) as answer:
                return b'"status": "ok"' in answer.read()
        except OSError:
            return False

    def manage(self, *words):
        """Run a management command on it and return what it says."""
        return subprocess.check_output(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.env, text=True
        )

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
        engine = name in ENGINES
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


def table(head, rows):
    """Return a table as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


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
