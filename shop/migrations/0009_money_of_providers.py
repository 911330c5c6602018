"""Fees and payouts of providers, top-ups of brands, and which misfit goes back by a payment."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('shop', '0008_pictures_are_fetched'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Movement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gateway', models.CharField(max_length=16)),
                ('kind', models.CharField(choices=[('fee', 'fee of the provider'), ('dispute_fee', 'fee of a dispute'), ('payout', 'paid to our bank'), ('payout_back', 'came back from our bank'), ('topup_back', 'top-up taken back')], max_length=12)),
                ('reference', models.CharField(help_text="the provider's id", max_length=120)),
                ('amount', models.BigIntegerField(blank=True, null=True)),
                ('currency', models.CharField(max_length=3)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='TopUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=16, unique=True)),
                ('gateway', models.CharField(max_length=16)),
                ('session', models.CharField(blank=True, help_text="the provider's page", max_length=120)),
                ('charge', models.CharField(blank=True, help_text="the provider's id, when paid", max_length=120)),
                ('amount', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('state', models.CharField(choices=[('open', 'open'), ('paid', 'paid'), ('failed', 'failed')], default='open', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.AddField(
            model_name='payment',
            name='misfit',
            field=models.ForeignKey(blank=True, help_text='the misfit that goes back by this', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='shop.payment'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(condition=models.Q(('outcome', '')), fields=['gateway'], name='webhook_event_waiting'),
        ),
        migrations.AddField(
            model_name='movement',
            name='dispute',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='shop.dispute'),
        ),
        migrations.AddField(
            model_name='topup',
            name='brand',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='top_ups', to='shop.brand'),
        ),
        migrations.AddField(
            model_name='topup',
            name='made_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='movement',
            name='top_up',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='shop.topup'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='top_up_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('paid_at__isnull', False), ('state', 'paid')), models.Q(models.Q(('state', 'paid'), _negated=True), ('paid_at__isnull', True)), _connector='OR'), name='top_up_paid_has_moment'),
        ),
        migrations.AddConstraint(
            model_name='topup',
            constraint=models.UniqueConstraint(condition=models.Q(('charge', ''), _negated=True), fields=('gateway', 'charge'), name='top_up_charge_once'),
        ),
        migrations.AddIndex(
            model_name='movement',
            index=models.Index(condition=models.Q(('amount__isnull', True)), fields=['created_at'], name='movement_to_ask'),
        ),
        migrations.AddConstraint(
            model_name='movement',
            constraint=models.UniqueConstraint(fields=('gateway', 'kind', 'reference'), name='movement_once'),
        ),
    ]
