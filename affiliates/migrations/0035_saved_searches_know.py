"""A saved search knows who fitted before: who newly does is news, whenever she came."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0034_night_marks_in_place")]
    operations = [
        migrations.AddField(
            model_name="savedsearch",
            name="known",
            field=models.BinaryField(
                help_text="bit n: creator n has fitted before; null: as of looked_at, not kept yet",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="savedsearch",
            name="looked_at",
            field=models.DateTimeField(help_text="who fits until then is not news"),
        ),
    ]
