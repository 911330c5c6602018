"""A parcel of which nobody tells that it came is called so after the days that its brand states."""

from django.db import migrations, models

ASSUMED = "nobody told of it: the days that the brand states were over"


class Migration(migrations.Migration):
    dependencies = [("shop", "0013_refunds_wait_in_a_row")]
    operations = [
        migrations.AddField(
            "brandorder",
            "arrival_assumed",
            models.BooleanField(default=False, db_default=False, help_text=ASSUMED),
        ),
    ]
