"""Gives a demo market two nights and a day of work: `python -m tests.scale.fill COMMISSIONS`.

Prints as JSON what was made: `nights` with the moment at which each is over, and the ids of
catalogues that wait to be imported.
"""

import json
import os
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import django

DATA = Path(__file__).resolve().parent.parent / "data"
CATALOGUES = ["shopify_apparel.csv", "shopify_home_and_garden.csv", "shopify_jewelery.csv"]
TIMES = 4  # so often each is imported
CHANNELS = 300
# Every creator gets the same, for all of them to have a share in the night.
NIGHT = """
    insert into affiliates_commission (kind, state, creator_id, brand_id, amount, currency, reason,
                                       due_at, created_at)
    select 'adjustment', 'pending', c.id, b.id, 1 + n * 7919 %% 4000, b.currency, 'a full night',
           %(due)s, now()
    from (select id, row_number() over (order by id) - 1 as k, count(*) over () as all_of_them
          from creators_creator) c
    join generate_series(0, %(count)s - 1) n on n %% c.all_of_them = c.k
    join (select id, currency, row_number() over (order by id) - 1 as k, count(*) over () as every
          from shop_brand) b on n / c.all_of_them %% b.every = b.k
"""
STOCK = "update shop_variant set stock = 1000000, reserved = 0"


def fill(commissions: int) -> dict[str, object]:
    from django.core.files import File
    from django.db import connection
    from django.utils import timezone

    from affiliates import clock
    from shop.feeds import importer
    from shop.models import Brand, FeedRun

    now = timezone.now()
    today = clock.local_day(now)  # the night that begins: nothing of it is settled yet
    nights = [today, today + timedelta(days=1)]
    with connection.cursor() as cursor:
        cursor.execute(STOCK)
        for night in nights:
            due = clock.cutoff_of(night) - timedelta(minutes=1)
            cursor.execute(NIGHT, {"due": due, "count": commissions // len(nights)})
        cursor.execute("analyze affiliates_commission")
    connect(now)
    runs = []
    for n, brand in zip(
        range(TIMES * len(CATALOGUES)), _often(Brand.objects.order_by("pk")), strict=False
    ):
        name = CATALOGUES[n % len(CATALOGUES)]
        run = importer.start(brand, name=f"{n}-{name}")
        with open(DATA / name, "rb") as file:
            run.file.save(f"{run.pk}-{name}", File(file))
        run.state = FeedRun.State.WAITING
        run.save(update_fields=["state"])
        runs.append(run.pk)
    return {
        "nights": [
            {
                "night": night.isoformat(),
                "as_of": (clock.cutoff_of(night) + timedelta(minutes=20)).isoformat(),
            }
            for night in nights
        ],
        "runs": runs,
    }


def connect(at) -> None:
    """Let the stand-in of TikTok know some channels, and make them due to be read."""
    from creators.models import Channel, ChannelToken
    from creators.platforms.fake_answers import Account, seal

    for channel in Channel.objects.filter(platform="tiktok").order_by("pk")[:CHANNELS]:
        account = Account("tiktok", channel.handle, 5_000 + channel.pk)
        channel.external_id, channel.token_state = account.external_id, Channel.Token.OK
        channel.checked_at = at - timedelta(days=30)
        channel.save(update_fields=["external_id", "token_state", "checked_at"])
        access = seal({"account": asdict(account), "kind": "access"})
        ChannelToken.objects.update_or_create(channel=channel, defaults={"access": access})


def _often(rows):
    rows = list(rows)
    while True:
        yield from rows


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    sys.stdout.write(json.dumps(fill(int(sys.argv[1]))) + "\n")
