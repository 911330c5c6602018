"""A shard that is left says why."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0016_defaults_in_the_database'),
    ]

    operations = [
        migrations.AddField(
            model_name='settlementshard',
            name='error',
            field=models.CharField(blank=True, db_default='', help_text='why the last try left it; empty when done', max_length=500),
        ),
    ]
