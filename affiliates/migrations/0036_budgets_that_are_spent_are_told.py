"""A spent budget waits until it is told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0035_saved_searches_know")]
    operations = [
        migrations.AddField(
            model_name="collaboration",
            name="tells_spent",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="its budget was spent, and nobody is told yet",
            ),
        ),
    ]
