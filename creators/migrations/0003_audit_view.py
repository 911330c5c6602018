"""The auditor's view of creators: fixed columns, whatever the tables become."""

from django.db import migrations

FORWARD = """
CREATE SCHEMA IF NOT EXISTS audit;
CREATE VIEW audit.creators AS
SELECT creator.id AS creator_id,
       creator.user_id,
       creator.handle::text AS handle,
       creator.status::text AS status,
       coalesce((
           SELECT max(latest.followers)
           FROM creators_channel channel
           CROSS JOIN LATERAL (
               SELECT reading.followers
               FROM creators_reading reading
               WHERE reading.channel_id = channel.id
               ORDER BY reading.day DESC
               LIMIT 1
           ) latest
           WHERE channel.creator_id = creator.id
             AND channel.verified_at IS NOT NULL
             AND channel.disconnected_at IS NULL
       ), 0)::bigint AS followers_max,
       decision.id AS decision_id,
       decision.outcome::text AS decision_outcome,
       creator.erased_at,
       creator.display_name::text AS display_name,
       person.email::text AS email
FROM creators_creator creator
LEFT JOIN creators_decision decision ON decision.id = creator.decision_id
LEFT JOIN auth_user person ON person.id = creator.user_id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("creators", "0002_words_that_stay"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    replaces = [
        ("creators", "0004_audit_creators"),
    ]
    operations = [migrations.RunSQL(FORWARD, "DROP VIEW audit.creators;")]
