"""Clicks of a demo market: daily sums for all of it, single clicks for the last 30 days."""

# ruff: noqa: S608  (table names are our own)

from datetime import timedelta

from django.db import connection

from affiliates import clicks, trackrecord
from config.demo.world import World, midnight
from creators import directory, peers

RAW_DAYS = 30
# Chance without a random generator: the same seed, link and day give the same number.
DICE = (
    "(('x' || substr(md5(concat_ws(' ', %(seed)s, {what})), 1, 8))::bit(32)::bigint / 4294967296.0)"
)
SUMS = f"""
    insert into affiliates_linkday (link_id, day, clicks, uniques, orders, income)
    select link_id, day, n, greatest(1, (n * 0.83)::int), orders, income
    from (
        select link_id, day, sum(orders)::int as orders, sum(income)::bigint as income,
               (sum(orders) * (9 + 14 * {DICE.format(what="link_id, day")})
                + sum(visits) * (1 + 9 * {DICE.format(what="day, link_id")}))::int + 1 as n
        from (
            select c.link_id, (c.created_at at time zone %(zone)s)::date as day,
                   count(distinct l.brand_order_id) filter (where c.kind = 'sale') as orders,
                   coalesce(sum(c.amount), 0) as income, 0 as visits
            from affiliates_commission c join shop_orderline l on l.id = c.order_line_id
            where c.state <> 'void' group by 1, 2
            union all
            select k.id, d.day, 0, 0, 1
            from affiliates_link k
            cross join lateral (
                select (k.created_at at time zone %(zone)s)::date + step as day
                from unnest(array[0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144]) step) d
            where d.day <= %(today)s and ({DICE.format(what="k.id, d.day, 'visit'")}) < 0.7
        ) parts group by link_id, day
    ) days order by day, link_id
"""
RAW = f"""
    insert into affiliates_click
        (uid, link_id, clicked_at, visitor, referrer_host, device, seen_platform, counted)
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
            || '7' || substr(hash, 1, 3) || 'a' || substr(hash, 4, 3) || substr(hash, 7, 12))::uuid,
           link_id, at, decode(md5(concat_ws(' ', link_id, day, n %% uniques)), 'hex'),
           case platform when 'page' then '' else platform || '.com' end,
           case when {DICE.format(what="hash")} < 0.86 then 'phone' else 'computer' end,
           case platform when 'page' then '' else platform end, n <= clicks
    from (
        select d.link_id, d.day, d.clicks, d.uniques, k.platform, n,
               md5(concat_ws(' ', %(seed)s, d.link_id, d.day, n)) as hash,
               greatest(k.created_at, d.day::timestamp at time zone %(zone)s
                   + {DICE.format(what="n, d.link_id, d.day")}
                   * (least(%(now)s, (d.day + 1)::timestamp at time zone %(zone)s)
                      - d.day::timestamp at time zone %(zone)s)) as at
        from affiliates_linkday d join affiliates_link k on k.id = d.link_id
        cross join lateral generate_series(1, d.clicks + d.clicks / 11) n
        where d.day >= %(since)s
    ) clicks
"""


def make(world: World) -> None:
    """Write the sums of every link and day, and the clicks of the last thirty days."""
    since = max(world.first_day, world.today - timedelta(days=RAW_DAYS))
    clicks.make_partitions(midnight(since))
    values = {
        "seed": world.seed, "zone": world.zone, "today": world.today, "now": world.now,
        "since": since,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("analyze affiliates_commission, affiliates_link, shop_orderline")
        world.step("clicks")
        cursor.execute(SUMS, values)
        cursor.execute(RAW, values)


def show_in_directory(world: World, batch: int = 2_000) -> None:
    """Write the searchable row of every creator, with what she sold."""
    with connection.cursor() as cursor:
        cursor.execute("select min(id), max(id) from creators_creator")
        low, high = cursor.fetchone()
        cursor.execute("analyze creators_channel, creators_reading, affiliates_linkday")
    peers.refresh(world.now)
    for first in range(low, high + 1, batch):
        world.step("directory")
        last = min(high, first + batch - 1)
        trackrecord.record(range(first, last + 1), world.now)
    directory.number(world.now)
