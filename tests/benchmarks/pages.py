"""Pages on a small and on a big demo market: statements, and time beside each other.

Both with cold caches. Time is the best of many requests, so that a busy
machine disturbs it least.
"""

import os
import statistics
import sys
import time

import django

from tests.benchmarks import lib

django.setup()

from django.core.cache import cache  # noqa: E402
from django.test import Client  # noqa: E402

from tests import tour  # noqa: E402

REQUESTS, FEW_REQUESTS = 20, 3
KINDS = 2  # statements more for kinds of rows that the small market lacks; rows take none
SIZES = {
    "small": ["--creators", "200", "--brands", "20", "--products", "400", "--orders", "4000"],
    "big": ["--creators", "4000", "--brands", "100", "--products", "4000", "--orders", "60000"],
}
if lib.FULL:
    SIZES = {
        "small": ["--creators", "500", "--brands", "60", "--products", "2000", "--orders", "20000"],
        "big": ["--creators", "100000", "--brands", "1000", "--products", "20000",
                "--orders", "1000000"],
    }  # fmt: skip
TIMED = {
    "shop:storefront_list", "shop:product", "affiliates:creator_dashboard",
    "affiliates:brand_dashboard",
}  # fmt: skip


def cold(browser: Client, path: str) -> float:
    """Return the milliseconds of one request that finds nothing in the cache."""
    cache.clear()
    return 1000 * lib.timed(lambda: browser.get(path))


def measure(market: str) -> tuple[dict[str, int], dict[str, float], list[str]]:
    """Fill a market; return statements and best milliseconds per page, and what failed."""
    begun = time.monotonic()
    lib.manage(dict(os.environ), "demo", "--reset", "--skip-checks", "-v0", *SIZES[market])
    lib.say(f"{market} market filled in {time.monotonic() - begun:.0f} s")
    asked, best, failed = {}, {}, []
    browsers = tour.clients()
    for page in tour.pages():
        browser, name = browsers[page.who], page.name
        try:
            found = tour.statements(browser, page.path)
        except AssertionError as problem:
            failed.append(str(problem))
            continue
        if found is not None:
            asked[name] = len(found)
            requests = REQUESTS if name in TIMED else FEW_REQUESTS
            best[name] = min(cold(browser, page.path) for _n in range(requests))
            lib.say(f"{market} {name}: {asked[name]} statements, {best[name]:.1f} ms")
    return asked, best, failed


def main() -> int:
    asked, best, failed = {}, {}, []
    for market in SIZES:
        asked[market], best[market], broken = measure(market)
        failed += broken
    both = [name for name in asked["big"] if name in asked["small"]]
    most = {name: max(asked["small"][name], asked["big"][name]) for name in both}
    slower = {name: best["big"][name] / best["small"][name] for name in both}
    return lib.report(
        "pages", 1,
        {"pages": len(both), "failed": failed, "statements": most,
         "median_ms": round(statistics.median(best["big"].values()), 1),
         "big_over_small": {name: round(value, 2) for name, value in slower.items()}},
        {"six": max((most[n] for n in both if n in tour.SIX), default=99),
         "twelve": max((most[n] for n in both if n not in tour.SIX), default=99),
         "more_with_rows": sum(asked["big"][n] > asked["small"][n] + KINDS for n in both),
         "big_over_small": max((slower[n] for n in both if n in TIMED), default=99),
         "failed": len(failed)},
        {"six": {"max": 6}, "twelve": {"max": 12}, "more_with_rows": {"max": 0},
         "big_over_small": {"max": 2}, "failed": {"max": 0}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
