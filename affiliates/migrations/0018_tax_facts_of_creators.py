"""Birth date and tax number of creators, sealed; who looked at them; what VIES says."""

import config.lib.sealed
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


LOOKS_STAY = """
CREATE TRIGGER tax_look_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON affiliates_taxlook
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0017_shards_say_why_they_are_left'),
        ('creators', '0008_creator_site_language'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TaxIdentity',
            fields=[
                ('creator', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='tax_identity', serialize=False, to='creators.creator')),
                ('birth_on_iso', config.lib.sealed.SealedTextField(verbose_name='date of birth')),
                ('tin', config.lib.sealed.SealedTextField(help_text='of a Dutch taxpayer the BSN', verbose_name='tax number')),
                ('tin_country', models.CharField(max_length=2, verbose_name='country of the tax number')),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'tax identities',
            },
        ),
        migrations.AddField(
            model_name='payoutbatch',
            name='left_out',
            field=models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict, help_text='why → {count, creators}: who had enough and lacked something'),
        ),
        migrations.CreateModel(
            name='TaxLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('why', models.CharField(max_length=300, verbose_name='why')),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, help_text='null: a command', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('creator', models.ForeignKey(blank=True, help_text='null: a whole report', null=True, on_delete=django.db.models.deletion.PROTECT, to='creators.creator')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='VatCheck',
            fields=[
                ('profile', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='vat_check', serialize=False, to='affiliates.taxprofile')),
                ('state', models.CharField(choices=[('unchecked', 'not asked yet'), ('valid', 'valid'), ('invalid', 'not valid'), ('unavailable', 'VIES did not answer')], default='unchecked', max_length=12)),
                ('consultation', models.CharField(blank=True, help_text="VIES's number of the newest answer", max_length=64)),
                ('checked_at', models.DateTimeField(blank=True, help_text='of the newest answer', null=True)),
                ('reason', models.CharField(blank=True, help_text='why the last try failed', max_length=200)),
                ('tries', models.PositiveSmallIntegerField(default=0, help_text='since the newest answer')),
                ('next_at', models.DateTimeField(blank=True, help_text='empty: not asked again', null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='vat_check_due')],
            },
        ),
        migrations.RunSQL(LOOKS_STAY, "DROP TRIGGER tax_look_append_only ON affiliates_taxlook"),
    ]
