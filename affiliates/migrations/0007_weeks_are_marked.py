"""Marks of weeks of brands whose sums are no longer right.

A mark is written with the change itself. Two changes of one week write two marks: a single one
would make them wait for each other. Sales of this moment need none: their week is open.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION affiliates_mark_week() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'shop_orderline' THEN
        INSERT INTO affiliates_brandweekstale (brand_id, at)
        SELECT brand_id, created_at FROM affiliates_commission
        WHERE order_line_id = NEW.id AND kind = 'sale';
    ELSE
        INSERT INTO affiliates_brandweekstale (brand_id, at)
        SELECT brand_id, created_at FROM affiliates_commission
        WHERE id = coalesce(NEW.reverses_id, NEW.id) AND kind = 'sale';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER orderline_week
    AFTER UPDATE OF refunded, charged_back ON shop_orderline
    FOR EACH ROW WHEN ((OLD.refunded, OLD.charged_back)
        IS DISTINCT FROM (NEW.refunded, NEW.charged_back))
    EXECUTE FUNCTION affiliates_mark_week();
CREATE TRIGGER commission_week
    AFTER INSERT ON affiliates_commission
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL OR NEW.created_at < now() - interval '1 hour')
    EXECUTE FUNCTION affiliates_mark_week();
CREATE TRIGGER commission_week_again
    AFTER UPDATE OF state ON affiliates_commission
    FOR EACH ROW WHEN ((OLD.state = 'void') <> (NEW.state = 'void'))
    EXECUTE FUNCTION affiliates_mark_week();
"""
BACKWARDS = """
DROP TRIGGER commission_week_again ON affiliates_commission;
DROP TRIGGER commission_week ON affiliates_commission;
DROP TRIGGER orderline_week ON shop_orderline;
DROP FUNCTION affiliates_mark_week();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0006_audit_views_of_links"),
    ]
    replaces = [
        ("affiliates", "0028_weeks_of_brands"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
