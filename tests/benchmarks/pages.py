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

from django.contrib.auth.models import User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import NoReverseMatch, reverse  # noqa: E402

from affiliates.models import Link  # noqa: E402
from shop.models import Brand  # noqa: E402

REQUESTS = 20
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
SHOPPER, CREATOR, BRAND = None, "creator@thousand.example", "brand@thousand.example"
SIX = {"shop:storefront_list", "shop:product"}  # the others may take twelve
TIMED = {
    "shop:storefront_list", "shop:product", "affiliates:creator_dashboard",
    "affiliates:brand_dashboard",
}  # fmt: skip


def pages() -> list[tuple[str, str | None, str]]:
    """Return (name, who, path) of every page that is there."""
    brand = Brand.objects.filter(is_demo=True).order_by("id")[0]
    link = Link.objects.exclude(product=None).select_related("product__brand", "creator").first()
    own = {"brand_slug": brand.slug}
    wanted = [
        ("shop:storefront_list", SHOPPER, {}),
        ("shop:product", SHOPPER, [link.product.brand.slug, link.product.slug]),
        ("shop:brand_page", SHOPPER, [brand.slug]),
        ("shop:cart", SHOPPER, {}),
        ("creators:home", SHOPPER, {}),
        ("creators:rules", SHOPPER, {}),
        ("affiliates:brands_home", SHOPPER, {}),
        ("affiliates:proof", SHOPPER, {}),
        ("affiliates:storefront", SHOPPER, [link.creator.handle]),
        *((f"affiliates:{name}", CREATOR, {}) for name in (
            "creator_dashboard", "market", "links", "earnings", "payouts", "invitations",
            "storefront_settings")),
        ("creators:channels", CREATOR, {}),
        ("creators:settings", CREATOR, {}),
        *((f"affiliates:{name}", BRAND, own) for name in (
            "brand_dashboard", "discover", "shortlists", "collaborations", "balance")),
        *((f"shop:{name}", BRAND, own) for name in (
            "products", "feeds", "brand_orders", "brand_settings")),
    ]  # fmt: skip
    found = []
    for name, who, words in wanted:
        try:
            path = (
                reverse(name, args=words)
                if isinstance(words, list)
                else reverse(name, kwargs=words)
            )
        except NoReverseMatch:
            lib.say(f"no page {name} yet")
            continue
        found.append((name, who, path))
    return found


def clients() -> dict[str | None, Client]:
    made: dict[str | None, Client] = {SHOPPER: Client(headers={"host": "localhost"})}
    for mail in (CREATOR, BRAND):
        made[mail] = Client(headers={"host": "localhost"})
        made[mail].force_login(User.objects.get(email=mail))
    return made


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
    browsers = clients()
    for name, who, path in pages():
        browser = browsers[who]
        if browser.get(path).status_code != 200:
            failed.append(name)
            continue
        cache.clear()
        with CaptureQueriesContext(connection) as statements:
            browser.get(path)
        asked[name] = len(statements)
        best[name] = min(cold(browser, path) for _n in range(REQUESTS))
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
        {"six": max((most[n] for n in both if n in SIX), default=99),
         "twelve": max((most[n] for n in both if n not in SIX), default=99),
         "more_with_rows": sum(asked["big"][n] > asked["small"][n] for n in both),
         "big_over_small": max((slower[n] for n in both if n in TIMED), default=99),
         "failed": len(failed)},
        {"six": {"max": 6}, "twelve": {"max": 12}, "more_with_rows": {"max": 0},
         "big_over_small": {"max": 2}, "failed": {"max": 0}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
