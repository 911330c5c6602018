"""The night marks a commission in its place, and looks at what it points to once a statement.

An update is done in place (HOT) where no index names a column that changes, nor a condition on
one: so none names the state any more, and a page keeps room for a second version of its rows.

A foreign key is looked at row by row, as long as the row may go that it points to. Runs, lines
and accounts never go and keep their ids, so one look at all rows of a statement promises the
same. The accounts of a line, which keep their owners, hold its creator and brand in turn.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION affiliates_line_is_there() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lost bigint;
BEGIN
    SELECT w.id INTO lost FROM (
        SELECT DISTINCT settlement_line_id AS id FROM written
        WHERE settlement_line_id IS NOT NULL) w
    WHERE NOT EXISTS (SELECT 1 FROM affiliates_settlementline l WHERE l.id = w.id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a commission is in settlement line %, which is not there', lost
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER commission_line_is_there
    AFTER INSERT ON affiliates_commission REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_line_is_there();
CREATE TRIGGER commission_line_is_still_there
    AFTER UPDATE ON affiliates_commission REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_line_is_there();

CREATE FUNCTION affiliates_parts_are_there() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lost record;
BEGIN
    SELECT w.* INTO lost FROM (SELECT DISTINCT run_id FROM written) w
    WHERE NOT EXISTS (SELECT 1 FROM affiliates_settlementrun r WHERE r.id = w.run_id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a settlement line is of run %, which is not there', lost.run_id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    SELECT w.* INTO lost FROM (SELECT DISTINCT creator_id, currency FROM written) w
    WHERE NOT EXISTS (SELECT 1 FROM affiliates_account a WHERE a.kind = 'creator_balance'
                      AND a.creator_id = w.creator_id AND a.currency = w.currency) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a settlement line is of creator %, who has no account in %',
            lost.creator_id, lost.currency USING ERRCODE = 'foreign_key_violation';
    END IF;
    SELECT w.* INTO lost FROM (SELECT DISTINCT brand_id, currency FROM written) w
    WHERE NOT EXISTS (SELECT 1 FROM affiliates_account a WHERE a.kind = 'brand_balance'
                      AND a.brand_id = w.brand_id AND a.currency = w.currency) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a settlement line is of brand %, which has no account in %',
            lost.brand_id, lost.currency USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER settlement_line_parts_are_there
    AFTER INSERT ON affiliates_settlementline REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_parts_are_there();
CREATE TRIGGER settlement_run_stays
    BEFORE DELETE OR TRUNCATE ON affiliates_settlementrun
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER settlement_run_keeps_its_id
    BEFORE UPDATE OF id ON affiliates_settlementrun
    FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION affiliates_refuse();

CREATE FUNCTION affiliates_accounts_are_there() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lost bigint;
BEGIN
    SELECT w.id INTO lost FROM (
        SELECT debit_id AS id FROM written UNION SELECT credit_id FROM written) w
    WHERE NOT EXISTS (SELECT 1 FROM affiliates_account a WHERE a.id = w.id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an entry moves money of account %, which is not there', lost
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_accounts_are_there
    AFTER INSERT ON affiliates_ledgerentry REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_accounts_are_there();

CREATE TRIGGER account_keeps_its_id
    BEFORE UPDATE OF id ON affiliates_account
    FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER settlement_line_keeps_its_id
    BEFORE UPDATE OF id ON affiliates_settlementline
    FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION affiliates_refuse();
ALTER TABLE affiliates_commission SET (fillfactor = 90);
"""
BACKWARDS = """
ALTER TABLE affiliates_commission RESET (fillfactor);
DROP TRIGGER settlement_run_keeps_its_id ON affiliates_settlementrun;
DROP TRIGGER settlement_run_stays ON affiliates_settlementrun;
DROP TRIGGER settlement_line_parts_are_there ON affiliates_settlementline;
DROP FUNCTION affiliates_parts_are_there();
DROP TRIGGER settlement_line_keeps_its_id ON affiliates_settlementline;
DROP TRIGGER account_keeps_its_id ON affiliates_account;
DROP TRIGGER entry_accounts_are_there ON affiliates_ledgerentry;
DROP FUNCTION affiliates_accounts_are_there();
DROP TRIGGER commission_line_is_still_there ON affiliates_commission;
DROP TRIGGER commission_line_is_there ON affiliates_commission;
DROP FUNCTION affiliates_line_is_there();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0007_weeks_are_marked"),
    ]
    replaces = [
        ("affiliates", "0034_night_marks_in_place"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
