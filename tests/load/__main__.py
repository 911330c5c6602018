"""Plays a day against a market of its own and judges it: no failure, memory flat, p95 per page."""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.benchmarks.lib import own_mb, tree
from tests.chaos import links_of
from tests.running import PARTS, Market

SIZE = ("--creators", "400", "--brands", "20", "--products", "200", "--orders", "4000")
GROWTH_BAR = 1.25  # the memory of a part at the end, of that after the first third


class Memory(threading.Thread):
    """Notes what each part of a market holds for itself, in MB, every few seconds."""

    def __init__(self, market: Market) -> None:
        super().__init__(daemon=True)
        self.market, self.seen = market, {name: [] for name in PARTS}
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(5):
            for name in PARTS:
                if pid := self.market.pid(name):
                    self.seen[name].append(sum(own_mb(one) for one in tree(pid)))

    def growth(self) -> dict[str, float]:
        """Return how much of its memory after a third each part has at the end."""
        found = {}
        for name, values in self.seen.items():
            third = len(values) // 3 or 1
            early, late = values[third : third + 5], values[-5:]
            found[name] = round((sum(late) / len(late)) / (sum(early) / len(early)), 2)
        return found


def play(market: Market, minutes: float, people: int, work: Path) -> list[dict[str, str]]:
    """Let locust's people come for so long; return its row per page."""
    sign_ins = [
        line.split()[:4] for line in (market.home / "sign-ins.txt").read_text().splitlines()
        if line.split()[:1] and line.split()[0] in {"creator", "brand"}
    ]  # fmt: skip
    env = market.env | {
        "LOAD_LINKS": json.dumps(links_of(market.home)),
        "LOAD_SIGN_INS": json.dumps([row[:3] for row in sign_ins]),
        "LOAD_BRAND": next(row[3] for row in sign_ins if row[0] == "brand"),
    }
    command = [os.environ["LOCUST"], "-f", "tests/load/day.py", "--headless", "--host", market.url]
    command += ["-u", str(people), "-r", "2", "-t", f"{round(minutes * 60)}s"]
    command += ["--csv", str(work / "day"), "--only-summary", "--exit-code-on-error", "0"]
    subprocess.run(command, env=env, check=True, stdout=sys.stderr)
    with open(work / "day_stats.csv", newline="") as file:
        return list(csv.DictReader(file))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--people", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="thousand-load-") as name:
        market = Market(Path(name), TRUSTED_PROXY_COUNT="1")
        try:
            market.manage("demo", *SIZE)
            memory = Memory(market)
            memory.start()
            rows = play(market, given.minutes, given.people, Path(name))
            memory.ended.set()
            time.sleep(5)
            books = json.loads(market.manage("check_books", "--json"))["ok"]
        finally:
            market.stop()
    pages = {
        row["Name"]: {"n": int(row["Request Count"]), "failed": int(row["Failure Count"]),
                      "p50_ms": float(row["50%"]), "p95_ms": float(row["95%"])}
        for row in rows if row["Request Count"] != "0"
    }  # fmt: skip
    growth = memory.growth()
    found = {
        "minutes": given.minutes, "people": given.people, "pages": pages,
        "memory_end_of_third": growth, "books_balance": books,
    }  # fmt: skip
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    failed = sum(page["failed"] for page in pages.values())
    return 0 if books and not failed and max(growth.values()) <= GROWTH_BAR else 1


if __name__ == "__main__":
    sys.exit(main())
