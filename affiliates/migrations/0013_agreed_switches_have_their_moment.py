"""Switches that were agreed to before their moment was kept get it from what was said."""

from django.db import migrations

FORWARDS = """
UPDATE affiliates_platformswitch s
SET agreed_at = coalesce((
    SELECT w.answered_at FROM affiliates_switchword w
    WHERE w.switch_id = s.id AND w.kind = 'off' AND w.answer = 'agreed'
    ORDER BY w.id LIMIT 1
), s.off_from)
WHERE s.state IN ('agreed', 'withdrawn') AND s.agreed_at IS NULL
"""


class Migration(migrations.Migration):
    holds_briefly = "a dozen switches"
    dependencies = [("affiliates", "0012_threads_that_nobody_began")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
