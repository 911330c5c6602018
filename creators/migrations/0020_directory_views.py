"""YouTube tells views, which are no reactions: they get a column of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("creators", "0019_directory_trigger_always")]
    operations = [
        migrations.AlterField(
            model_name="directoryentry",
            name="engagement_bp",
            field=models.PositiveIntegerField(
                help_text="reactions per post and follower; null: not enough data", null=True
            ),
        ),
        migrations.AddField(
            model_name="directoryentry",
            name="views_bp",
            field=models.PositiveIntegerField(
                help_text="views per video and subscriber, of YouTube: no reactions", null=True
            ),
        ),
    ]
