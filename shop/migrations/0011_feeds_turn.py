"""Catalogues know when a sale of their last file begins or ends."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # CONCURRENTLY
    dependencies = [("shop", "0010_orders_by_address")]
    operations = [
        migrations.AddField(
            model_name="feed",
            name="turns_at",
            field=models.DateTimeField(
                null=True,
                blank=True,
                help_text="when a sale of its last file begins or ends: read again",
            ),
        ),
        AddIndexConcurrently(
            model_name="feed",
            index=models.Index(
                fields=["turns_at"], name="feed_turn", condition=models.Q(turns_at__isnull=False)
            ),
        ),
    ]
