"""The database keeps the promise: published policies, rules in force, made decisions and the events
of cases stay as they are, and nobody hears an appeal against a decision of her own.

Erasing a person rewrites the facts of her decisions and the words of her cases; that transaction
says so with `SET LOCAL thousand.erasing = 'on'`.
"""

from django.db import migrations

FORWARDS = """
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

CREATE FUNCTION creators_standing_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.effective_from <= now() THEN
        RAISE EXCEPTION '% % is in force: add a newer one instead', TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER violation_is_fixed BEFORE UPDATE OR DELETE ON creators_violation
    FOR EACH ROW EXECUTE FUNCTION creators_standing_is_fixed();
CREATE TRIGGER sanction_is_fixed BEFORE UPDATE OR DELETE ON creators_sanction
    FOR EACH ROW EXECUTE FUNCTION creators_standing_is_fixed();

CREATE FUNCTION creators_event_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('thousand.erasing', true), '') = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'tells' = to_jsonb(NEW) - 'tells' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'event % of a case is fixed: write another', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_is_fixed BEFORE UPDATE OR DELETE ON creators_caseevent
    FOR EACH ROW EXECUTE FUNCTION creators_event_is_fixed();

CREATE FUNCTION creators_appeal_is_heard_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.appeal_of_id IS NOT NULL AND NEW.decided_by_id IS NOT NULL AND NEW.decided_by_id =
        (SELECT decided_by_id FROM creators_case WHERE id = NEW.appeal_of_id)
    THEN
        RAISE EXCEPTION 'the appeal against case % needs another judge', NEW.appeal_of_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appeal_is_heard_by_another';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appeal_is_heard_by_another BEFORE INSERT OR UPDATE ON creators_case
    FOR EACH ROW WHEN (NEW.appeal_of_id IS NOT NULL)
    EXECUTE FUNCTION creators_appeal_is_heard_by_another();
"""
BACKWARDS = """
DROP TRIGGER appeal_is_heard_by_another ON creators_case;
DROP FUNCTION creators_appeal_is_heard_by_another();
DROP TRIGGER event_is_fixed ON creators_caseevent;
DROP FUNCTION creators_event_is_fixed();
DROP TRIGGER sanction_is_fixed ON creators_sanction;
DROP TRIGGER violation_is_fixed ON creators_violation;
DROP FUNCTION creators_standing_is_fixed();

DROP TRIGGER check_is_fixed ON creators_decisioncheck;
DROP TRIGGER decision_is_fixed ON creators_decision;
DROP FUNCTION creators_decision_is_fixed();
DROP TRIGGER policy_is_fixed ON creators_enrolmentpolicy;
DROP FUNCTION creators_policy_is_fixed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("creators", "0001_schema"),
    ]
    replaces = [
        ("creators", "0003_rules_stay_as_published"),
        ("creators", "0010_cases_keep_their_word"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
