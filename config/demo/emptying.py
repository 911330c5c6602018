"""Emptying a demo market; what migrations seeded stays."""

# ruff: noqa: S608  (table names are our own)

from django.apps import apps
from django.db import transaction

KEPT = {  # seeded by migrations, or not of this market
    "shop_category", "shop_taxrate", "creators_niche", "creators_platformstatus",
    "creators_violation", "creators_sanction",
    "auth_permission", "auth_group", "auth_group_permissions", "affiliates_clickstream",
}  # fmt: skip
# Seeded too, but they name people or brands: emptied, and what is everybody's put back.
PUT_BACK = {
    "shop_terms": "update {copy} set published_by_id = null",
    "creators_enrolmentpolicy": "update {copy} set published_by_id = null",
    "affiliates_feepolicy": "delete from {copy} where brand_id is not null",
}
OURS = ("shop", "creators", "affiliates", "config", "auth", "account", "mfa", "socialaccount",
        "usersessions", "sessions", "admin")  # fmt: skip


def empty(connection) -> None:
    """Delete every row of the market, ledger and all, and number from 1 again."""
    tables = {
        model._meta.db_table
        for label in OURS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    } - KEPT
    with transaction.atomic(), connection.cursor() as cursor:
        present = connection.introspection.table_names(cursor)
        names = [connection.ops.quote_name(name) for name in sorted(tables & set(present))]
        for table, change in PUT_BACK.items():
            cursor.execute(f"create temporary table kept_{table} on commit drop as table {table}")
            cursor.execute(change.format(copy=f"kept_{table}"))
        for name in names:
            cursor.execute(f"alter table {name} disable trigger user")
        cursor.execute(f"truncate {', '.join(names)}, affiliates_clickseen restart identity")
        cursor.execute("set constraints all immediate")
        for table in PUT_BACK:
            cursor.execute(f"insert into {table} select * from kept_{table}")
            cursor.execute(
                f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}"
            )
        for name in names:
            cursor.execute(f"alter table {name} enable trigger user")
