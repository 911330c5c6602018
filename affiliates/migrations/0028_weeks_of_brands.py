"""What brands sold, week by week, and the marks of weeks whose sums are no longer right."""

import django.db.models.deletion
from django.db import migrations, models


# A mark is written with the change itself. Two changes of one week write two marks: a single
# one would make them wait for each other. Sales of this moment need none: their week is open.
MARK_SQL = """
CREATE FUNCTION affiliates_mark_week() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'shop_orderline' THEN
        INSERT INTO affiliates_brandweekstale (brand_id, at)
        SELECT brand_id, created_at FROM affiliates_commission
        WHERE order_line_id = NEW.id AND kind = 'sale';
    ELSE
        INSERT INTO affiliates_brandweekstale (brand_id, at)
        SELECT brand_id, created_at FROM affiliates_commission
        WHERE id = coalesce(NEW.reverses_id, NEW.id) AND kind = 'sale';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER orderline_week
    AFTER UPDATE OF refunded, charged_back ON shop_orderline
    FOR EACH ROW WHEN ((OLD.refunded, OLD.charged_back)
        IS DISTINCT FROM (NEW.refunded, NEW.charged_back))
    EXECUTE FUNCTION affiliates_mark_week();
CREATE TRIGGER commission_week
    AFTER INSERT ON affiliates_commission
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL OR NEW.created_at < now() - interval '1 hour')
    EXECUTE FUNCTION affiliates_mark_week();
CREATE TRIGGER commission_week_again
    AFTER UPDATE OF state ON affiliates_commission
    FOR EACH ROW WHEN ((OLD.state = 'void') <> (NEW.state = 'void'))
    EXECUTE FUNCTION affiliates_mark_week();
"""
UNMARK_SQL = """
DROP TRIGGER commission_week_again ON affiliates_commission;
DROP TRIGGER commission_week ON affiliates_commission;
DROP TRIGGER orderline_week ON shop_orderline;
DROP FUNCTION affiliates_mark_week();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0027_two_say_what_became_of_payouts'),
        ('creators', '0013_disputes_over_channels'),
        ('shop', '0020_refunds_that_failed'),
    ]

    operations = [
        migrations.CreateModel(
            name='BrandWeek',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('week', models.DateField(help_text='its Monday')),
                ('currency', models.CharField(max_length=3)),
                ('grain', models.CharField(choices=[('all', 'All'), ('platform', 'Platform'), ('creator', 'Creator'), ('product', 'Product')], max_length=8)),
                ('platform', models.CharField(blank=True, max_length=10)),
                ('sales', models.BigIntegerField(help_text='net, without what came back; minor units')),
                ('earned', models.BigIntegerField(help_text='commission left; minor units')),
                ('fee', models.BigIntegerField(help_text='ours; minor units')),
                ('orders', models.PositiveIntegerField()),
                ('quantity', models.PositiveIntegerField()),
                ('back', models.PositiveIntegerField(help_text='lines of which something came back')),
                ('lines', models.PositiveIntegerField()),
                ('brand', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='weeks', to='shop.brand')),
                ('creator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='creators.creator')),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shop.product')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('brand', 'grain', 'week', 'currency', 'platform', 'creator', 'product'), name='brand_week_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='BrandWeekStale',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(help_text='when the line was sold')),
                ('brand', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shop.brand')),
            ],
            options={
                'indexes': [models.Index(fields=['brand', 'at'], name='brand_week_stale')],
            },
        ),
        migrations.RunSQL(MARK_SQL, UNMARK_SQL),
    ]
