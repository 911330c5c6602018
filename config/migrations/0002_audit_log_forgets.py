"""The log forgets what is past its time, and its chain still proves the rest.

A link keeps the digest of its entry and the day until which it is kept, and its hash covers both:
so the chain holds after the entry went. Links from before this have neither; theirs stay.
"""

import django.db.models.deletion
from django.db import migrations, models

MONEY = (  # rows about these are kept for seven years, and erasures; all else for two
    "affiliates_adjustment affiliates_collaboration affiliates_endpoint affiliates_apitoken"
    " affiliates_feepolicy affiliates_payoutbatch affiliates_payoutmethod affiliates_productrate"
    " affiliates_ratechange affiliates_taxprofile shop_brand shop_integration shop_membership"
    " shop_refund"
)
MADE = f"""
CREATE FUNCTION audit_kept_until(e config_auditentry) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT (e.at AT TIME ZONE 'UTC' + CASE
        WHEN e.act = 'erased'
          OR split_part(e.object, ':', 1) = ANY (string_to_array('{MONEY}', ' '))
            THEN interval '7 years'
        ELSE interval '2 years' END)::date
$$;

CREATE FUNCTION audit_hash(previous bytea, digest bytea, kept_until date) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(previous || digest || convert_to(extract(epoch FROM kept_until)::bigint::text, 'UTF8'))
$$;

-- Whoever asks, and whatever her rights: only what is past its day goes, and is in the chain.
CREATE FUNCTION audit_not_yet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF audit_kept_until(OLD) < (now() AT TIME ZONE 'UTC')::date AND EXISTS (
        SELECT FROM config_auditlink l WHERE l.entry_id = OLD.id AND l.digest IS NOT NULL
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'DELETE refused: entry % is kept until %', OLD.id, audit_kept_until(OLD)
        USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER audit_entry_stays ON config_auditentry;
CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR TRUNCATE ON config_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_entry_kept BEFORE DELETE ON config_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_not_yet();

-- Deletes up to `most` entries that are past their day; the application may not itself.
CREATE FUNCTION audit_expire(most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    n int;
BEGIN
    DELETE FROM config_auditentry WHERE id IN (
        SELECT e.id FROM config_auditentry e JOIN config_auditlink l ON l.entry_id = e.id
        WHERE e.at < now() - interval '2 years' AND l.digest IS NOT NULL
          AND l.kept_until < (now() AT TIME ZONE 'UTC')::date
        ORDER BY e.id LIMIT most);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

CREATE OR REPLACE FUNCTION audit_seal(most int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    last bytea;
    made bytea;
    print bytea;
    until date;
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
        print := sha256(audit_text(entry));
        until := audit_kept_until(entry);
        made := audit_hash(last, print, until);
        INSERT INTO config_auditlink (entry_id, previous, hash, digest, kept_until)
            VALUES (entry.id, last, made, print, until);
        last := made;
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

-- Is a link what was written, and its entry, or has that gone when it should?
CREATE FUNCTION audit_holds(l config_auditlink, e config_auditentry) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN l.digest IS NULL
            THEN e.id IS NOT NULL AND l.hash = sha256(l.previous || audit_text(e))
        WHEN l.hash <> audit_hash(l.previous, l.digest, l.kept_until) THEN false
        WHEN e.id IS NULL THEN l.kept_until < (now() AT TIME ZONE 'UTC')::date
        ELSE l.digest = sha256(audit_text(e)) AND l.kept_until = audit_kept_until(e)
    END
$$;
CREATE OR REPLACE VIEW audit.log AS
    SELECT e.id, e.at, e.user_id, e.acting_for, e.act, e.object, e.before, e.after, e.request_id,
        l.id AS link, encode(l.previous, 'hex') AS previous, encode(l.hash, 'hex') AS hash,
        audit_holds(l, e) AS holds, l.kept_until
    FROM config_auditentry e LEFT JOIN config_auditlink l ON l.entry_id = e.id;
"""
GONE = """
DROP VIEW audit.log;
CREATE VIEW audit.log AS
    SELECT e.id, e.at, e.user_id, e.acting_for, e.act, e.object, e.before, e.after, e.request_id,
        l.id AS link, encode(l.previous, 'hex') AS previous, encode(l.hash, 'hex') AS hash,
        l.hash = sha256(l.previous || audit_text(e)) AS holds
    FROM config_auditentry e LEFT JOIN config_auditlink l ON l.entry_id = e.id;
DROP FUNCTION audit_holds(config_auditlink, config_auditentry);
DROP FUNCTION audit_expire(int);
DROP TRIGGER audit_entry_kept ON config_auditentry;
DROP FUNCTION audit_not_yet();
DROP TRIGGER audit_entry_stays ON config_auditentry;
CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON config_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
DROP FUNCTION audit_hash(bytea, bytea, date);
DROP FUNCTION audit_kept_until(config_auditentry);
"""


class Migration(migrations.Migration):
    dependencies = [("config", "0001_audit_log")]
    operations = [
        migrations.AddField(
            "auditlink", "digest",
            models.BinaryField(null=True, help_text="of the entry; null in the oldest links"),
        ),
        migrations.AddField(
            "auditlink", "kept_until",
            models.DateField(null=True, help_text="the entry may go after this day"),
        ),
        migrations.AlterField(
            "auditlink", "entry",
            models.OneToOneField(
                db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="link", to="config.auditentry",
            ),
        ),
        migrations.RunSQL(MADE, GONE),
    ]  # fmt: skip
