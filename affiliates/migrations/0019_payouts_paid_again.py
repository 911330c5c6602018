"""A payout names the one that it pays again; a file keeps the account that it leaves."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0018_tax_facts_of_creators'),
    ]

    operations = [
        migrations.AddField(
            model_name='payout',
            name='retries',
            field=models.ForeignKey(blank=True, help_text='the payout that failed or came back', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='retried_by', to='affiliates.payout', verbose_name='pays again'),
        ),
        migrations.AddField(
            model_name='payoutbatch',
            name='file_debtor',
            field=models.JSONField(blank=True, help_text='the account that it leaves', null=True),
        ),
    ]
