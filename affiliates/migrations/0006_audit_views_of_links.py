"""The auditor's views of links, clicks and attributions."""

from django.db import migrations

VIEWS = """
CREATE SCHEMA IF NOT EXISTS audit;
CREATE VIEW audit.attributions AS
    SELECT order_line_id AS line_id, creator_id, link_id, clicked_at, expires_at,
        rate_bp::bigint AS rate_bp, rule::text AS rule
    FROM affiliates_attribution;
CREATE VIEW audit.clicks AS
    SELECT uid, link_id, clicked_at, counted FROM affiliates_click;
CREATE VIEW audit.links AS
    SELECT id AS link_id, code::text AS code, creator_id, product_id,
        platform::text AS platform, is_active
    FROM affiliates_link;
"""

UNDO = """
DROP VIEW audit.attributions;
DROP VIEW audit.clicks;
DROP VIEW audit.links;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0005_audit_views_of_money"),
    ]
    replaces = [
        ("affiliates", "0006_links_audit"),
    ]
    operations = [migrations.RunSQL(VIEWS, UNDO)]
