"""Months close, the VAT of a sale stays with it, and a fee's minimum has a currency."""

from django.db import migrations, models


END_SQL = """
DROP TRIGGER commission_end ON affiliates_commission;
CREATE TRIGGER commission_end
    BEFORE UPDATE ON affiliates_commission
    FOR EACH ROW WHEN (OLD.state IN ('settled', 'void')
        AND (OLD.state, OLD.due_at, OLD.settlement_line_id{more})
            IS DISTINCT FROM (NEW.state, NEW.due_at, NEW.settlement_line_id{new}))
    EXECUTE FUNCTION affiliates_refuse();
"""
VAT_STAYS = END_SQL.format(more=", OLD.vat_bp", new=", NEW.vat_bp") + """
CREATE TRIGGER settlement_line_vat
    BEFORE UPDATE OF vat ON affiliates_settlementline
    FOR EACH ROW WHEN (OLD.vat IS DISTINCT FROM NEW.vat) EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER closed_month_stays
    BEFORE UPDATE OR DELETE OR TRUNCATE ON affiliates_closedmonth
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();
"""
BACK = END_SQL.format(more="", new="") + """
DROP TRIGGER settlement_line_vat ON affiliates_settlementline;
DROP TRIGGER closed_month_stays ON affiliates_closedmonth;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('affiliates', '0023_brand_light'),
    ]

    operations = [
        migrations.CreateModel(
            name='ClosedMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='its first day', unique=True)),
                ('until', models.DateTimeField(help_text='when it was over: no entry is posted before')),
                ('closed_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-month'],
            },
        ),
        migrations.AddField(
            model_name='commission',
            name='vat_bp',
            field=models.PositiveIntegerField(blank=True, help_text="that the brand is invoiced, set when it settles; of a reversal: its sale's", null=True),
        ),
        migrations.AddField(
            model_name='feepolicy',
            name='minimum_currency',
            field=models.CharField(db_default='EUR', default='EUR', help_text='of the minimum; fees in another currency have none', max_length=3),
        ),
        migrations.AddField(
            model_name='settlementline',
            name='vat',
            field=models.BigIntegerField(blank=True, help_text='that the brand is invoiced', null=True),
        ),
        migrations.RunSQL(VAT_STAYS, BACK),
    ]
