"""Drop indexes of commissions and settlement lines that another index already serves.

Settling a commission writes to every index of its row. The foreign keys themselves stay as
they are, so that no table is read or locked for long; nullable ones that are mostly empty
get a partial index instead.
"""

import django.db.models.deletion
from django.db import migrations, models

DROPPED = {
    "affiliates_commission": {
        "brand_id": "8f09d01c",
        "case_id": "19ece028",
        "collaboration_id": "c478007f",
        "creator_id": "7f88a951",
        "dispute_line_id": "2790bc2d",
        "flag_id": "ad7a11cf",
        "refund_line_id": "68b524fa",
        "reverses_id": "d761109b",
        "settlement_line_id": "adcd57e9",
    },
    "affiliates_settlementline": {
        "brand_id": "541e3062",
        "case_id": "63caa816",
        "creator_id": "3993e42d",
        "run_id": "77d7ad8c",
    },
}
NAMES = [
    (table, column, f"{table}_{column}_{digest}")
    for table, columns in DROPPED.items()
    for column, digest in columns.items()
]
FORWARDS = ";".join(f"DROP INDEX {name}" for _table, _column, name in NAMES)
BACKWARDS = ";".join(f"CREATE INDEX {name} ON {table} ({column})" for table, column, name in NAMES)


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0008_one_code_per_creator"),
        ("creators", "0001_initial"),
        ("shop", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(FORWARDS, BACKWARDS)],
            [
        migrations.AlterField(
            model_name='commission',
            name='brand',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='commissions', to='shop.brand'),
        ),
        migrations.AlterField(
            model_name='commission',
            name='case',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='creators.case'),
        ),
        migrations.AlterField(
            model_name='commission',
            name='collaboration',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='affiliates.collaboration'),
        ),
        migrations.AlterField(
            model_name='commission',
            name='creator',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='commissions', to='creators.creator'),
        ),
        migrations.AlterField(
            model_name='commission',
            name='dispute_line',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='shop.disputeline'),
        ),
        migrations.AlterField(
            model_name='commission',
            name='flag',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='affiliates.riskflag'),
        ),
        migrations.AlterField(
            model_name='commission',
            name='refund_line',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='shop.refundline'),
        ),
        migrations.AlterField(
            model_name='commission',
            name='reverses',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='affiliates.commission'),
        ),
        migrations.AlterField(
            model_name='commission',
            name='settlement_line',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='commissions', to='affiliates.settlementline'),
        ),
        migrations.AlterField(
            model_name='settlementline',
            name='brand',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='settlement_lines', to='shop.brand'),
        ),
        migrations.AlterField(
            model_name='settlementline',
            name='case',
            field=models.ForeignKey(blank=True, db_index=False, help_text='kept out of payouts', null=True, on_delete=django.db.models.deletion.PROTECT, to='creators.case'),
        ),
        migrations.AlterField(
            model_name='settlementline',
            name='creator',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='settlement_lines', to='creators.creator'),
        ),
        migrations.AlterField(
            model_name='settlementline',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='affiliates.settlementrun'),
        ),
            ],
        ),
        migrations.AddIndex(
            model_name='commission',
            index=models.Index(condition=models.Q(('refund_line__isnull', False)), fields=['refund_line'], name='commission_refund_line'),
        ),
        migrations.AddIndex(
            model_name='commission',
            index=models.Index(condition=models.Q(('dispute_line__isnull', False)), fields=['dispute_line'], name='commission_dispute_line'),
        ),
        migrations.AddIndex(
            model_name='commission',
            index=models.Index(condition=models.Q(('reverses__isnull', False)), fields=['reverses'], name='commission_reverses'),
        ),
        migrations.AddIndex(
            model_name='commission',
            index=models.Index(condition=models.Q(('flag__isnull', False)), fields=['flag'], name='commission_flag'),
        ),
        migrations.AddIndex(
            model_name='commission',
            index=models.Index(condition=models.Q(('case__isnull', False)), fields=['case'], name='commission_case'),
        ),
        migrations.AddIndex(
            model_name='settlementline',
            index=models.Index(condition=models.Q(('case__isnull', False)), fields=['case'], name='line_case'),
        ),
    ]
