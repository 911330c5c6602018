"""The tables of creators, as they stood when its first 20 migrations became these few."""

import config.lib.migrating
import config.lib.privatefiles
import config.lib.sealed
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('creators', '0001_initial'), ('creators', '0002_channel_token'), ('creators', '0006_directory_sales_on'), ('creators', '0007_quiz_attempts'), ('creators', '0008_creator_site_language'), ('creators', '0009_cases_with_clocks'), ('creators', '0012_checks_answered_in_time'), ('creators', '0013_disputes_over_channels'), ('creators', '0014_sample_records'), ('creators', '0015_directory_numbers'), ('creators', '0017_peers_and_views'), ('creators', '0020_directory_views')]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        config.lib.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name='Channel',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('platform', models.CharField(choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram'), ('youtube', 'YouTube'), ('facebook', 'Facebook')], max_length=10)),
                        ('external_id', models.CharField(help_text="the platform's id; never reused", max_length=120)),
                        ('handle', models.CharField(max_length=80)),
                        ('url', models.URLField(blank=True, max_length=300)),
                        ('connected_at', models.DateTimeField(auto_now_add=True)),
                        ('verified_at', models.DateTimeField(blank=True, null=True)),
                        ('checked_at', models.DateTimeField(blank=True, help_text='last reading tried', null=True)),
                        ('problem', models.CharField(blank=True, help_text='code of the last failure', max_length=40)),
                        ('token_state', models.CharField(choices=[('none', 'none'), ('ok', 'working'), ('expired', 'expired'), ('revoked', 'revoked')], default='none', max_length=8)),
                        ('disconnected_at', models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        'ordering': ['id'],
                        'constraints': [models.UniqueConstraint(condition=models.Q(('disconnected_at__isnull', True), ('verified_at__isnull', False)), fields=('platform', 'external_id'), name='channel_of_one_creator')],
                    },
                ),
                migrations.CreateModel(
                    name='Creator',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('handle', models.CharField(help_text='a–z, 0–9, dot, underscore', max_length=30, verbose_name='handle')),
                        ('display_name', models.CharField(max_length=60, verbose_name='name on your page')),
                        ('bio', models.CharField(blank=True, max_length=300, verbose_name='about you')),
                        ('country', models.CharField(max_length=2, verbose_name='country')),
                        ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=5), blank=True, default=list, size=None)),
                        ('site_language', models.CharField(blank=True, choices=[('en', 'English'), ('nl', 'Dutch')], help_text='last chosen; mail uses it', max_length=5)),
                        ('birth_on', models.DateField(blank=True, null=True, verbose_name='date of birth')),
                        ('status', models.CharField(choices=[('draft', 'joining'), ('waiting', 'waiting'), ('pilot', 'pilot'), ('full', 'full member'), ('declined', 'declined'), ('suspended', 'suspended'), ('closed', 'closed')], default='draft', max_length=10)),
                        ('pilot_since', models.DateTimeField(blank=True, null=True)),
                        ('quiz_passed_at', models.DateTimeField(blank=True, null=True)),
                        ('is_demo', models.BooleanField(default=False)),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                        ('erased_at', models.DateTimeField(blank=True, null=True)),
                        ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='creator', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'indexes': [models.Index(condition=models.Q(('status', 'waiting')), fields=['id'], name='creator_waiting')],
                        'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('handle'), name='creator_handle_once'), models.CheckConstraint(condition=models.Q(('handle__regex', '^[a-z0-9_.]{2,30}$')), name='creator_handle_plain')],
                    },
                ),
                migrations.CreateModel(
                    name='DirectoryIndex',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('built_at', models.DateTimeField()),
                        ('built_in', models.BigIntegerField(help_text='the transaction that wrote it')),
                        ('horizon', models.BigIntegerField(help_text='entries changed in this transaction or later differ')),
                        ('seed', models.CharField(help_text='sorts creators of equal fit', max_length=20)),
                        ('size', models.PositiveIntegerField()),
                        ('kept', models.PositiveIntegerField(help_text='how many of them are small or new')),
                    ],
                    options={
                        'verbose_name_plural': 'directory indexes',
                    },
                ),
                migrations.CreateModel(
                    name='Niche',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('slug', models.SlugField(max_length=40, unique=True)),
                        ('name', models.CharField(max_length=60)),
                        ('name_nl', models.CharField(max_length=60)),
                    ],
                    options={
                        'ordering': ['name'],
                    },
                ),
                migrations.CreateModel(
                    name='PlatformStatus',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('platform', models.CharField(choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram'), ('youtube', 'YouTube'), ('facebook', 'Facebook')], max_length=10, unique=True)),
                        ('status', models.CharField(choices=[('sandbox', 'sandbox'), ('approved', 'approved'), ('off', 'off')], default='sandbox', max_length=8)),
                        ('note', models.CharField(blank=True, max_length=300)),
                        ('rest_until', models.DateTimeField(blank=True, editable=False, help_text='it asked us to wait: no reading before', null=True)),
                    ],
                    options={
                        'verbose_name_plural': 'platform statuses',
                    },
                ),
                migrations.CreateModel(
                    name='Case',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('violation', 'violation'), ('channel_dispute', 'dispute over a channel'), ('contest', 'contested attribution'), ('report', 'report by a visitor'), ('appeal', 'appeal'), ('closure', 'closing of the account')], max_length=16)),
                        ('state', models.CharField(choices=[('open', 'waiting for an answer'), ('answered', 'answered'), ('upheld', 'upheld'), ('dismissed', 'dismissed'), ('lapsed', 'lapsed'), ('reversed', 'reversed on appeal')], default='open', max_length=10)),
                        ('subject', models.CharField(blank=True, help_text='what it is about', max_length=120)),
                        ('reason', models.TextField()),
                        ('automated', models.BooleanField(db_default=False, default=False, help_text='found by a rule that a machine applies')),
                        ('takes_lines', models.BooleanField(db_default=True, default=True, help_text='if upheld, the lines it names are not paid')),
                        ('points', models.PositiveSmallIntegerField(default=0)),
                        ('points_expire_on', models.DateField(blank=True, null=True)),
                        ('opened_at', models.DateTimeField()),
                        ('answer_by', models.DateTimeField(blank=True, null=True)),
                        ('decide_by', models.DateTimeField(blank=True, null=True)),
                        ('appeal_by', models.DateTimeField(blank=True, help_text='until when an appeal may come', null=True)),
                        ('decided_at', models.DateTimeField(blank=True, null=True)),
                        ('appeal_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='creators.case')),
                        ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('opened_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('creator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='creators.creator')),
                    ],
                    options={
                        'indexes': [models.Index(condition=models.Q(('state__in', ['open', 'answered'])), fields=['decide_by'], name='case_to_decide'), models.Index(fields=['creator', '-opened_at'], name='case_of_creator'), models.Index(condition=models.Q(('subject', ''), _negated=True), fields=['subject'], name='case_of_subject')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['open', 'answered']), ('decided_at__isnull', False), _connector='OR'), name='case_decided_has_moment'), models.UniqueConstraint(condition=models.Q(('appeal_of__isnull', False)), fields=('appeal_of',), name='case_appealed_once'), models.UniqueConstraint(condition=models.Q(('kind', 'report'), ('state__in', ['open', 'answered'])), fields=('subject',), name='case_report_once_open'), models.CheckConstraint(condition=models.Q(models.Q(('appeal_of__isnull', False), ('kind', 'appeal')), models.Q(models.Q(('kind', 'appeal'), _negated=True), ('appeal_of__isnull', True)), _connector='OR'), name='case_appeal_has_subject')],
                    },
                ),
                migrations.CreateModel(
                    name='ChannelToken',
                    fields=[
                        ('channel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='token', serialize=False, to='creators.channel')),
                        ('access', config.lib.sealed.SealedTextField()),
                        ('refresh', config.lib.sealed.SealedTextField(blank=True)),
                        ('expires_at', models.DateTimeField(blank=True, null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name='SampleRecord',
                    fields=[
                        ('creator', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='sample_record', serialize=False, to='creators.creator')),
                        ('kept', models.PositiveIntegerField(default=0)),
                        ('broken', models.PositiveIntegerField(default=0)),
                        ('excused', models.PositiveIntegerField(default=0, help_text='outside the rate')),
                        ('lower_bp', models.PositiveIntegerField(null=True)),
                        ('refreshed_at', models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name='ChannelDispute',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('platform', models.CharField(choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram'), ('youtube', 'YouTube'), ('facebook', 'Facebook')], max_length=10)),
                        ('external_id', models.CharField(help_text="as the claimant's sign-in gave it", max_length=120)),
                        ('handle', models.CharField(max_length=80)),
                        ('code', models.CharField(help_text='the claimant puts it in the bio', max_length=12)),
                        ('proven_at', models.DateTimeField(blank=True, help_text='when the claimant signed in with this channel', null=True)),
                        ('followers', models.PositiveIntegerField(blank=True, help_text='read at that moment', null=True)),
                        ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='dispute', to='creators.case')),
                        ('channel', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='disputes', to='creators.channel')),
                        ('holder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disputes_against', to='creators.creator')),
                    ],
                ),
                migrations.CreateModel(
                    name='Decision',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('outcome', models.CharField(choices=[('full', 'full member'), ('pilot', 'pilot'), ('waiting', 'waiting'), ('declined', 'declined')], max_length=10)),
                        ('facts', models.JSONField(help_text='frozen input, canonical')),
                        ('sha256', models.CharField(help_text='of canonical facts, policy and result', max_length=64)),
                        ('recheck_on', models.DateField(blank=True, null=True)),
                        ('decided_at', models.DateTimeField()),
                        ('reason', models.CharField(blank=True, help_text='when a person decided', max_length=300)),
                        ('creator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='creators.creator')),
                        ('decided_by', models.ForeignKey(blank=True, help_text='null: the policy engine', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'ordering': ['-decided_at', '-id'],
                        'indexes': [models.Index(fields=['creator', '-decided_at'], name='decision_of_creator')],
                    },
                ),
                migrations.CreateModel(
                    name='DecisionCheck',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('position', models.PositiveSmallIntegerField()),
                        ('rule', models.CharField(max_length=32)),
                        ('platform', models.CharField(blank=True, choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram'), ('youtube', 'YouTube'), ('facebook', 'Facebook')], max_length=10)),
                        ('needed', models.CharField(max_length=80)),
                        ('measured', models.CharField(blank=True, max_length=80)),
                        ('passed', models.BooleanField(help_text='null: unknown, which never fails', null=True)),
                        ('remedy', models.CharField(blank=True, help_text='code; words are made on show', max_length=32)),
                        ('remedy_amount', models.BigIntegerField(blank=True, null=True)),
                        ('recheck_on', models.DateField(blank=True, null=True)),
                        ('decision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='creators.decision')),
                    ],
                    options={
                        'ordering': ['position'],
                        'constraints': [models.UniqueConstraint(fields=('decision', 'position'), name='check_position_once'), models.CheckConstraint(condition=models.Q(models.Q(('passed', False), _negated=True), models.Q(('remedy', ''), _negated=True), _connector='OR'), name='failed_check_has_remedy')],
                    },
                ),
                migrations.CreateModel(
                    name='DirectoryGone',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('creator_id', models.BigIntegerField()),
                        ('changed_in', models.BigIntegerField()),
                    ],
                    options={
                        'indexes': [models.Index(fields=['changed_in'], name='directory_gone_changed')],
                    },
                ),
                migrations.CreateModel(
                    name='DirectoryBits',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('order', models.CharField(max_length=12)),
                        ('name', models.CharField(max_length=48)),
                        ('bits', models.BinaryField()),
                        ('index', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bits', to='creators.directoryindex')),
                    ],
                    options={
                        'verbose_name_plural': 'directory bits',
                        'constraints': [models.UniqueConstraint(fields=('index', 'order', 'name'), name='directory_bits_once')],
                    },
                ),
                migrations.CreateModel(
                    name='EnrolmentPolicy',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('platform', models.CharField(blank=True, choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram'), ('youtube', 'YouTube'), ('facebook', 'Facebook')], max_length=10)),
                        ('country', models.CharField(blank=True, max_length=2)),
                        ('min_followers', models.PositiveIntegerField(default=1000)),
                        ('full_followers', models.PositiveIntegerField(default=5000)),
                        ('min_age', models.PositiveSmallIntegerField(default=18)),
                        ('pilot_weekly_products', models.PositiveSmallIntegerField(default=5)),
                        ('min_account_days', models.PositiveIntegerField(blank=True, null=True)),
                        ('min_posts_28d', models.PositiveIntegerField(blank=True, null=True)),
                        ('effective_from', models.DateTimeField()),
                        ('published_at', models.DateTimeField(blank=True, null=True)),
                        ('note', models.CharField(blank=True, max_length=300)),
                        ('note_nl', models.CharField(blank=True, max_length=300)),
                        ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'verbose_name_plural': 'enrolment policies',
                        'ordering': ['-effective_from'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('full_followers__gte', models.F('min_followers'))), name='policy_full_above_min'), models.UniqueConstraint(condition=models.Q(('published_at__isnull', False)), fields=('platform', 'country', 'effective_from'), name='policy_once')],
                    },
                ),
                migrations.CreateModel(
                    name='ManualCheck',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('code', models.CharField(max_length=12)),
                        ('screenshot', models.ImageField(blank=True, storage=config.lib.privatefiles.private_files, upload_to='checks/')),
                        ('screenshot_sha256', models.CharField(blank=True, max_length=64)),
                        ('state', models.CharField(choices=[('asked', 'waiting for us'), ('confirmed', 'confirmed'), ('refused', 'refused')], default='asked', max_length=10)),
                        ('followers_seen', models.PositiveIntegerField(blank=True, null=True)),
                        ('evidence', models.TextField(blank=True)),
                        ('asked_at', models.DateTimeField()),
                        ('automated', models.BooleanField(db_default=False, default=False, help_text="the platform's own API showed the code")),
                        ('looked_at', models.DateTimeField(blank=True, help_text='last asked of the API', null=True)),
                        ('decided_at', models.DateTimeField(blank=True, null=True)),
                        ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='manual_checks', to='creators.channel')),
                        ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'asked')), fields=('channel',), name='manual_check_open_once'), models.CheckConstraint(condition=models.Q(('state', 'asked'), models.Q(models.Q(('decided_by__isnull', False), ('automated', True), _connector='OR'), ('decided_at__isnull', False), models.Q(('evidence', ''), _negated=True)), _connector='OR'), name='manual_check_has_evidence')],
                    },
                ),
                migrations.CreateModel(
                    name='PeerFigure',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('measure', models.CharField(max_length=12)),
                        ('platform', models.CharField(choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram'), ('youtube', 'YouTube'), ('facebook', 'Facebook')], max_length=10)),
                        ('band', models.PositiveSmallIntegerField(help_text='of followers: authenticity.BANDS')),
                        ('channels', models.PositiveIntegerField()),
                        ('low', models.PositiveIntegerField(help_text='the 25th percentile, bp')),
                        ('high', models.PositiveIntegerField(help_text='the 95th percentile, bp')),
                        ('figures', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), help_text='each fifth percentile, bp', size=None)),
                        ('counted_on', models.DateField()),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('measure', 'platform', 'band'), name='peer_figure_once')],
                    },
                ),
                migrations.CreateModel(
                    name='QuizAttempt',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('at', models.DateTimeField()),
                        ('version', models.PositiveSmallIntegerField(help_text='of the questions')),
                        ('answers', models.JSONField(help_text='question id: index of the answer chosen')),
                        ('passed', models.BooleanField()),
                        ('creator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='quiz_attempts', to='creators.creator')),
                    ],
                    options={
                        'ordering': ['-at'],
                        'indexes': [models.Index(fields=['creator', '-at'], name='quiz_of_creator')],
                    },
                ),
                migrations.CreateModel(
                    name='Reading',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('day', models.DateField()),
                        ('read_at', models.DateTimeField()),
                        ('followers', models.PositiveIntegerField(null=True)),
                        ('likes', models.PositiveBigIntegerField(null=True)),
                        ('views', models.PositiveBigIntegerField(null=True)),
                        ('posts', models.PositiveIntegerField(null=True)),
                        ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readings', to='creators.channel')),
                    ],
                    options={
                        'ordering': ['-day'],
                        'constraints': [models.UniqueConstraint(fields=('channel', 'day'), name='reading_once')],
                    },
                ),
                migrations.CreateModel(
                    name='Report',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('ground', models.CharField(choices=[('safety', 'a product that is dangerous or not allowed'), ('counterfeit', "a fake, or somebody else's name, design or work"), ('hidden_ad', 'advertising that does not say so'), ('misleading', 'claims that are not true'), ('fraud', 'a scam'), ('hate', 'hate, threats or harassment'), ('minors', 'harm to children'), ('privacy', "somebody's personal details"), ('other', 'something else that is against the law or our terms')], max_length=12)),
                        ('text', models.TextField(help_text="why it is wrong, in the reporter's words")),
                        ('url', models.CharField(help_text='of the page, without the site', max_length=300)),
                        ('name', models.CharField(blank=True, max_length=100)),
                        ('email', models.EmailField(blank=True, max_length=254)),
                        ('language', models.CharField(choices=[('en', 'English'), ('nl', 'Dutch')], default='en', max_length=5)),
                        ('created_at', models.DateTimeField()),
                        ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='creators.case')),
                    ],
                    options={
                        'ordering': ['id'],
                    },
                ),
                migrations.CreateModel(
                    name='Sanction',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('effect', models.CharField(choices=[('warning', 'a warning'), ('no_new_links', 'no new links'), ('suspension', 'suspension')], max_length=14)),
                        ('from_points', models.PositiveSmallIntegerField()),
                        ('effective_from', models.DateTimeField()),
                    ],
                    options={
                        'ordering': ['from_points'],
                        'constraints': [models.UniqueConstraint(fields=('effect', 'effective_from'), name='sanction_once')],
                    },
                ),
                migrations.CreateModel(
                    name='SeenWeek',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('week_on', models.DateField(help_text="its Monday, in the market's time zone")),
                        ('seen', models.PositiveIntegerField(default=0)),
                        ('creator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='seen_weeks', to='creators.creator')),
                    ],
                    options={
                        'indexes': [models.Index(fields=['week_on'], name='seen_week_on')],
                        'constraints': [models.UniqueConstraint(fields=('creator', 'week_on'), name='seen_week_once')],
                    },
                ),
                migrations.CreateModel(
                    name='Violation',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('code', models.SlugField(max_length=32)),
                        ('title', models.CharField(max_length=80)),
                        ('title_nl', models.CharField(max_length=80)),
                        ('text', models.CharField(max_length=400)),
                        ('text_nl', models.CharField(max_length=400)),
                        ('points', models.PositiveSmallIntegerField()),
                        ('days', models.PositiveSmallIntegerField(help_text='that the points count after the decision')),
                        ('effective_from', models.DateTimeField()),
                    ],
                    options={
                        'ordering': ['points', 'code'],
                        'constraints': [models.UniqueConstraint(fields=('code', 'effective_from'), name='violation_once'), models.CheckConstraint(condition=models.Q(('days__gt', 0), ('points__gt', 0)), name='violation_counts')],
                    },
                ),
                migrations.CreateModel(
                    name='CaseEvent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('at', models.DateTimeField()),
                        ('kind', models.CharField(max_length=24)),
                        ('text', models.TextField(blank=True)),
                        ('tells', models.BooleanField(db_default=False, default=False, help_text='waits to be mailed to those concerned')),
                        ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='creators.case')),
                    ],
                    options={
                        'ordering': ['at', 'id'],
                        'indexes': [models.Index(condition=models.Q(('tells', True)), fields=['id'], name='case_event_to_tell')],
                    },
                ),
                migrations.CreateModel(
                    name='DirectoryEntry',
                    fields=[
                        ('creator', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='creators.creator')),
                        ('is_listed', models.BooleanField(default=False)),
                        ('best_platform', models.CharField(blank=True, choices=[('tiktok', 'TikTok'), ('instagram', 'Instagram'), ('youtube', 'YouTube'), ('facebook', 'Facebook')], max_length=10)),
                        ('followers_total', models.PositiveIntegerField(default=0)),
                        ('followers_max', models.PositiveIntegerField(default=0)),
                        ('tiktok', models.PositiveIntegerField(null=True)),
                        ('instagram', models.PositiveIntegerField(null=True)),
                        ('youtube', models.PositiveIntegerField(null=True)),
                        ('facebook', models.PositiveIntegerField(null=True)),
                        ('engagement_bp', models.PositiveIntegerField(help_text='reactions per post and follower; null: not enough data', null=True)),
                        ('views_bp', models.PositiveIntegerField(help_text='views per video and subscriber, of YouTube: no reactions', null=True)),
                        ('engagement_pct', models.PositiveSmallIntegerField(help_text='percent of channels of the same platform and size that have less', null=True)),
                        ('score', models.PositiveSmallIntegerField(help_text='0–100; null: not enough data', null=True)),
                        ('score_version', models.PositiveSmallIntegerField(db_default=0, default=0)),
                        ('score_parts', models.JSONField(default=list, help_text='component, measured, peers, points')),
                        ('niches', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                        ('country', models.CharField(max_length=2)),
                        ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=5), default=list, size=None)),
                        ('orders_90d', models.PositiveIntegerField(default=0)),
                        ('sales_90d', models.PositiveBigIntegerField(default=0, help_text='net, minor units of EUR')),
                        ('clicks_90d', models.PositiveIntegerField(default=0)),
                        ('brands_worked', models.PositiveIntegerField(default=0)),
                        ('returned_bp', models.PositiveIntegerField(help_text='share of the sales that went back; null: nothing sold', null=True)),
                        ('sales_on', models.DateField(help_text='the day that the sales facts are of', null=True)),
                        ('sample_reliability', models.PositiveSmallIntegerField(help_text='percent of samples that she kept her word on; null: not enough data', null=True)),
                        ('enrolled_at', models.DateTimeField(null=True)),
                        ('search', django.contrib.postgres.search.SearchVectorField(null=True)),
                        ('refreshed_at', models.DateTimeField()),
                        ('fit', models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
                        ('facets', models.TextField(db_default='', default='', editable=False)),
                        ('changed_in', models.BigIntegerField(db_default=0, default=0, editable=False, help_text='the transaction that changed its facets')),
                    ],
                    options={
                        'verbose_name_plural': 'directory entries',
                        'indexes': [django.contrib.postgres.indexes.GinIndex(models.F('search'), name='directory_search'), models.Index(fields=['changed_in'], name='directory_changed'), models.Index(fields=['enrolled_at'], name='directory_enrolled')],
                    },
                ),
            ],
        ),
        migrations.AddField(
            model_name='creator',
            name='case',
            field=models.ForeignKey(blank=True, help_text='why suspended or closed', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='creators.case'),
        ),
        migrations.AddField(
            model_name='channel',
            name='creator',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='channels', to='creators.creator'),
        ),
        migrations.AddField(
            model_name='creator',
            name='decision',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='creators.decision'),
        ),
        migrations.AddField(
            model_name='decision',
            name='policy',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='creators.enrolmentpolicy'),
        ),
        migrations.AddField(
            model_name='creator',
            name='niches',
            field=models.ManyToManyField(blank=True, related_name='creators', to='creators.niche'),
        ),
        migrations.AddField(
            model_name='case',
            name='violation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='creators.violation'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.UniqueConstraint(fields=('creator', 'platform', 'external_id'), name='channel_once'),
        ),
        migrations.AddConstraint(
            model_name='creator',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'draft'), models.Q(('decision__isnull', False), ('status__in', ['waiting', 'pilot', 'full', 'declined'])), models.Q(('case__isnull', False), ('status__in', ['suspended', 'closed'])), _connector='OR'), name='creator_status_has_reason'),
        ),
    ]
