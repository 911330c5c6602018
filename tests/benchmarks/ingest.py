"""Clicks from the stream into their partition, by one drain: rows per second, and its memory.

Ours (links found, first per visitor and hour counted, day's sums, exactly once) beside the limit
(the same batches read and copied into a table without rules) and beside `bulk_create`. Each works
in a process of its own, on a stream filled beforehand; the rows are counted afterwards.
"""

import gc
import os
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

import django

from tests.benchmarks import lib

django.setup()

from django.db import connection  # noqa: E402

from affiliates import clickids, clicks, linkcache  # noqa: E402
from affiliates.clickbuffer import STREAM  # noqa: E402
from affiliates.models import Click, Link  # noqa: E402
from tests.benchmarks.redirect import Bench  # noqa: E402

SIZE = 200_000 if lib.FULL else 50_000
ROUNDS = 3 if lib.FULL else 2
VISITORS = 20_000
BATCH = clicks.BATCH
TABLES = """
    drop table if exists bench_click;
    create unlogged table bench_click (like affiliates_click including defaults);
    grant all on bench_click to public
"""
EMPTY = "truncate affiliates_click, affiliates_clickseen, affiliates_linkday, bench_click"


def fill(codes: list[str], size: int) -> None:
    """Put `size` clicks of people into the stream, as the redirect writes them."""
    server = linkcache.client()
    server.delete(STREAM)
    people = [urlsafe_b64encode(os.urandom(16))[:22].decode() for _ in range(VISITORS)]
    for start in range(0, size, 2_000):
        with server.pipeline(transaction=False) as pipe:
            for n in range(start, min(start + 2_000, size)):
                code, who = codes[n * 7 % len(codes)], people[n * 13 % VISITORS]
                entry = f"{code}|{clickids.new()}|{who}|1|tiktok.com|phone|tiktok|"
                pipe.xadd(STREAM, {"d": entry})
            pipe.execute()


def ours() -> int:
    moved = 0
    while n := clicks.drain_once(linkcache.client(), BATCH):
        moved += n
    return moved


def batches():
    """Yield the entries of the stream, BATCH at a time, split and with their links."""
    server, last = linkcache.client(), "0-0"
    links = dict(Link.objects.values_list("code", "pk"))
    while answer := server.xread({STREAM: last}, count=BATCH):
        rows = answer[0][1]
        last = rows[-1][0]
        yield [
            (links[code], uuid.UUID(hex=redirect_uid(click)), who, host, device, platform)
            for code, click, who, _counts, host, device, platform, _paid in (
                fields[b"d"].decode().split("|") for _id, fields in rows
            )
        ]


def redirect_uid(click: str) -> str:
    return urlsafe_b64decode(click + "==").hex()


def copied() -> int:
    """The limit: read, split, COPY; no counting, no sums, no checks."""
    moved = 0
    for rows in batches():
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines = [
            f"{uid.hex}\t{link}\t{now}\t\\\\x{os.urandom(16).hex()}\t{host}\t{device}\t{seen}\tt\n"
            for link, uid, _who, host, device, seen in rows
        ]
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY bench_click (uid, link_id, clicked_at, visitor, referrer_host, device,"
                " seen_platform, counted) FROM STDIN"
            ) as copy,
        ):
            copy.write("".join(lines))
        moved += len(rows)
    return moved


def bulk() -> int:
    """What most would write: one object per click, `bulk_create` per batch."""
    moved = 0
    for rows in batches():
        now = datetime.now(UTC)
        Click.objects.bulk_create(
            Click(uid=uid, link_id=link, clicked_at=now, visitor=os.urandom(16),
                  referrer_host=host, device=device, seen_platform=seen, counted=True)
            for link, uid, _who, host, device, seen in rows
        )  # fmt: skip
        moved += len(rows)
    return moved


WORK = {"ours": ours, "copied": copied, "bulk": bulk}


def worker(name: str) -> None:
    """Run one contender; print rows, seconds and megabytes."""
    Link.objects.count()  # connected before the clock runs
    gc.freeze()  # as the command does
    begun = time.perf_counter()
    moved = WORK[name]()
    spent = time.perf_counter() - begun
    sys.stdout.write(f"{moved} {spent:.4f} {lib.most_mb():.1f}\n")


class Ingest(Bench):
    def __init__(self) -> None:
        super().__init__()
        self.words = self.codes.read_text().split()
        self.memory: dict[int, float] = {}
        clicks.make_partitions(datetime.now(UTC))
        with self.owner() as owner:
            owner.execute(TABLES)

    def measure(self, name: str, size: int = SIZE) -> float:
        """Return rows per second of one contender on a full stream."""
        with self.owner() as owner:
            owner.execute(EMPTY)
        fill(self.words, size)
        command = [sys.executable, "-m", "tests.benchmarks.ingest", name]
        done = subprocess.run(command, cwd=lib.ROOT, capture_output=True, text=True, check=True)
        moved, spent, most = done.stdout.split()
        if name == "ours":
            rows, distinct = self.clicks()
            self.lost += size - rows
            self.doubled += rows - distinct
            self.memory[size] = float(most)
        return int(moved) / float(spent)


def main() -> int:
    bench = Ingest()
    rate = lib.interleave(
        {name: lambda n=name: bench.measure(n) for name in WORK}, ROUNDS, pick=max
    )
    bench.measure("ours", SIZE // 5)
    flat = bench.memory[SIZE] / bench.memory[SIZE // 5]
    return lib.report(
        "ingest", ROUNDS,
        {"per_s": round(rate["ours"]), "limit_per_s": round(rate["copied"]),
         "bulk_create_per_s": round(rate["bulk"]), "mb": bench.memory[SIZE], "rows": SIZE},
        {"per_s": rate["ours"], "of_limit": rate["ours"] / rate["copied"], "x_bulk_create": rate["ours"] / rate["bulk"],
         "memory_of_five_times": flat, "lost": bench.lost, "doubled": bench.doubled},
        {"per_s": {"min": 20_000}, "of_limit": {"min": 0.3}, "x_bulk_create": {"min": 2}, "memory_of_five_times": {"max": 1.2},
         "lost": {"max": 0, "min": 0}, "doubled": {"max": 0}},
    )  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) > 1:
        worker(sys.argv[1])
    else:
        sys.exit(main())
