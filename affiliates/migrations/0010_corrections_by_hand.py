"""Corrections of the books by two admins, and what came of checking the books."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0009_money_indexes_that_serve'),
        ('creators', '0005_first_rules'),
        ('shop', '0010_misfits_know_their_return'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BooksCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checked_at', models.DateTimeField()),
                ('seconds', models.FloatField()),
                ('offences', models.JSONField(default=dict, help_text='invariant → ids that break it')),
                ('alerted', models.BooleanField(default=False, help_text='admins were mailed of this one')),
            ],
            options={
                'verbose_name_plural': 'checks of the books',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Adjustment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('correction', 'correction of a commission, borne by the brand'), ('goodwill', 'goodwill, borne by Thousand'), ('write_off', "write-off of a brand's debt, borne by Thousand"), ('topup_bank', 'top-up by bank transfer')], max_length=10)),
                ('amount', models.BigIntegerField(help_text='minor units, such as 500 for €5.00')),
                ('currency', models.CharField(default='EUR', max_length=3)),
                ('reason', models.CharField(max_length=300)),
                ('reference', models.CharField(blank=True, help_text="the bank's, of a top-up by bank transfer", max_length=64)),
                ('state', models.CharField(choices=[('proposed', 'waits for another admin'), ('approved', 'approved and booked'), ('refused', 'refused')], default='proposed', max_length=8)),
                ('proposed_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decision', models.CharField(blank=True, help_text='why so decided', max_length=300)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adjustments', to='shop.brand')),
                ('commission', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='adjustment', to='affiliates.commission')),
                ('creator', models.ForeignKey(blank=True, help_text='who gets or gives it; empty: the brand alone', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='adjustments', to='creators.creator')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(models.Q(('creator__isnull', False), ('kind', 'correction'), models.Q(('amount', 0), _negated=True)), models.Q(('amount__gt', 0), ('kind', 'goodwill')), models.Q(('amount__gt', 0), ('creator__isnull', True), ('kind__in', ['write_off', 'topup_bank'])), _connector='OR')), name='adjustment_kind_facts'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'topup_bank'), _negated=True), models.Q(('reference', ''), _negated=True), _connector='OR'), name='top_up_names_transfer'), models.UniqueConstraint(condition=models.Q(('kind', 'topup_bank'), models.Q(('state', 'refused'), _negated=True)), fields=('reference',), name='bank_transfer_once'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by__isnull', True), ('state', 'proposed')), models.Q(models.Q(('state', 'proposed'), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='adjustment_decided_has_who'), models.CheckConstraint(condition=models.Q(('decided_by', None), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='adjustment_four_eyes')],
            },
        ),
    ]
