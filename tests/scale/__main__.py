"""One market on seven hosts, some of which are cut off or die in the middle of a night: `make scale`.

2 web, 3 worker, 1 PostgreSQL and 1 Redis host, each a network namespace with a cable to one switch.
Shoppers order through a load balancer all the while. First the hosts share a day's work, catalogues,
readings, mails, and a night. Then another night begins, in the middle of which one worker host is cut off, another
and a web host lose their power, and the Redis host is cut off and comes back. At the end the night
is complete, every order whose payment was answered is there and paid, no commission is settled
twice, and the books balance.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests import chaos
from tests.running import until
from tests.scale import network
from tests.scale.market import HOSTS, WORKERS, Market

COMMISSIONS = 240_000  # in two nights
REDIS_AWAY_S = 12
BELL_S = 5  # without progress; config/schedule.py rings every 15 minutes
NIGHT_LIMIT_S = 300
MARGIN_S = 2  # a web host asks a Redis that was away again after a second
MUCH = ("shards of the night", "commissions settled", "rows imported", "channels read",
        "mails sent", "tasks")  # fmt: skip
LEFT = """
    select count(*) filter (where s.done_at is not null), count(*)
    from affiliates_settlementshard s join affiliates_settlementrun r on r.id = s.run_id
    where r.night = %s
"""
CLOSED = (
    "select count(*) from affiliates_settlementrun where night = %s and completed_at is not null"
)
IMPORTED = "select count(*) from shop_feedrun where id = any(%s) and state in ('done', 'refused')"
UNREAD = """
    select count(*) from creators_channel
    where token_state = 'ok' and checked_at < now() - interval '20 days'
"""
# A commission is in one line, a line is the sum of its commissions, and each is posted once.
TWICE = """
    select (select count(*) from affiliates_settlementline l
            left join (select settlement_line_id, sum(amount) as amount, count(*) as n
                       from affiliates_commission group by 1) c on c.settlement_line_id = l.id
            where (c.amount, c.n) is distinct from (l.amount, l.commission_count)),
           (select count(*) from (
                select from affiliates_ledgerentry where source_kind = 'settlement_line'
                group by source_id, kind having count(*) > 1) again)
"""
WAITS = """
    select count(*) from affiliates_commission c, affiliates_settlementrun r
    where c.state = 'pending' and c.due_at < r.cutoff and r.night = %s
"""
ENTRIES = "select md5(string_agg(e::text, ',' order by id)) from affiliates_ledgerentry e"


class Story:
    """What happened when, told as it happens."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.lines: list[str] = []

    def tell(self, text: str) -> None:
        self.lines.append(f"{time.monotonic() - self.begun:4.0f} s  {text}")
        sys.stderr.write(f"{self.lines[-1]}\n")
        sys.stderr.flush()


class Night:
    """A full night, and what befalls its hosts in the middle of it."""

    def __init__(self, market: Market, given: dict, seen: chaos.Seen, story: Story) -> None:
        self.market, self.seen, self.story = market, seen, story
        self.day, self.as_of = given["nights"][-1]["night"], given["nights"][-1]["as_of"]
        self.hit: dict[str, int] = {}  # host -> shards that were done then
        self.redis_cut_at = self.redis_back_at = 0.0
        self.plan = [  # shards done, and what happens then
            (8, self.cut_a_worker), (20, self.kill_a_worker), (32, self.cut_redis),
        ]  # fmt: skip

    def run(self) -> None:
        """Ring, strike, and wait until the night is complete. Raises AssertionError."""
        self.ring()
        done, moved_at = 0, time.monotonic()
        end = moved_at + NIGHT_LIMIT_S
        while self.plan or self.redis_back_at or not self.market.ask(CLOSED, self.day)[0]:
            before, (done, shards) = done, self.market.ask(LEFT, self.day)
            if self.plan and shards and done >= self.plan[0][0]:
                self.plan.pop(0)[1](done)
            if self.redis_back_at and time.time() > self.redis_back_at:
                self.join_redis()
            if done > before:
                moved_at = time.monotonic()
            elif time.monotonic() > moved_at + BELL_S:
                self.ring()
                moved_at = time.monotonic()
            assert time.monotonic() < end, f"{done} of {shards} shards\n{self.market.tail()}"
            time.sleep(0.01)
        self.story.tell(f"the night is complete: {done} of {shards} shards")

    def ring(self) -> None:
        self.market.ring("affiliates.tasks.settle_nights", self.as_of)

    def _strikes(self, name: str, done: int, how: str) -> None:
        self.hit[name] = done
        self.story.tell(f"{name} {how}: {done} shards are done")

    def cut_a_worker(self, done: int) -> None:
        self.market.network["worker1"].cut()
        self._strikes("worker1", done, "is cut off")

    def kill_a_worker(self, done: int) -> None:
        """And the web host whose drain moves the clicks."""
        web = self.market.drain_host()
        for name in ("worker2", web):
            self.market.network[name].lose_power()
            self._strikes(name, done, "loses its power")

    def cut_redis(self, done: int) -> None:
        self.redis_cut_at = time.time()
        self.redis_back_at = self.redis_cut_at + REDIS_AWAY_S
        self.market.network["redis"].cut()
        self._strikes("redis", done, "is cut off")

    def join_redis(self) -> None:
        self.market.network["redis"].join()
        self.redis_back_at = 0.0
        self.seen.away.append(("clicks", self.redis_cut_at - 1, time.time() + MARGIN_S))
        self.story.tell("redis is back")


def share_a_day(market: Market, given: dict) -> None:
    """Catalogues, readings and mails, over all worker hosts."""
    for pk in given["runs"]:
        market.ring("shop.tasks.import_feed", pk)
    market.ring("creators.tasks.read_channels")

    def is_over() -> bool:
        imported = market.ask(IMPORTED, given["runs"])[0]
        return imported == len(given["runs"]) and not market.ask(UNREAD)[0]

    assert until(is_over), market.tail()


def settle_a_night(market: Market, night: dict) -> None:
    """One that nothing befalls."""
    market.ring("affiliates.tasks.settle_nights", night["as_of"])
    assert until(lambda: market.ask(CLOSED, night["night"])[0]), market.tail()


def play(market: Market, story: Story) -> dict[str, object]:
    given = market.fill(COMMISSIONS)
    story.tell("the market is filled")
    market.start()
    story.tell("seven hosts are up")
    seen = chaos.Seen()
    with market.connect() as connection:
        links = chaos.links_in(connection)
    night = Night(market, given, seen, story)
    with chaos.Load(market, links, seen):
        share_a_day(market, given)
        story.tell("catalogues are imported, channels are read")
        settle_a_night(market, given["nights"][0])
        story.tell("a night is settled")
        shares = market.done()
        night.run()
        market.network["worker1"].join()
        orders = len(seen.orders)
        assert until(lambda: len(seen.orders) > orders + 3), market.tail()
        story.tell("worker1 is joined again; shoppers go on")
    return verdict(market, night, seen) | {
        "hosts_before_the_second_night": {name: dict(counts) for name, counts in shares.items()},
        "story": story.lines,
    }


def verdict(market: Market, night: Night, seen: chaos.Seen) -> dict[str, object]:
    """Look into the database; return what was promised beside what is there."""
    alive = next(name for name in market.balancer.web if name not in night.hit)
    assert until(lambda: market.well(alive)), market.tail()  # the clicks are moved, too
    with market.connect() as connection:
        found = chaos.kept(connection, seen)
    books = [json.loads(market.manage("check_books", "--json"))["ok"]]
    before = market.ask(ENTRIES)
    again = json.loads(market.manage("settle", "--as-of", night.as_of, "--json"))
    books.append(json.loads(market.manage("check_books", "--json"))["ok"])
    return {
        "hosts": {name: dict(counts) for name, counts in market.done().items()},
        "requests": dict(market.balancer.served),
        "hit_with_shards_done": night.hit,
        **found,
        "left_of_the_night": market.ask(WAITS, night.day)[0],
        "settled_twice": list(market.ask(TWICE)),
        "settled_again_changes": again["commissions"] or market.ask(ENTRIES) != before,
        "books_balance": books,
    }


def holds(found: dict[str, object]) -> bool:
    """Say whether every promise held, and whether the hosts really shared the work."""
    hosts, struck = found["hosts_before_the_second_night"], found["hit_with_shards_done"]
    shared = all(hosts[name].get(kind, 0) > 0 for name in WORKERS for kind in MUCH)
    return (
        shared and set(struck) >= {"worker1", "worker2", "redis"} and len(struck) == 4
        and max(struck.values()) < 64 and found["orders_answered"] > 0
        and not found["orders_lost"] and not found["clicks_lost"]
        and not found["left_of_the_night"] and found["settled_twice"] == [0, 0]
        and not found["settled_again_changes"] and all(found["books_balance"])
    )  # fmt: skip


def table(found: dict[str, object]) -> str:
    """Return who did what, as tables for people."""
    parts = []
    for title, key in (("a day and a night", "hosts_before_the_second_night"),
                       ("with the night under blows", "hosts")):  # fmt: skip
        rows = [[title, *WORKERS]]
        rows += [[kind, *(f"{found[key][n].get(kind, 0):,}" for n in WORKERS)] for kind in MUCH]
        widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
        parts += ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
        parts.append("")
    return "\n".join([*parts, f"requests: {found['requests']}", ""])


def run(home: Path) -> dict[str, object]:
    with network.Network(HOSTS) as hosts, Market(hosts, home) as market:
        return play(market, Story())


def main() -> int:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    if reason := network.why_not():
        sys.stderr.write(f"SKIPPED: nothing was shown. No hosts can be made here: {reason}\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="thousand-scale-") as home:
        found = run(Path(home))
    sys.stderr.write(f"\n{table(found)}")
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0 if holds(found) else 1


if __name__ == "__main__":
    sys.exit(main())
