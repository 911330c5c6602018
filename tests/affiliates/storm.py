"""Fills a market with due commissions, in a process of its own: `python -m tests.affiliates.storm N`."""

import os
import sys
from datetime import UTC, datetime

import django

DUE = datetime(2026, 11, 2, 12, tzinfo=UTC)
AS_OF = datetime(2026, 11, 3, 12, tzinfo=UTC)  # the night of the 2nd is over
PER_CREATOR = 20


def fill(count: int) -> None:
    """Write `count` due commissions of a twentieth as many creators, in three currencies."""
    from affiliates.models import Commission
    from creators.models import Creator
    from shop.models import Brand

    brands = Brand.objects.bulk_create(
        Brand(slug=f"storm-{n}", name=f"Storm {n}", status="active", currency=currency)
        for n, currency in enumerate(["EUR", "EUR", "EUR", "JPY", "KWD"])
    )
    creators = Creator.objects.bulk_create(
        Creator(handle=f"storm{n}", display_name=f"Storm {n}", country="NL")
        for n in range(count // PER_CREATOR)
    )
    Commission.objects.bulk_create(
        (
            Commission(
                kind="adjustment", creator=creators[n % len(creators)],
                brand=(brand := brands[n // len(creators) % len(brands)]),
                amount=(n * 7919) % 4001 - 1000 or 1, currency=brand.currency, reason="storm",
                due_at=DUE, created_at=DUE,
            )
            for n in range(count)
        ),
        batch_size=5_000,
    )  # fmt: skip


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    fill(int(sys.argv[1]))
