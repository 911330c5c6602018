"""What an auditor may read of the shop: the views of schema `audit`, whatever our tables become."""

from django.db import migrations

VIEWS = """
create schema if not exists audit;

create view audit.orders as
select o.id as order_id, o.number::text as number, o.buyer_id::bigint as buyer_user_id,
       o.status::text as state, o.currency::text as currency,
       (coalesce((select sum(l.gross) from shop_orderline l
                    join shop_brandorder p on p.id = l.brand_order_id
                   where p.order_id = o.id), 0)
        + coalesce((select sum(p.shipping_gross) from shop_brandorder p
                     where p.order_id = o.id), 0))::bigint as total,
       o.own_shop, o.placed_at, o.paid_at
  from shop_order o;

create view audit.order_lines as
select l.id as line_id, p.order_id, p.brand_id, l.variant_id, l.quantity::bigint as quantity,
       l.gross, l.tax, l.net, l.refunded, l.charged_back, p.delivered_at
  from shop_orderline l
  join shop_brandorder p on p.id = l.brand_order_id;

create view audit.payments as
select id as payment_id, order_id, kind::text as kind, amount, currency::text as currency,
       gateway::text as gateway, event_id::text as event_id,
       nullif(reference, '')::text as reference
  from shop_payment;

create view audit.stock as
select id as variant_id, stock::bigint as on_hand, reserved::bigint as reserved
  from shop_variant;
"""
DROP = """
drop view if exists audit.orders, audit.order_lines, audit.payments, audit.stock;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0004_terms_to_start_with"),
    ]
    replaces = [
        ("shop", "0007_audit_views"),
    ]
    operations = [migrations.RunSQL(VIEWS, DROP)]
