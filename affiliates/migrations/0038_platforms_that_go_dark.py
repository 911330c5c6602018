"""Switches of platforms take two people and write down what they move; calendars have addresses."""

import datetime
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARDS = """
CREATE TRIGGER switch_change_stays
    BEFORE UPDATE OR DELETE OR TRUNCATE ON affiliates_switchchange
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER switch_facts
    BEFORE UPDATE OF platform, country, off_from, reason ON affiliates_platformswitch
    FOR EACH ROW WHEN ((OLD.platform, OLD.country, OLD.off_from, OLD.reason)
        IS DISTINCT FROM (NEW.platform, NEW.country, NEW.off_from, NEW.reason))
    EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER switch_never_deleted
    BEFORE DELETE OR TRUNCATE ON affiliates_platformswitch
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER switch_word_facts
    BEFORE UPDATE OF switch_id, kind, moment, reason, said_by_id, said_at
    ON affiliates_switchword
    FOR EACH ROW WHEN (
        (OLD.switch_id, OLD.kind, OLD.moment, OLD.reason, OLD.said_by_id, OLD.said_at)
        IS DISTINCT FROM
        (NEW.switch_id, NEW.kind, NEW.moment, NEW.reason, NEW.said_by_id, NEW.said_at))
    EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER switch_word_answered
    BEFORE UPDATE ON affiliates_switchword
    FOR EACH ROW WHEN (OLD.answer <> '') EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER switch_word_never_deleted
    BEFORE DELETE OR TRUNCATE ON affiliates_switchword
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();
"""
BACKWARDS = """
DROP TRIGGER switch_change_stays ON affiliates_switchchange;
DROP TRIGGER switch_facts ON affiliates_platformswitch;
DROP TRIGGER switch_never_deleted ON affiliates_platformswitch;
DROP TRIGGER switch_word_facts ON affiliates_switchword;
DROP TRIGGER switch_word_answered ON affiliates_switchword;
DROP TRIGGER switch_word_never_deleted ON affiliates_switchword;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0037_clicks_elsewhere'),
        ('creators', '0020_directory_views'),
        ('shop', '0033_order_has_news'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='platformswitch',
            options={'ordering': ['-id'], 'verbose_name_plural': 'platform switches'},
        ),
        migrations.AddField(
            model_name='platformswitch',
            name='rehearsal',
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='platformswitch',
            name='rehearsed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='platformswitch',
            name='state',
            field=models.CharField(choices=[('proposed', 'waits for another admin'), ('refused', 'refused'), ('agreed', 'agreed'), ('withdrawn', 'withdrawn as an error')], db_default='proposed', default='proposed', max_length=9),
        ),
        migrations.AddField(
            model_name='platformswitch',
            name='worked',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=9),
        ),
        migrations.AlterField(
            model_name='platformswitch',
            name='country',
            field=models.CharField(blank=True, max_length=2, verbose_name='country'),
        ),
        migrations.AlterField(
            model_name='platformswitch',
            name='off_from',
            field=models.DateTimeField(verbose_name='off from'),
        ),
        migrations.AlterField(
            model_name='platformswitch',
            name='off_until',
            field=models.DateTimeField(blank=True, null=True, verbose_name='off until'),
        ),
        migrations.AlterField(
            model_name='platformswitch',
            name='platform',
            field=models.CharField(choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram'), ('youtube', 'YouTube'), ('facebook', 'Facebook')], max_length=10, verbose_name='platform'),
        ),
        migrations.AlterField(
            model_name='platformswitch',
            name='reason',
            field=models.CharField(blank=True, max_length=300, verbose_name='reason'),
        ),
        migrations.CreateModel(
            name='CalendarFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('language', models.CharField(db_default='en', default='en', max_length=5)),
                ('made_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('creator', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='calendar', to='creators.creator')),
                ('membership', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='calendar', to='shop.membership')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('creator', None), ('membership__isnull', False)), models.Q(('creator__isnull', False), ('membership', None)), _connector='OR'), name='calendar_of_one')],
            },
        ),
        migrations.CreateModel(
            name='SwitchChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('sample', 'clock of a sample'), ('pilot', 'clock of a pilot'), ('rate_lock', 'promised rate of a link'), ('page_links', "links of a creator's page")], max_length=10)),
                ('object_id', models.BigIntegerField()),
                ('clock', models.BigIntegerField(db_default=0, default=0)),
                ('act', models.CharField(choices=[('moved', 'moved'), ('restored', 'put back'), ('left', 'left: it had gone on'), ('made', 'made')], max_length=8)),
                ('old_value', models.DateTimeField(null=True)),
                ('new_value', models.DateTimeField(null=True)),
                ('shift', models.DurationField(default=datetime.timedelta)),
                ('note', models.CharField(blank=True, db_default='', max_length=600)),
                ('at', models.DateTimeField()),
                ('switch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='affiliates.platformswitch')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['switch', 'kind', 'object_id', 'clock', '-id'], name='switch_change_of_row')],
            },
        ),
        migrations.CreateModel(
            name='SwitchLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about', models.CharField(help_text='off, back or withdrawn', max_length=9)),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('mailed', models.BooleanField(default=False, help_text='false: there was nothing to tell any more')),
                ('brand', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shop.brand')),
                ('creator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='creators.creator')),
                ('switch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='letters', to='affiliates.platformswitch')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('told_at', None)), fields=['id'], name='switch_letter_waits')],
                'constraints': [models.UniqueConstraint(fields=('switch', 'about', 'creator', 'brand'), name='switch_letter_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('brand__isnull', False), ('creator', None)), models.Q(('brand', None), ('creator__isnull', False)), _connector='OR'), name='switch_letter_to_one')],
            },
        ),
        migrations.CreateModel(
            name='SwitchWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('off', 'switch it off'), ('back', 'it is back, from a moment on'), ('withdraw', 'it was an error: take everything back')], max_length=8)),
                ('moment', models.DateTimeField(blank=True, help_text='from when it is back', null=True)),
                ('reason', models.CharField(max_length=300)),
                ('said_at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, choices=[('agreed', 'agreed'), ('refused', 'refused')], db_default='', max_length=8)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('answer_reason', models.CharField(blank=True, db_default='', max_length=300)),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('said_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('switch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='words', to='affiliates.platformswitch')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('answer', '')), fields=('switch',), name='switch_word_open_once'), models.CheckConstraint(condition=models.Q(models.Q(('answer', 'agreed'), _negated=True), models.Q(('answered_by', models.F('said_by')), _negated=True), _connector='OR'), name='switch_word_four_eyes'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None), ('answered_by', None)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='switch_word_answered_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'back'), _negated=True), ('moment__isnull', False), _connector='OR'), name='switch_word_back_when'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='switch_word_has_reason')],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
