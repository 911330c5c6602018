"""Links and codes remember when they were switched off and on: an order is judged by its own moment."""

from django.db import migrations, models

OFF = {"null": True, "blank": True, "help_text": "when it was last switched off"}
ON = {"null": True, "blank": True, "help_text": "when it was last switched on again"}


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0019_past_fridays_and_void_fees")]
    operations = [
        migrations.AddField("creatorcode", "off_at", models.DateTimeField(**OFF)),
        migrations.AddField("creatorcode", "on_at", models.DateTimeField(**ON)),
        migrations.AddField("link", "off_at", models.DateTimeField(**OFF)),
        migrations.AddField("link", "on_at", models.DateTimeField(**ON)),
    ]
