"""Brands browsing: nine searches, each with its count and its page of rows, beside the plain way.

plain   what django-filter and Paginator send: joins, icontains, COUNT(*), OFFSET
ours    `directory.search`, through the index, with the small-first places

100,000 creators; FULL=1: 1,000,000 (BENCH_CREATORS says another number).
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Callable

import django

from tests.benchmarks import lib

django.setup()

from django.core.paginator import Paginator  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.utils import timezone  # noqa: E402

from affiliates import clock, trackrecord  # noqa: E402
from creators import directory, peers  # noqa: E402
from creators.directory import Filters, index  # noqa: E402
from creators.models import DirectoryEntry  # noqa: E402
from tests.benchmarks import market_of_creators  # noqa: E402

CREATORS = int(os.environ.get("BENCH_CREATORS", 1_000_000 if lib.FULL else 100_000))
SIZE = 24
OURS, PLAIN = (60, 5) if lib.FULL else (60, 8)
DEEP, DEEPEST = 500, 2_000
NIGHT = min(20_000, CREATORS)  # entries of a refresh
WARM = 20  # a process that serves brands has the frequent facets at hand
TEXTS = {"text", "text_niche_country"}
LOW_MS = 20
now = timezone.now()


def questions(facets: dict[str, list[str]]) -> dict[str, Callable[[random.Random], Filters]]:
    """Return how to ask each of the nine, by chance."""

    def one(chance: random.Random, kind: str, skew: float = 2) -> str:
        values = facets[kind]
        return values[int(len(values) * chance.random() ** skew)]

    def text(c: random.Random) -> str:
        return " ".join(one(c, "words") for _ in range(c.choice((1, 1, 2))))

    return {
        "all": lambda c: Filters(),
        "page_2000": lambda c: Filters(),
        "niche": lambda c: Filters(niches=(one(c, "niches"),)),
        "niche_country_followers": lambda c: Filters(
            niches=(one(c, "niches"),), country=one(c, "countries"),
            followers_min=1_000, followers_max=c.choice((5_000, 20_000, 50_000)),
        ),
        "platform_language_rating": lambda c: Filters(
            platforms=(c.choice(("tiktok", "instagram", "youtube")),), language=one(c, "languages"),
            score_min=c.choice((50, 70, 80)),
        ),
        "two_niches": lambda c: Filters(niches=(one(c, "niches"), one(c, "niches"))),
        "rare": lambda c: Filters(
            niches=(facets["niches"][-1],), country=facets["countries"][-1 - c.randrange(6)],
            platforms=("facebook",),
        ),
        "text": lambda c: Filters(text=text(c)),
        "text_niche_country": lambda c: Filters(
            text=text(c), niches=(one(c, "niches"),), country=one(c, "countries", 3)
        ),
    }  # fmt: skip


def plainly(asked: Filters, page: int) -> tuple[int, int]:
    """Do what django-filter and Paginator do; return the count and the rows of the page."""
    rows = DirectoryEntry.objects.filter(is_listed=True).select_related("creator")
    for slug in asked.niches:
        rows = rows.filter(creator__niches__slug=slug)
    if asked.country:
        rows = rows.filter(creator__country=asked.country)
    if asked.followers_min is not None:
        rows = rows.filter(followers_max__gte=asked.followers_min)
    if asked.followers_max is not None:
        rows = rows.filter(followers_max__lte=asked.followers_max)
    for name in asked.platforms:
        rows = rows.filter(**{f"{name}__isnull": False})
    if asked.language:
        rows = rows.filter(creator__languages__contains=[asked.language])
    if asked.score_min is not None:
        rows = rows.filter(score__gte=asked.score_min)
    for word in asked.text.split():
        rows = rows.filter(Q(creator__bio__icontains=word) | Q(creator__handle__icontains=word))
    pages = Paginator(rows.order_by("-engagement_bp", "-pk"), SIZE)
    return pages.count, len(list(pages.get_page(page)))


def cursors() -> dict[int, str]:
    """Read page after page; return how pages 1, 500 and 2,000 are asked for."""
    found, cursor = {1: ""}, ""
    for page in range(2, DEEPEST + 1):
        cursor = directory.search(Filters(), cursor=cursor, size=SIZE, at=now).next_cursor
        if page in (DEEP, DEEPEST):
            found[page] = cursor
    return found


def night() -> dict[str, float]:
    """Refresh NIGHT entries as the night does, and by one bare statement; return creators per s.

    Seconds of CPU, of this process and of its backend: what else a machine does is not in them.
    """
    day = clock.local_day(now)
    ids = market_of_creators.read_channels(NIGHT, day)
    peers.refresh(now)

    def rate(work: Callable[[], None]) -> float:
        DirectoryEntry.objects.filter(pk__in=ids).update(sales_on=None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            both = [os.getpid(), cursor.fetchone()[0]]
        begun = lib.cpu(both)
        work()
        return 1_000_000 * NIGHT / (lib.cpu(both) - begun)

    def ours() -> None:
        for some in trackrecord.batches(day):
            trackrecord.record(some, now)

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(*market_of_creators.bare_refresh(ids, now, day))

    return lib.interleave({"ours": lambda: rate(ours), "bare": lambda: rate(bare)}, 5, max)


def ms(work: Callable[[], object]) -> float:
    return 1_000 * lib.timed(work)


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def measure(name: str, ask, cursor: str) -> dict[str, float]:
    """Ask in turn both ways; exact counts are compared where both know them."""
    warm = random.Random(0)
    for _turn in range(WARM):
        directory.search(ask(warm), cursor=cursor, size=SIZE, at=now)
    chance, ours, plain, wrong = random.Random(name), [], [], 0
    for turn in range(OURS):
        filters = ask(chance)
        begun = time.perf_counter()
        page = directory.search(filters, cursor=cursor, size=SIZE, at=now)
        ours.append(1_000 * (time.perf_counter() - begun))
        if turn < PLAIN:
            begun = time.perf_counter()
            count, rows = plainly(filters, DEEPEST if name == "page_2000" else 1)
            plain.append(1_000 * (time.perf_counter() - begun))
            if name not in TEXTS:  # icontains also looks inside words
                wrong += page.count != count
                wrong += len(page.entries) != rows and not cursor
    line = {
        "p50": statistics.median(ours), "p95": p95(ours), "plain_p50": statistics.median(plain),
        "x": statistics.median(plain) / statistics.median(ours), "wrong": wrong,
    }  # fmt: skip
    lib.say(f"{name}: " + ", ".join(f"{key} {value:,.1f}" for key, value in line.items()))
    return line


def main() -> int:
    facets = market_of_creators.fill(CREATORS)
    begun = time.perf_counter()
    index.build(now)
    built_s = time.perf_counter() - begun
    lib.say(f"index of {CREATORS:,} built in {built_s:.1f} s")
    pages = cursors()
    lines = {
        name: measure(name, ask, pages[DEEPEST] if name == "page_2000" else "")
        for name, ask in questions(facets).items()
    }
    deep = lib.interleave(
        {
            str(page): lambda c=cursor: ms(
                lambda: directory.search(Filters(), cursor=c, size=SIZE, at=now)
            )
            for page, cursor in pages.items()
        },
        25,
    )
    refreshed = night()
    ratios = {
        "worst_p95_ms": max(line["p95"] for line in lines.values()),
        "facets_x_plain": min(line["x"] for name, line in lines.items() if name not in TEXTS),
        "text_x_plain": min(line["x"] for name, line in lines.items() if name in TEXTS),
        "wrong_counts": sum(line["wrong"] for line in lines.values()),
        "page_500_over_1": deep[str(DEEP)] / deep["1"],
        "night_over_bare": refreshed["bare"] / refreshed["ours"],
    }
    ours = {
        "creators": CREATORS, "index_built_s": round(built_s, 1),
        "refreshed_per_s": round(refreshed["ours"]),
        "queries": {
            name: {key: round(value, 1) for key, value in line.items()}
            for name, line in lines.items()
        },
    }  # fmt: skip
    bars = {
        "worst_p95_ms": {"max": LOW_MS},
        "facets_x_plain": {"min": 60},
        "text_x_plain": {"min": 30},
        "wrong_counts": {"max": 0},
        "page_500_over_1": {"max": 1.5},
        "night_over_bare": {"max": 1.5},
    }
    if CREATORS < 1_000_000:  # the plain way is slower by the number of creators
        bars |= {"facets_x_plain": {"min": 6}, "text_x_plain": {"min": 3}}
    return lib.report("directory", 1, ours, ratios, bars)


if __name__ == "__main__":
    sys.exit(main())
