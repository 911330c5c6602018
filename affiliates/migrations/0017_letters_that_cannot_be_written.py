"""Letters about a switch that could not be written stop no other."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0016_links_that_we_switched_off'),
    ]

    operations = [
        migrations.AddField(
            model_name='switchletter',
            name='attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='at writing it that failed'),
        ),
    ]
