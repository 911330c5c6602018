"""The index of orders with news of a slow payment, built while orders come in.

Databases that got it with 0022 keep it.
"""

from django.db import migrations, models

INDEX = models.Index(
    condition=models.Q(("payment_news", ""), _negated=True), fields=["id"], name="order_has_news"
)
BUILD = """
create index concurrently if not exists order_has_news on shop_order (id)
 where not (payment_news = '')
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0032_orders_not_held")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(BUILD, "drop index concurrently if exists order_has_news")],
            [migrations.AddIndex("order", INDEX)],
        )
    ]
