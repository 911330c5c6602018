"""What the database roles may do: the application rows of every table, an auditor her views.

Runs after each migrate, as the owner; safe to repeat, on embedded and on other servers.
"""

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connections
from psycopg import sql

from config import embedded

SCHEMAS = ("public", "audit")


def after_migrate(sender: AppConfig, using: str = "default", **kwargs: object) -> None:
    """Grant once per migrate: when the last app of the project reports."""
    if reports_last(sender):
        grant(using)


def reports_last(sender: AppConfig) -> bool:
    """Say whether every app with models has been migrated once `sender` was."""
    return sender is [app for app in apps.get_app_configs() if app.models_module][-1]


def grant(using: str = "default") -> None:
    """Let the application read and write rows; append-only tables only grow."""
    role = sql.Identifier(settings.APP_ROLE)
    with connections[using].cursor() as cursor:
        cursor.execute("select current_user")
        if cursor.fetchone()[0] == settings.APP_ROLE:
            return  # one role for all: a small installation; `check --deploy` warns
        cursor.execute("select nspname from pg_namespace where nspname = any(%s)", [list(SCHEMAS)])
        for (name,) in cursor.fetchall():
            schema = sql.Identifier(name)
            rights = "select" if name == "audit" else "select, insert, update, delete"
            for statement in (
                "grant usage on schema {schema} to {role}",
                f"grant {rights} on all tables in schema {{schema}} to {{role}}",
                "grant usage, select, update on all sequences in schema {schema} to {role}",
            ):
                cursor.execute(sql.SQL(statement).format(schema=schema, role=role))
        cursor.execute(
            "select tablename from pg_tables where schemaname = 'public' and tablename = any(%s)",
            [settings.APPEND_ONLY_TABLES],
        )
        for (table,) in cursor.fetchall():
            statement = "revoke update, delete, truncate on {table} from {role}"
            cursor.execute(sql.SQL(statement).format(table=sql.Identifier(table), role=role))
        cursor.execute("select from pg_roles where rolname = %s", [embedded.AUDITOR])
        if cursor.fetchone() is not None:
            auditor = sql.Identifier(embedded.AUDITOR)
            for statement in (
                "grant usage on schema audit to {role}",
                "grant select on all tables in schema audit to {role}",
            ):
                cursor.execute(sql.SQL(statement).format(role=auditor))
