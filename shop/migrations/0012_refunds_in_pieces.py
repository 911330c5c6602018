"""A refund that is booked in pieces, because a bank held the money, has a credit note for each."""

from django.db import migrations

DROP = "DROP INDEX CONCURRENTLY IF EXISTS sale_credit_once"
BACK = """
CREATE UNIQUE INDEX CONCURRENTLY sale_credit_once ON shop_saledocument (brand_order_id, refund_id)
 WHERE kind = 'credit'
"""


class Migration(migrations.Migration):
    atomic = False  # CONCURRENTLY
    dependencies = [("shop", "0011_feeds_turn")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DROP, BACK)],
            state_operations=[migrations.RemoveConstraint("saledocument", "sale_credit_once")],
        )
    ]
