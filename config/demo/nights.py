"""Every night so far, settled at once by the statements of a night over all of them."""

from django.db import connection

from affiliates import tax
from affiliates.models.commissions import SHARDS
from config.demo.books import ENTRIES, STAGED
from config.demo.world import World

RUNS = """
    insert into affiliates_settlementrun
        (night, cutoff, created_at, completed_at, root, previous_root, head_path)
    select day, cutoff, cutoff + interval '4 minutes', cutoff + interval '6 minutes', '', '',
           '[]'
    from (select d::date as day, (d::date + 1)::timestamp at time zone %(zone)s as cutoff
          from generate_series(
              (select min(created_at at time zone %(zone)s)::date from {staged})::timestamp,
              (%(today)s::date - 1)::timestamp, interval '1 day') d) nights
    order by day
"""
LINES = """
    insert into affiliates_settlementline
        (run_id, creator_id, brand_id, currency, amount, commission_count, salt)
    select r.id, c.creator_id, c.brand_id, c.currency, sum(c.amount)::bigint, count(*),
           decode(md5(concat_ws(' ', %(seed)s, r.night, c.creator_id, c.brand_id)), 'hex')
    from {staged} c join affiliates_settlementrun r on r.night = c.night
    group by r.id, r.night, c.creator_id, c.brand_id, c.currency
    order by r.night, c.creator_id, c.brand_id
"""
COMMISSIONS = """
    insert into affiliates_commission
        (id, kind, state, creator_id, brand_id, collaboration_id, link_id, order_line_id,
         refund_line_id, dispute_line_id, reverses_id, base, rate_bp, amount, currency, reason,
         due_at, flag_id, settlement_line_id, created_at)
    select c.id, c.kind, c.state, c.creator_id, c.brand_id, c.collaboration_id, c.link_id,
           c.order_line_id, c.refund_line_id, c.dispute_line_id, c.reverses_id, c.base, c.rate_bp,
           c.amount, c.currency, '', c.due_at, c.flag_id, l.id, c.created_at
    from {staged} c
    left join affiliates_settlementrun r on r.night = c.night
    left join affiliates_settlementline l on l.run_id = r.id and l.creator_id = c.creator_id
        and l.brand_id = c.brand_id and l.currency = c.currency
    order by c.id
"""
SHARDED = """
    insert into affiliates_settlementshard
        (run_id, shard, done_at, commissions, lines, amount, set_aside, seconds)
    select r.id, s.shard, r.completed_at, coalesce(sum(l.commission_count), 0), count(l.id),
           case when count(l.id) = 0 then '{{}}'::jsonb
                else jsonb_build_object('EUR', sum(l.amount)) end, 0, 0
    from affiliates_settlementrun r cross join generate_series(0, %(shards)s - 1) s(shard)
    left join affiliates_settlementline l on l.run_id = r.id
        and l.creator_id %% %(shards)s = s.shard
    group by r.id, s.shard, r.completed_at order by r.id, s.shard
"""
ACCOUNTS = """
    insert into affiliates_account (kind, creator_id, currency)
    select distinct 'creator_balance', c.creator_id, c.currency
    from {staged} c join affiliates_settlementrun r on r.night = c.night
    order by 2, 3
"""
POSTED = """
    insert into {entries}
    select %(after)s + row_number() over (order by l.id, m.kind), m.kind,
           case when l.amount > 0 then ba.id else m.account_id end,
           case when l.amount > 0 then m.account_id else ba.id end,
           m.amount, l.currency, 'settlement_line', l.id, r.completed_at
    from affiliates_settlementline l
    join affiliates_settlementrun r on r.id = l.run_id
    join shop_brand b on b.id = l.brand_id
    join affiliates_account ba on ba.kind = 'brand_balance' and ba.brand_id = l.brand_id
        and ba.currency = l.currency
    join affiliates_account ca on ca.kind = 'creator_balance' and ca.creator_id = l.creator_id
        and ca.currency = l.currency
    join affiliates_account va on va.kind = 'vat' and va.currency = l.currency
    cross join lateral (values
        ('settlement', ca.id, abs(l.amount)),
        ('settlement_vat', va.id, (abs(l.amount) * ({vat}) + 5000) / 10000)
    ) as m(kind, account_id, amount)
    where m.amount > 0
"""


def settle(world: World) -> None:
    """Write runs, shards, lines, commissions and the lines' entries for every night over."""
    values = {
        "zone": world.zone,
        "today": world.today,
        "seed": world.seed,
        "shards": SHARDS,
        "after": world.entries,
        **tax.brand_vat_values(world.first_day),
    }
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {STAGED}")
        for statement in (RUNS, ACCOUNTS, LINES):
            cursor.execute(statement.format(staged=STAGED), values)
        cursor.execute("analyze affiliates_settlementrun, affiliates_settlementline")
        for statement in (COMMISSIONS, SHARDED, POSTED):
            world.step("nights")
            cursor.execute("analyze affiliates_account")  # a night opens one per creator
            sql = statement.format(staged=STAGED, entries=ENTRIES, vat=tax.BRAND_VAT_SQL)
            cursor.execute(sql, values)
        world.entries += max(0, cursor.rowcount)
