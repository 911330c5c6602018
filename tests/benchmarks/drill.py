"""The drill and the risk page: for a brand with at least 1,000 creators, and for a whole market.

With a twentieth of the clicks seen elsewhere than their links say. The time is the slowest of the
platforms: what a person waits for at the worst.
"""

import sys
from collections.abc import Callable

import django

from tests.benchmarks import lib

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from affiliates import drill, exposure  # noqa: E402
from creators.models import Platform  # noqa: E402
from shop.models import Brand  # noqa: E402
from tests.benchmarks import market_of_links  # noqa: E402

CREATORS, ORDERS = (100_000, 1_000_000) if lib.FULL else (20_000, 60_000)
ROUNDS = 3
LARGEST = """
    SELECT o.brand_id, count(DISTINCT k.creator_id)
    FROM affiliates_link k JOIN affiliates_collaboration o ON o.id = k.collaboration_id
    WHERE k.is_active GROUP BY 1 ORDER BY 2 DESC LIMIT 1
"""


def fill() -> tuple[Brand, int, int]:
    """Return the brand with the most creators, how many they are, and lines of the 90 days."""
    seconds = lib.timed(lambda: market_of_links.fill(CREATORS, ORDERS, timezone.now()))
    lib.say(f"market filled in {seconds:.0f} s")
    since = exposure.window(timezone.now())["since"]
    with connection.cursor() as cursor:
        cursor.execute(LARGEST)
        brand, creators = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM affiliates_commission WHERE kind = 'sale' AND created_at > %s",
            [since],
        )
        lines = cursor.fetchone()[0]
    return Brand.objects.get(pk=brand), creators, lines


def slowest(work: Callable[[str], object]) -> float:
    return max(lib.timed(lambda one=one: work(one)) for one in Platform.values)


def main() -> int:
    brand, creators, lines = fill()
    at = timezone.now()
    if drill.run(drill.Asked("tiktok", brand=brand), at).main.at_risk <= 0:
        raise SystemExit("nothing is at risk: the market is empty")
    found = lib.interleave(
        {
            "brand": lambda: slowest(lambda one: drill.run(drill.Asked(one, brand=brand), at)),
            "risk": lambda: lib.timed(lambda: exposure.of_brand(brand, at)),
            "market": lambda: slowest(lambda one: drill.run(drill.Asked(one), at)),
        },
        ROUNDS,
    )
    return lib.report(
        "drill", ROUNDS,
        {"creators": CREATORS, "orders": ORDERS, "creators_of_brand": creators, "lines_of_90_days": lines,
         **{f"{name}_s": round(value, 2) for name, value in found.items()}},
        {"creators_of_brand": creators, "brand_s": found["brand"], "risk_s": found["risk"],
         "market_s": found["market"]},
        {"creators_of_brand": {"min": 1_000}, "brand_s": {"max": 2}, "risk_s": {"max": 2},
         "market_s": {"max": 60}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
