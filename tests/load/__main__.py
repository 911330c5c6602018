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
from tests.running import PARTS, Market, table

SIZE = ("--creators", "400", "--brands", "20", "--products", "200", "--orders", "4000")
GROWTH_BAR = 1.25  # the memory of a part at the end, of that after the first third
WARM_AFTER = 10  # minutes: in a shorter run the first third is still the start


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

    def found(self) -> dict[str, tuple[int, int, float]]:
        """Return what each part holds after a third, at the end, and how much more that is."""
        found = {}
        for name, values in self.seen.items():
            third = len(values) // 3
            early, late = values[third : third + 5], values[-5:]
            if early:
                before, after = sum(early) / len(early), sum(late) / len(late)
                found[name] = (round(before), round(after), round(after / before, 2))
        return found


def play(market: Market, minutes: float, people: int, work: Path) -> list[dict[str, str]]:
    """Let locust's people come for so long; return its row per page."""
    prepare = [sys.executable, "-m", "tests.load.prepare"]
    env = market.env | {"LOAD_DAY": subprocess.check_output(prepare, env=market.env, text=True)}
    command = [os.environ["LOCUST"], "-f", "tests/load/day.py", "--headless", "--host", market.url]
    command += ["-u", str(people), "-r", "2", "-t", f"{round(minutes * 60)}s"]
    command += ["--csv", str(work / "day"), "--only-summary", "--exit-code-on-error", "0"]
    subprocess.run(command, env=env, check=True, stdout=sys.stderr)
    return rows_of(work / "day_stats.csv")


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def report(found: dict) -> str:
    """Return what was found as Markdown."""
    pages = [
        [name, page["n"], page["failed"], page["p50_ms"], page["p95_ms"]]
        for name, page in found["pages"].items()
    ]
    memory = [[name, *held] for name, held in found["memory_mb"].items()]
    words = [
        f"{found['minutes']:g} minutes, {found['people']} people at a time, the market and its "
        f"visitors on one machine of {os.cpu_count()} cores. Books balance: "
        f"{'yes' if found['books_balance'] else 'NO'}.",
        table(["page", "requests", "failed", "p50 ms", "p95 ms"], pages),
        table(["part", "MB after a third", "MB at the end", "times"], memory),
        *(f"- {one}" for one in found["failures"]),
    ]
    return "\n\n".join(words) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--report", type=Path, help="a file for the tables, as Markdown")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="thousand-load-") as name:
        market = Market(Path(name), TRUSTED_PROXY_COUNT="1")
        try:
            market.manage("demo", *SIZE)
            memory = Memory(market)
            memory.start()
            rows = play(market, given.minutes, given.people, Path(name))
            memory.ended.set()
            failures = [
                f"{row['Method']} {row['Name']}: {row['Error']} ({row['Occurrences']} times)"
                for row in rows_of(Path(name) / "day_failures.csv")
            ]
            failures += [  # a page that lacks what somebody looked for
                f"{row['Message']} ({row['Count']} times)"
                for row in rows_of(Path(name) / "day_exceptions.csv")
            ]
            time.sleep(5)
            books = json.loads(market.manage("check_books", "--json"))["ok"]
        finally:
            market.stop()
    pages = {
        row["Name"]: {"n": int(row["Request Count"]), "failed": int(row["Failure Count"]),
                      "p50_ms": float(row["50%"]), "p95_ms": float(row["95%"])}
        for row in rows if row["Request Count"] != "0"
    }  # fmt: skip
    found = {
        "minutes": given.minutes, "people": given.people, "pages": pages,
        "memory_mb": memory.found(), "failures": failures, "books_balance": books,
    }  # fmt: skip
    said = report(found)
    sys.stdout.write(said)
    if given.report:
        given.report.write_text(said)
    grown = max(held[2] for held in found["memory_mb"].values())
    is_flat = grown <= GROWTH_BAR or given.minutes < WARM_AFTER
    return 0 if books and not failures and is_flat else 1


if __name__ == "__main__":
    sys.exit(main())
