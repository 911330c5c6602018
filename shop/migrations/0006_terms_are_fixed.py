"""The database keeps the promise: published terms do not change."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION shop_terms_are_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'terms % are published: they cannot be changed or deleted', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER terms_are_fixed BEFORE UPDATE OR DELETE ON shop_terms
    FOR EACH ROW EXECUTE FUNCTION shop_terms_are_fixed();
"""
BACKWARD = """
DROP TRIGGER terms_are_fixed ON shop_terms;
DROP FUNCTION shop_terms_are_fixed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0005_audit_views_of_orders"),
    ]
    replaces = [
        ("shop", "0015_terms_stay_as_published"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
