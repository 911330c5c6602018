"""What was proposed stays as it was proposed, and a decision is final."""

from django.db import migrations

FORWARDS = """
CREATE TRIGGER adjustment_facts
    BEFORE UPDATE OF kind, brand_id, creator_id, amount, currency, reason, reference,
        proposed_by_id, proposed_at ON affiliates_adjustment
    FOR EACH ROW WHEN (
        (OLD.kind, OLD.brand_id, OLD.creator_id, OLD.amount, OLD.currency, OLD.reason,
         OLD.reference, OLD.proposed_by_id, OLD.proposed_at)
        IS DISTINCT FROM
        (NEW.kind, NEW.brand_id, NEW.creator_id, NEW.amount, NEW.currency, NEW.reason,
         NEW.reference, NEW.proposed_by_id, NEW.proposed_at))
    EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER adjustment_decided
    BEFORE UPDATE ON affiliates_adjustment
    FOR EACH ROW WHEN (OLD.state <> 'proposed') EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER adjustment_never_deleted
    BEFORE DELETE OR TRUNCATE ON affiliates_adjustment
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();
"""
BACKWARDS = """
DROP TRIGGER adjustment_facts ON affiliates_adjustment;
DROP TRIGGER adjustment_decided ON affiliates_adjustment;
DROP TRIGGER adjustment_never_deleted ON affiliates_adjustment;
"""


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0010_corrections_by_hand")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
