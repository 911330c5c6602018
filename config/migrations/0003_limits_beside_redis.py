"""The table of Django's cache for what keeps guessers out while Redis is away (config/cache.py)."""

from django.db import migrations

MADE = """
CREATE TABLE config_beside (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX config_beside_expires ON config_beside (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("config", "0002_audit_log_forgets")]
    operations = [migrations.RunSQL(MADE, "DROP TABLE config_beside")]
