"""The database keeps the promise: published policies and made decisions do not change.

Erasing a person rewrites the facts of her decisions; that transaction says so with `SET LOCAL thousand.erasing = 'on'`.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION creators_policy_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'policy % is published: it cannot be changed or deleted', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER policy_is_fixed BEFORE UPDATE OR DELETE ON creators_enrolmentpolicy
    FOR EACH ROW EXECUTE FUNCTION creators_policy_is_fixed();

CREATE FUNCTION creators_decision_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('thousand.erasing', true), '') <> 'on' THEN
        RAISE EXCEPTION '% % is fixed: decide again instead', TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER decision_is_fixed BEFORE UPDATE OR DELETE ON creators_decision
    FOR EACH ROW EXECUTE FUNCTION creators_decision_is_fixed();
CREATE TRIGGER check_is_fixed BEFORE UPDATE OR DELETE ON creators_decisioncheck
    FOR EACH ROW EXECUTE FUNCTION creators_decision_is_fixed();
"""
BACKWARD = """
DROP TRIGGER check_is_fixed ON creators_decisioncheck;
DROP TRIGGER decision_is_fixed ON creators_decision;
DROP FUNCTION creators_decision_is_fixed();
DROP TRIGGER policy_is_fixed ON creators_enrolmentpolicy;
DROP FUNCTION creators_policy_is_fixed();
"""


class Migration(migrations.Migration):
    dependencies = [("creators", "0002_channel_token")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
