"""Fridays whose batches were built are noted; fees for posts whose commission is void say so."""

from django.db import migrations

FRIDAYS = """
    INSERT INTO affiliates_payday (friday, built_at)
    SELECT pay_on - (extract(isodow FROM pay_on)::int + 2) % 7, min(built_at)
    FROM affiliates_payoutbatch WHERE by_night GROUP BY 1 ON CONFLICT DO NOTHING
"""
FEES = """
    UPDATE affiliates_flatfee f SET state = 'void', reason = coalesce(n.reason, ''),
           decided_at = coalesce(n.at, f.decided_at, now())
    FROM affiliates_commission c LEFT JOIN affiliates_voidnote n ON n.commission_id = c.id
    WHERE c.id = f.commission_id AND c.state = 'void' AND f.state IN ('reserved', 'posted', 'approved')
"""


class Migration(migrations.Migration):
    holds_briefly = "fees that an admin made void: a handful"
    dependencies = [("affiliates", "0018_pay_days_and_reclaims")]
    operations = [
        migrations.RunSQL(FRIDAYS, migrations.RunSQL.noop),
        migrations.RunSQL(FEES, migrations.RunSQL.noop),
    ]
