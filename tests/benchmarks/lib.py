"""What the benches share: engines, clocks that noise does not reach, and the report."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg

from config import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
FULL = bool(os.environ.get("FULL"))


class Lab:
    """A data directory of its own with running engines and a migrated database."""

    def __init__(self, migrated: bool = True) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="thousand-bench-"))
        self.engines = embedded.Engines(self.home)
        self.migrated = migrated
        self.env = os.environ | {
            "MARKET_MODE": "demo",
            "DATA_DIR": str(self.home),
            "PORT": str(free_port()),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        for name in (
            "DATABASE_URL",
            "DATABASE_OWNER_URL",
            "REDIS_URL",
            "CLICKS_REDIS_URL",
            "DEBUG",
        ):
            self.env[name] = ""

    def __enter__(self) -> Lab:
        if self.migrated:
            self.engines.ensure()
            manage(self.env, "migrate", "-v0", "--skip-checks")
        return self

    def __exit__(self, *problem: object) -> None:
        self.engines.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def manage(env: dict[str, str], *words: str) -> str:
    """Run one management command; raise with its last words if it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {words[0]}: {done.stderr[-800:]}")
    return done.stdout


def free_port() -> int:
    """Return a free port below the range that outgoing connections are given."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def tree(pid: int) -> set[int]:
    """Return a process and everything below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, open_ = set(), [pid]
    while open_:
        one = open_.pop()
        found.add(one)
        open_ += parents.get(one, [])
    return found


def cpu(roots: Iterable[int]) -> int:
    """Return the microseconds of CPU that process trees have used, ended children included."""
    total = 0
    for pid in {one for root in roots for one in tree(root)}:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(value) for value in fields[11:15])
    return total * TICK_US


class Watch:
    """Looks at the children of a process while it is open; keeps the most memory of one.

    Only what a process has for itself counts: shared buffers belong to all.
    """

    def __init__(self, root: int, every_s: float = 0.05) -> None:
        self.root, self.every_s = root, every_s
        self.most_mb = 0.0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._closed.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._closed.wait(self.every_s):
            for pid in tree(self.root) - {self.root}:
                self.most_mb = max(self.most_mb, own_mb(pid))


def own_mb(pid: int) -> float:
    """Return the memory that a process shares with nobody, in MB; 0 when it is gone."""
    return _memory_mb(pid, "RssAnon:")


def most_mb() -> float:
    """Return the most memory that this process had, in MB.

    `getrusage` would also count the parent that started it.
    """
    return _memory_mb(os.getpid(), "VmHWM:")


def _memory_mb(pid: int, name: str) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    return 0.0


def analyze() -> None:
    """Tell the planner what was filled in; only the owner of the tables can."""
    lab = embedded.Engines(Path(os.environ["DATA_DIR"]))
    with psycopg.connect(lab.sql_address(embedded.OWNER), autocommit=True) as connection:
        connection.execute("ANALYZE")


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def interleave(
    targets: dict[str, Callable[[], float]],
    rounds: int,
    pick: Callable[[list[float]], float] = statistics.median,
) -> dict[str, float]:
    """Run every target in turn, `rounds` times; return the median (or `pick`) of each.

    A target returns its own figure. What each round gave goes to stderr at once. Rates are
    picked by `max`: what else a machine does only ever makes them lower.
    """
    found: dict[str, list[float]] = {name: [] for name in targets}
    for n in range(rounds):
        for name, target in targets.items():
            found[name].append(target())
            say(f"round {n + 1} {name}: {found[name][-1]:,.1f}")
    return {name: pick(values) for name, values in found.items()}


def say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()


def report(
    bench: str, rounds: int, ours: dict[str, object], ratios: dict[str, float],
    bars: dict[str, dict[str, float]],
) -> int:  # fmt: skip
    """Print one line of JSON; return 1 if a ratio misses its bar ("min" or "max")."""
    checked = {}
    for name, bar in bars.items():
        value = ratios[name]
        good = value >= bar.get("min", value) and value <= bar.get("max", value)
        checked[name] = {"value": round(value, 3), **bar, "ok": good}
    print(  # noqa: T201
        json.dumps(
            {
                "bench": bench,
                "rounds": rounds,
                "cores": os.cpu_count(),
                "load": round(os.getloadavg()[0], 1),
                "ours": ours,
                "ratios": {name: round(value, 3) for name, value in ratios.items()},
                "bars": checked,
            }
        ),
        flush=True,
    )
    return 0 if all(bar["ok"] for bar in checked.values()) else 1


def wait_for(address: tuple[str, int], limit_s: float = 30) -> None:
    """Wait until something listens at `address`."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(address, 1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens at {address}")


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str]):
    """A process in a group of its own, ended with everything below it."""
    process = subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
