"""What went back of a misfit was known by its key alone; now it names the misfit."""

from django.db import migrations

FORWARDS = """
update shop_payment b set misfit_id = m.id
  from shop_payment m
 where b.kind = 'refund' and b.misfit_id is null and m.kind = 'misfit'
   and b.event_id = 'misfit-' || m.id;
"""
BACKWARDS = "update shop_payment set misfit_id = null where misfit_id is not null;"


class Migration(migrations.Migration):
    dependencies = [("shop", "0009_money_of_providers")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
