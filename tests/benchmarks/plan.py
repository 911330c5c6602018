"""A brand's plan over 100,000 creators: everything that the page does, beside its SQL alone."""

import sys
import time

import django

from tests.benchmarks import lib

django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from affiliates import plans  # noqa: E402
from creators.models import DirectoryEntry  # noqa: E402
from shop.models import Brand  # noqa: E402
from tests.benchmarks import people  # noqa: E402
from tests.shop.factories import make_variant  # noqa: E402

CREATORS = 1_000_000 if lib.FULL else 100_000
ROUNDS = 3
FILL = """
    update creators_directoryentry set
        is_listed = true, followers_max = f.followers, followers_total = f.followers,
        best_platform = (array['tiktok', 'instagram', 'youtube', 'facebook'])[1 + creator_id %% 4],
        engagement_bp = 50 + (creator_id * 7919) %% 1500, score = 40 + creator_id %% 61,
        clicks_90d = case when creator_id %% 3 = 0 then (creator_id * 31) %% 2000 else 0 end,
        orders_90d = case when creator_id %% 3 = 0 then (creator_id * 31) %% 2000 / 40 else 0 end,
        brands_worked = 1 + creator_id %% 4
    from (select creator_id as id, 1000 + (creator_id * 104729) %% 60000 as followers
          from creators_directoryentry) f
    where f.id = creator_id
"""


def fill() -> Brand:
    people.make(CREATORS, 0)
    now = timezone.now()
    have = set(DirectoryEntry.objects.values_list("pk", flat=True))
    DirectoryEntry.objects.bulk_create(
        (
            DirectoryEntry(creator_id=n, country="NL", refreshed_at=now)
            for n in range(1, CREATORS + 1)
            if n not in have
        ),
        batch_size=people.BATCH,
    )
    with connection.cursor() as cursor:
        cursor.execute(FILL.replace("%%", "%"))
        cursor.execute("analyze creators_directoryentry")
    variant = make_variant(price=4_000)
    return variant.product.brand


def sql_alone() -> float:
    begun = time.perf_counter()
    found = DirectoryEntry.objects.filter(is_listed=True, followers_max__range=plans.SMALL)
    rows = found.order_by("-score", "-creator").values_list(*plans.FIELDS)
    list(rows[: plans.MOST_LOOKED_AT])
    return time.perf_counter() - begun


def main() -> int:
    brand = fill()

    def seconds(goal: str) -> float:
        cache.clear()
        begun = time.perf_counter()
        made = plans.make(brand, plans.Asked(goal, 300_000, 1_500), timezone.now())
        if made.many is None or len(made.many.rows) < 5:
            raise SystemExit("the plan holds nobody")
        return time.perf_counter() - begun

    goals = ("sales", "clicks", "reach")
    found = lib.interleave(
        {goal: (lambda goal=goal: seconds(goal)) for goal in goals} | {"sql": sql_alone}, ROUNDS
    )
    slowest = max(found[goal] for goal in goals)
    return lib.report(
        "plan", ROUNDS,
        {"creators": CREATORS, **{f"{name}_s": round(value, 2) for name, value in found.items()}},
        {"slowest_s": slowest},
        {"slowest_s": {"max": 5}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
