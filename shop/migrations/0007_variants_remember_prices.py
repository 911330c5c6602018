"""None"""

from django.db import migrations

FORWARDS = """
create function shop_remember_price() returns trigger language plpgsql as $$
begin
    insert into shop_pricechange (variant_id, price, since, until)
    values (old.id, old.price, old.priced_at, statement_timestamp());
    new.priced_at := statement_timestamp();
    return new;
end $$;
create trigger shop_variant_price before update of price on shop_variant
    for each row when (new.price <> old.price) execute function shop_remember_price();
"""
BACKWARDS = """
drop trigger shop_variant_price on shop_variant;
drop function shop_remember_price();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0006_terms_are_fixed"),
    ]
    replaces = [
        ("shop", "0028_prices_are_remembered"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
