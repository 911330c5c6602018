"""The database keeps the books' promises itself: what was written there stays.

The triggers name columns (UPDATE OF …), so the night's own UPDATE of state and line does
not pay for them.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION affiliates_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% refused: rows of % stay as they were written', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON affiliates_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();

CREATE TRIGGER account_stays
    BEFORE UPDATE OF kind, brand_id, creator_id, currency ON affiliates_account
    FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER account_never_deleted
    BEFORE DELETE OR TRUNCATE ON affiliates_account
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();

CREATE TRIGGER commission_facts
    BEFORE UPDATE OF kind, creator_id, brand_id, collaboration_id, link_id, order_line_id,
        refund_line_id, dispute_line_id, reverses_id, base, rate_bp, amount, currency, reason,
        created_at ON affiliates_commission
    FOR EACH ROW WHEN (
        (OLD.kind, OLD.creator_id, OLD.brand_id, OLD.collaboration_id, OLD.link_id,
         OLD.order_line_id, OLD.refund_line_id, OLD.dispute_line_id, OLD.reverses_id, OLD.base,
         OLD.rate_bp, OLD.amount, OLD.currency, OLD.reason, OLD.created_at)
        IS DISTINCT FROM
        (NEW.kind, NEW.creator_id, NEW.brand_id, NEW.collaboration_id, NEW.link_id,
         NEW.order_line_id, NEW.refund_line_id, NEW.dispute_line_id, NEW.reverses_id, NEW.base,
         NEW.rate_bp, NEW.amount, NEW.currency, NEW.reason, NEW.created_at))
    EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER commission_end
    BEFORE UPDATE ON affiliates_commission
    FOR EACH ROW WHEN (OLD.state IN ('settled', 'void')
        AND (OLD.state, OLD.due_at, OLD.settlement_line_id, OLD.vat_bp)
            IS DISTINCT FROM (NEW.state, NEW.due_at, NEW.settlement_line_id, NEW.vat_bp))
    EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER commission_never_deleted
    BEFORE DELETE OR TRUNCATE ON affiliates_commission
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();

CREATE TRIGGER settlement_line_facts
    BEFORE UPDATE OF run_id, creator_id, brand_id, currency, amount, commission_count, salt
    ON affiliates_settlementline
    FOR EACH ROW WHEN (
        (OLD.run_id, OLD.creator_id, OLD.brand_id, OLD.currency, OLD.amount,
         OLD.commission_count, OLD.salt)
        IS DISTINCT FROM
        (NEW.run_id, NEW.creator_id, NEW.brand_id, NEW.currency, NEW.amount,
         NEW.commission_count, NEW.salt))
    EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER settlement_line_never_deleted
    BEFORE DELETE OR TRUNCATE ON affiliates_settlementline
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();

CREATE TRIGGER payout_facts
    BEFORE UPDATE OF batch_id, creator_id, brand_id, amount, vat, currency, rail, created_at
    ON affiliates_payout
    FOR EACH ROW WHEN (
        (OLD.batch_id, OLD.creator_id, OLD.brand_id, OLD.amount, OLD.vat, OLD.currency,
         OLD.rail, OLD.created_at)
        IS DISTINCT FROM
        (NEW.batch_id, NEW.creator_id, NEW.brand_id, NEW.amount, NEW.vat, NEW.currency,
         NEW.rail, NEW.created_at))
    EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER payout_never_deleted
    BEFORE DELETE OR TRUNCATE ON affiliates_payout
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();

CREATE TRIGGER settlement_line_vat
    BEFORE UPDATE OF vat ON affiliates_settlementline
    FOR EACH ROW WHEN (OLD.vat IS DISTINCT FROM NEW.vat) EXECUTE FUNCTION affiliates_refuse();
CREATE TRIGGER closed_month_stays
    BEFORE UPDATE OR DELETE OR TRUNCATE ON affiliates_closedmonth
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();

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

CREATE TRIGGER tax_look_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON affiliates_taxlook
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();

CREATE TRIGGER void_note_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON affiliates_voidnote
    FOR EACH STATEMENT EXECUTE FUNCTION affiliates_refuse();
"""
BACKWARDS = """
DROP TRIGGER void_note_append_only ON affiliates_voidnote;
DROP TRIGGER tax_look_append_only ON affiliates_taxlook;
DROP TRIGGER adjustment_facts ON affiliates_adjustment;
DROP TRIGGER adjustment_decided ON affiliates_adjustment;
DROP TRIGGER adjustment_never_deleted ON affiliates_adjustment;
DROP TRIGGER settlement_line_vat ON affiliates_settlementline;
DROP TRIGGER closed_month_stays ON affiliates_closedmonth;
DROP TRIGGER ledger_append_only ON affiliates_ledgerentry;
DROP TRIGGER account_stays ON affiliates_account;
DROP TRIGGER account_never_deleted ON affiliates_account;
DROP TRIGGER commission_facts ON affiliates_commission;
DROP TRIGGER commission_end ON affiliates_commission;
DROP TRIGGER commission_never_deleted ON affiliates_commission;
DROP TRIGGER settlement_line_facts ON affiliates_settlementline;
DROP TRIGGER settlement_line_never_deleted ON affiliates_settlementline;
DROP TRIGGER payout_facts ON affiliates_payout;
DROP TRIGGER payout_never_deleted ON affiliates_payout;
DROP FUNCTION affiliates_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0001_schema"),
    ]
    replaces = [
        ("affiliates", "0002_money_guards"),
        ("affiliates", "0011_adjustments_stay"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
