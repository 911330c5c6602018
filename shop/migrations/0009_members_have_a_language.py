"""Members of brands are written to in the language in which they read the site."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0008_parcels_from_elsewhere"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("en", "English"), ("nl", "Dutch")],
                db_default="",
                default="",
                help_text="in which she reads the site; mail uses it",
                max_length=5,
            ),
        ),
    ]
