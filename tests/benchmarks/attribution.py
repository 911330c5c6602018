"""Who earns an order line: lines per second in the pure rule, beside the newest click by `max`.

The lines have one to six touches each, drawn from what shoppers do: clicks of a month, some too
old or switched off, now and then a code. The limit decides by nothing but the newest click.
"""

import random
import sys
import time
from datetime import UTC, datetime, timedelta

import django

from tests.benchmarks import lib

django.setup()

from affiliates.attribution.rules import Line, Touch, decide  # noqa: E402

LINES = 100_000 if lib.FULL else 20_000
ROUNDS = 5
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
WANTED = 20_000  # lines per second, said beside the ratio: a machine's clock is its own


def made(dice: random.Random) -> tuple[Line, list[Touch]]:
    touches = [
        Touch(
            creator_id=dice.randint(1, 5_000), brand_id=1 if dice.random() < 0.9 else 2,
            link_id=n + 1, click=f"click{n}", collaboration_id=1, rate_bp=1200, promised_bp=1000,
            clicked_at=AT - timedelta(minutes=dice.randint(1, 60 * 24 * 35)),
            link_active=dice.random() < 0.95, creator_user_id=dice.randint(1, 5_000),
        )
        for n in range(dice.choice([1, 1, 1, 2, 2, 3, 6]))
    ]  # fmt: skip
    if dice.random() < 0.1:
        touches.append(
            Touch(creator_id=9, brand_id=1, code="NOOR", collaboration_id=1, rate_bp=1200)
        )
    return Line(brand_id=1, product_id=7, placed_at=AT, paid_at=AT, buyer_id=6_000), touches


def rate(decide_one, orders) -> float:
    begun = time.perf_counter()
    for line, touches in orders:
        decide_one(line, touches)
    return len(orders) / (time.perf_counter() - begun)


def newest(line: Line, touches: list[Touch]) -> Touch:
    """The limit: no rule at all."""
    return max(touches, key=lambda touch: (touch.link_id is None, touch.clicked_at or AT))


def main() -> int:
    dice = random.Random(7)
    orders = [made(dice) for _ in range(LINES)]
    won = sum(decide(*one).winner is not None for one in orders)
    if not LINES // 2 < won < LINES:
        raise AssertionError(f"{won} of {LINES} lines are earned: these are no everyday orders")
    targets = {"ours": lambda: rate(decide, orders), "newest": lambda: rate(newest, orders)}
    found = lib.interleave(targets, ROUNDS, pick=max)
    return lib.report(
        "attribution", ROUNDS,
        {"lines_per_s": round(found["ours"]), "newest_per_s": round(found["newest"]),
         "lines": LINES, "earned": won, "wanted_per_s": WANTED},
        {"of_newest": found["ours"] / found["newest"]},
        {"of_newest": {"min": 0.08}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
