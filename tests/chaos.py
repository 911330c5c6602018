"""A market under load whose parts are killed at random: `make chaos MINUTES=10`.

Shoppers click links, order and pay over HTTP while web, worker, beat, drain, PostgreSQL and both
Redis servers are killed one after another. At the end: every order whose payment was answered
exists and is paid, every click that was answered is a row (what its Redis does not have, the web
process that answered sends again), the books balance before and after a settlement, and the site
answered again within 30 s of each kill.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import uuid
from base64 import urlsafe_b64decode
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote

import psycopg
import redis

from affiliates.clickbuffer import STREAM
from config import embedded
from tests import harness
from tests.buyers import Buyer
from tests.running import ENGINES, Market, table, until

KILLED = ("web", "worker", "beat", "drain", *ENGINES)
SHOPPERS = 4
CLICK = re.compile(r"\b\d+\.\d+\.([A-Za-z0-9_-]{22})\.\d+\.[ton]\b")
PAUSE_S = (4, 12)  # between a market that is well and the next kill
READY_BAR_S = 30
SIZE = ("--creators", "40", "--brands", "4", "--products", "24", "--orders", "300")
AWAY = (  # TypeError: half a page
    urllib.error.URLError, HTTPException, ConnectionError, TimeoutError, TypeError,
)  # fmt: skip


@dataclass
class Seen:
    """What shoppers were answered, and how long each part was away."""

    orders: set[int] = field(default_factory=set)  # numbers of buyers whose payment was answered
    clicks: list[tuple[float, float, uuid.UUID]] = field(default_factory=list)  # asked, answered
    failed: Counter = field(default_factory=Counter)
    away: list[tuple[str, float, float]] = field(default_factory=list)  # part, killed, ready

    def without_redis(self, click: tuple[float, float, uuid.UUID]) -> bool:
        asked, answered, _uid = click
        return any(
            asked < back and answered > at for part, at, back in self.away if part == "clicks"
        )

    def near(self, click: tuple[float, float, uuid.UUID]) -> str:
        """Return which kill a click was next to."""
        asked, answered, uid = click
        part, at, back = min(
            self.away, key=lambda one: min(abs(asked - one[1]), abs(asked - one[2]))
        )
        return (
            f"{uid}: asked {asked - at:+.2f} s from the kill of {part}, {asked - back:+.2f} s from "
            f"its return, answered in {answered - asked:.2f} s"
        )


class Load:
    """Shoppers who come, click, order and pay until they are told to stop."""

    def __init__(self, market: Market, links: list[tuple[str, str, int]], seen: Seen) -> None:
        self.market, self.links, self.seen = market, links, seen
        self.stop, self.lock, self.count = threading.Event(), threading.Lock(), 0
        self.pool = ThreadPoolExecutor(SHOPPERS)

    def __enter__(self) -> Load:
        self.shoppers = [self.pool.submit(self._shop) for _n in range(SHOPPERS)]
        return self

    def __exit__(self, *_problem: object) -> None:
        self.stop.set()
        self.pool.shutdown()
        for shopper in self.shoppers:
            shopper.result()  # raises what she met and was not made for

    def _shop(self) -> None:
        while not self.stop.is_set():
            with self.lock:
                self.count += 1
                number = self.count
            step = "click"
            try:
                code, path, variant = random.choice(self.links)
                buyer, asked = Buyer(self.market.url, number), time.time()
                where, _text = buyer.ask(f"/go/{code}")
                self.seen.clicks.append((asked, time.time(), click_of(buyer, where)))
                step = "order"
                fields = buyer.puts_in_bag(path, variant)
                where, _text = buyer.ask("/checkout/", fields)
                step = "payment"
                if where.startswith("/pay/") and buyer.pays(where):
                    self.seen.orders.add(number)
            except AWAY as error:
                why = getattr(error, "code", None) or type(error).__name__
                self.seen.failed[f"{step}: {why}"] += 1
                time.sleep(0.5)


def click_of(buyer: Buyer, address: str) -> uuid.UUID:
    """Return the id of a shopper's click: in her cookie, or where she is asked first in the address."""
    found = CLICK.search(unquote(" ".join([address, *(str(one.value) for one in buyer.jar)])))
    if found is None:
        raise AssertionError(f"no click in {address!r}")
    return uuid.UUID(bytes=urlsafe_b64decode(found[1] + "=="))


def kill(market: Market, name: str, seen: Seen) -> None:
    """Kill a part and wait until everything is well again, requests first."""
    pid, at = market.pid(name), time.time()
    os.kill(pid, signal.SIGKILL)
    if not until(lambda: market.pid(name) not in {pid, None} and market.ready("?for=traffic")):
        raise AssertionError(f"{name} did not come back")
    seen.away.append((name, at, time.time()))


def connect(home: Path):
    return harness.connect(embedded.Engines(home), embedded.DATABASE, embedded.APP)


def undrained(home: Path) -> int:
    """Return how many clicks wait in the stream."""
    url = embedded.Engines(home).redis_url("clicks")
    with redis.Redis.from_url(url) as server:
        return server.xlen(STREAM)


def links_of(home: Path) -> list[tuple[str, str, int]]:
    with connect(home) as connection:
        return links_in(connection)


def links_in(connection: psycopg.Connection) -> list[tuple[str, str, int]]:
    """Give everything plenty of stock; return a link, its page and a variant for each product."""
    connection.execute("update shop_variant set stock = 1000000, reserved = 0")
    rows = connection.execute(
        """select distinct on (p.id) l.code, '/shop/' || b.slug || '/' || p.slug || '/', v.id
        from affiliates_link l join shop_product p on p.id = l.product_id
        join shop_brand b on b.id = p.brand_id
        join shop_variant v on v.product_id = p.id
        where p.status = 'active' and l.is_active"""
    )
    return list(rows)


def kept(connection: psycopg.Connection, seen: Seen) -> dict[str, object]:
    """Return what was answered beside what is in the database."""
    paid = {
        int(mail.removeprefix("buyer").partition("@")[0])
        for (mail,) in connection.execute(
            "select email from shop_order where status = 'paid' and email like 'buyer%'"
        )
    }
    rows = {
        uid for (uid,) in connection.execute(
            "select uid from affiliates_click where uid = any(%s)",
            [[click for _asked, _answered, click in seen.clicks]],
        )
    }  # fmt: skip
    return {
        "orders_answered": len(seen.orders),
        "orders_lost": sorted(seen.orders - paid),
        "clicks_answered": len(seen.clicks),
        "clicks_answered_without_redis": sum(seen.without_redis(one) for one in seen.clicks),
        "clicks_lost": [seen.near(one) for one in seen.clicks if one[2] not in rows],
        "gave_up": dict(seen.failed),
    }


def verdict(market: Market, seen: Seen) -> dict[str, object]:
    """Look into the database; return what was promised beside what is there."""
    until(lambda: market.ready())  # the worker is there
    until(lambda: not undrained(market.home))  # a drain that was killed last is still beginning
    with connect(market.home) as connection:
        found = kept(connection, seen)
    books = [json.loads(market.manage("check_books", "--json"))["ok"]]
    market.manage("settle", "--as-of", "2030-01-01T00:00Z", "--json")
    books.append(json.loads(market.manage("check_books", "--json"))["ok"])
    return {
        "kills": _kills(seen),
        **found,
        "books_balance": books,
        "ready_again_s": {
            "median": round(statistics.median(back - at for _n, at, back in seen.away), 1),
            "most": round(max(back - at for _n, at, back in seen.away), 1),
        },
    }


def _kills(seen: Seen) -> dict[str, list[float]]:
    """Return, by part, after how many seconds all was well again each time."""
    found = defaultdict(list)
    for name, at, back in seen.away:
        found[name].append(round(back - at, 1))
    return {name: found[name] for name in KILLED if name in found}


def report(found: dict[str, object], minutes: float) -> str:
    """Return what was found as Markdown."""
    kills = [
        [name, len(times), round(statistics.median(times), 1), max(times)]
        for name, times in found["kills"].items()
    ]
    lost = [
        ["orders whose payment was answered", found["orders_answered"], len(found["orders_lost"])],
        ["clicks answered", found["clicks_answered"], len(found["clicks_lost"])],
    ]
    before, after = ("yes" if one else "NO" for one in found["books_balance"])
    gave_up = ", ".join(f"{what} ({n} times)" for what, n in sorted(found["gave_up"].items()))
    words = [
        f"{minutes:g} minutes, {SHOPPERS} shoppers at a time, {sum(row[1] for row in kills)} kills "
        f"(SIGKILL), on one machine of {os.cpu_count()} cores.",
        table(["killed", "times", "ready again, median s", "at most s"], kills),
        table(["what was promised", "so many", "lost"], lost),
        f"{found['clicks_answered_without_redis']} of the clicks were answered while their Redis was "
        "away.",
        *found["clicks_lost"],
        f"Books balance: {before}; after a settlement of everything: {after}. "
        f"What shoppers met while something was away: {gave_up or 'nothing'}.",
    ]
    return "\n\n".join(words) + "\n"


def holds(found: dict[str, object]) -> bool:
    return (
        not found["orders_lost"] and not found["clicks_lost"] and all(found["books_balance"])
        and found["orders_answered"] > 0 and found["ready_again_s"]["most"] <= READY_BAR_S
    )  # fmt: skip


def run(home: Path, seconds: float, seed: int) -> dict[str, object]:
    """Bring a market up, load it, kill its parts for `seconds`, and look."""
    dice, seen = random.Random(seed), Seen()
    market = Market(home, TRUSTED_PROXY_COUNT="1")
    try:
        market.manage("demo", *SIZE)
        end = time.monotonic() + seconds
        with Load(market, links_of(home), seen):
            turn = []
            while time.monotonic() < end:
                time.sleep(dice.uniform(*PAUSE_S))
                turn = turn or dice.sample(KILLED, len(KILLED))
                kill(market, turn.pop(), seen)
        return verdict(market, seen)
    finally:
        market.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, help="a file for the tables, as Markdown")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="thousand-chaos-") as home:
        found = run(Path(home), given.minutes * 60, given.seed)
    said = report(found, given.minutes)
    sys.stdout.write(said)
    if given.report:
        given.report.write_text(said)
    return 0 if holds(found) else 1


if __name__ == "__main__":
    sys.exit(main())
