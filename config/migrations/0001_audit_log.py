"""The log of who did what: two tables that only grow, triggers that write, a chain that proves."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

GUARDS = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% refused: rows of % stay as they were written', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON config_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_link_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON config_auditlink
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

-- What one entry says, the same on every server: moments as seconds, objects with sorted keys.
CREATE FUNCTION audit_text(e config_auditentry) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_to(jsonb_build_array(e.id, extract(epoch FROM e.at), e.user_id, e.acting_for,
        e.act, e.object, e.before, e.after, e.request_id)::text, 'UTF8')
$$;

-- Chains up to `most` entries that are not in the chain yet; one at a time does it.
CREATE FUNCTION audit_seal(most int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    last bytea;
    made bytea;
    entry config_auditentry;
    n int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7265010);
    SELECT l.hash INTO last FROM config_auditlink l ORDER BY l.id DESC LIMIT 1;
    last := coalesce(last, '\\x00'::bytea);
    FOR entry IN
        SELECT e.* FROM config_auditentry e
        WHERE e.id > coalesce((SELECT max(l.entry_id) FROM config_auditlink l), 0) - 100000
          AND NOT EXISTS (SELECT FROM config_auditlink l WHERE l.entry_id = e.id)
        ORDER BY e.id LIMIT most
    LOOP
        made := sha256(last || audit_text(entry));
        INSERT INTO config_auditlink (entry_id, previous, hash) VALUES (entry.id, last, made);
        last := made;
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

-- The columns `names` of a row.
CREATE FUNCTION audit_facts(whole jsonb, names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(whole) f WHERE f.key = ANY (names)
$$;

-- The same without what `hidden` names: of that only whether there is something, or that it changed.
-- Not even a digest: this log is never erased, and a known address or account would be found by it.
CREATE FUNCTION audit_kept_back(facts jsonb, other jsonb, hidden text[], after boolean)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(f.key, CASE
        WHEN NOT f.key = ANY (hidden) OR f.value = 'null' THEN f.value
        WHEN after AND other IS NOT NULL AND other -> f.key IS DISTINCT FROM f.value
            THEN to_jsonb('[changed]'::text)
        ELSE to_jsonb('[kept back]'::text) END)
    FROM jsonb_each(facts) f
$$;

CREATE FUNCTION audit_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    names text[] := string_to_array(TG_ARGV[0], ' ');
    hidden text[] := string_to_array(TG_ARGV[1], ' ');
    was jsonb;
    now_ jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN was := audit_facts(to_jsonb(OLD), names); END IF;
    IF TG_OP <> 'DELETE' THEN now_ := audit_facts(to_jsonb(NEW), names); END IF;
    IF was IS DISTINCT FROM now_ THEN
        INSERT INTO config_auditentry
            (at, user_id, acting_for, act, object, before, after, request_id)
        VALUES (clock_timestamp(), nullif(current_setting('thousand.who', true), '')::bigint,
            coalesce(current_setting('thousand.for', true), ''), lower(TG_OP),
            TG_TABLE_NAME || ':' || coalesce(to_jsonb(NEW) ->> 'id', to_jsonb(OLD) ->> 'id', ''),
            audit_kept_back(was, now_, hidden, false), audit_kept_back(now_, was, hidden, true),
            coalesce(current_setting('thousand.request', true), ''));
    END IF;
    RETURN NULL;
END $$;
"""
LOG_VIEW = """
CREATE VIEW audit.log AS
    SELECT e.id, e.at, e.user_id, e.acting_for, e.act, e.object, e.before, e.after, e.request_id,
        l.id AS link, encode(l.previous, 'hex') AS previous, encode(l.hash, 'hex') AS hash,
        l.hash = sha256(l.previous || audit_text(e)) AS holds
    FROM config_auditentry e LEFT JOIN config_auditlink l ON l.entry_id = e.id;
"""
BY_HAND = "coalesce(current_setting('thousand.who', true), '') <> ''"
WATCHED = [  # table, when, columns, of these only that they changed, condition
    ("auth_user", "UPDATE", "is_active is_staff is_superuser password email", "password email", ""),
    ("auth_user", "INSERT", "is_active is_staff is_superuser", "", "NEW.is_staff"),
    ("auth_user_groups", "INSERT OR DELETE", "user_id group_id", "", ""),
    ("account_emailaddress", "INSERT OR UPDATE OR DELETE", "user_id email verified primary", "email", BY_HAND),
    ("mfa_authenticator", "INSERT OR DELETE", "user_id type", "", ""),
    ("shop_membership", "INSERT OR UPDATE OR DELETE", "user_id brand_id role", "", ""),
    ("shop_brand", "UPDATE", "status currency sells_at connect_account mandate_accepted_at vat_number", "connect_account vat_number", ""),
    ("shop_integration", "INSERT OR UPDATE OR DELETE", "brand_id provider domain state secret", "secret", ""),
    ("shop_refund", "INSERT", "order_id amount currency made_by_id", "", BY_HAND),
    ("creators_creator", "UPDATE", "status decision_id case_id", "", BY_HAND),
    ("affiliates_payoutmethod", "INSERT OR UPDATE OR DELETE", "creator_id rail iban name_check refused usable_from replaced_at", "iban", ""),
    ("affiliates_taxprofile", "INSERT OR UPDATE OR DELETE", "creator_id kind country vat_number effective_from", "vat_number", BY_HAND),
    ("affiliates_apitoken", "INSERT OR UPDATE OR DELETE", "brand_id creator_id name scopes expires_at revoked_at made_by_id", "", ""),
    ("affiliates_endpoint", "INSERT OR UPDATE OR DELETE", "brand_id creator_id url kinds secret", "secret", BY_HAND),
    ("affiliates_payoutbatch", "INSERT OR UPDATE OR DELETE", "rail currency state pay_on built_by_id approved_by_id exported_by_id file_sha256", "", ""),
    ("affiliates_adjustment", "INSERT OR UPDATE OR DELETE", "kind brand_id creator_id amount currency state proposed_by_id decided_by_id", "", ""),
    ("affiliates_feepolicy", "INSERT OR UPDATE OR DELETE", "brand_id rate_bp base minimum minimum_currency gives_back effective_from", "", ""),
    ("affiliates_collaboration", "UPDATE", "rate_bp hold_days window_days flat_fee budget ends_at", "", ""),
    ("affiliates_productrate", "INSERT OR UPDATE OR DELETE", "collaboration_id product_id rate_bp", "", BY_HAND),
    ("affiliates_ratechange", "INSERT OR UPDATE OR DELETE", "collaboration_id product_id old_bp new_bp effective_at", "", BY_HAND),
]  # fmt: skip


def watches() -> tuple[str, str]:
    """Return what makes and what drops the triggers.

    They name no column (`UPDATE OF`): a later migration could not change its type.
    """
    made, gone = [], []
    for table, when, names, hidden, condition in WATCHED:
        name = f"audit_{table}_{when.split()[0].lower()}"
        only = f" WHEN ({condition})" if condition else ""
        made.append(
            f"CREATE TRIGGER {name} AFTER {when} ON {table} FOR EACH ROW{only}"
            f" EXECUTE FUNCTION audit_note('{names}', '{hidden}');"
        )
        gone.append(f"DROP TRIGGER {name} ON {table};")
    return "\n".join(made), "\n".join(gone)


UNGUARDED = """
DROP TRIGGER audit_entry_stays ON config_auditentry;
DROP TRIGGER audit_link_stays ON config_auditlink;
DROP FUNCTION audit_note();
DROP FUNCTION audit_facts(jsonb, text[]);
DROP FUNCTION audit_kept_back(jsonb, jsonb, text[], boolean);
DROP FUNCTION audit_seal(int);
DROP FUNCTION audit_text(config_auditentry);
DROP FUNCTION audit_refuse();
"""
MADE, GONE = watches()


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("account", "0009_emailaddress_unique_primary_email"),
        ("affiliates", "0009_switches_stay"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("creators", "0006_directory_triggers"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("shop", "0007_variants_remember_prices"),
    ]
    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=Now(), verbose_name="moment")),
                ("user_id", models.BigIntegerField(blank=True, help_text="null: the market", null=True, verbose_name="who")),
                ("acting_for", models.CharField(blank=True, db_default="", max_length=80, verbose_name="acting for")),
                ("act", models.CharField(max_length=60, verbose_name="act")),
                ("object", models.CharField(blank=True, db_default="", max_length=120, verbose_name="about")),
                ("before", models.JSONField(blank=True, null=True, verbose_name="before")),
                ("after", models.JSONField(blank=True, null=True, verbose_name="after")),
                ("request_id", models.CharField(blank=True, db_default="", max_length=64, verbose_name="request")),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit log",
                "indexes": [
                    models.Index(fields=["user_id", "-id"], name="audit_of_user"),
                    models.Index(fields=["object", "-id"], name="audit_of_object"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("previous", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("entry", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="link", to="config.auditentry")),
            ],
        ),
        migrations.RunSQL(GUARDS, UNGUARDED),
        migrations.RunSQL(LOG_VIEW, "DROP VIEW audit.log"),
        migrations.RunSQL(MADE, GONE),
    ]
