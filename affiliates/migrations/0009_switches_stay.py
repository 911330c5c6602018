"""What was said and done about a platform that goes dark stays as it was written."""

from django.db import migrations

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
        ("affiliates", "0008_rows_point_to_what_is_there"),
        ("creators", "0006_directory_triggers"),
    ]
    replaces = [
        ("affiliates", "0038_platforms_that_go_dark"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
