"""Clicks say which advertisement paid for them; findings in them; what a decided flag held."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0024_months_close_and_vat_stays'),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE affiliates_click ADD COLUMN paid varchar(10) NOT NULL DEFAULT ''",
            "ALTER TABLE affiliates_click DROP COLUMN paid",
        ),
        migrations.CreateModel(
            name='ClickScan',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('version', models.PositiveSmallIntegerField(help_text='of the rules')),
                ('found', models.PositiveIntegerField()),
                ('done_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ClickFinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(max_length=32)),
                ('day', models.DateField()),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('links', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('visitor', models.BinaryField(max_length=16, null=True)),
                ('evidence', models.JSONField(default=dict)),
                ('found_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['day'], name='click_finding_day')],
                'constraints': [
                    models.UniqueConstraint(fields=('rule', 'since', 'links', 'visitor'), name='click_finding_once', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(('since__lt', models.F('until'))), name='click_finding_takes_time'),
                ],
            },
        ),
        migrations.AddField(
            model_name='riskflag',
            name='held',
            field=models.JSONField(blank=True, default=list, help_text='commissions that it held when it was decided'),
        ),
    ]
