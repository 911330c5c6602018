"""The table of clicks: partitions by month, made and dropped by functions of its owner."""

from django.db import migrations

TABLES = """
CREATE TABLE affiliates_click (
    uid uuid NOT NULL,
    link_id bigint NOT NULL,
    clicked_at timestamptz NOT NULL,
    visitor bytea NOT NULL CHECK (octet_length(visitor) = 16),
    referrer_host varchar(100) NOT NULL DEFAULT '',
    device varchar(10) NOT NULL DEFAULT '',
    seen_platform varchar(10) NOT NULL DEFAULT '',
    counted boolean NOT NULL,
    paid varchar(10) NOT NULL DEFAULT '', -- which advertisement
    PRIMARY KEY (uid, clicked_at)
) PARTITION BY RANGE (clicked_at);
CREATE TABLE affiliates_click_other PARTITION OF affiliates_click DEFAULT;
CREATE INDEX affiliates_click_of_link ON affiliates_click (link_id, clicked_at);
-- Who clicked which link in which hours of a day; kept for two days. Not logged: after a
-- crash of PostgreSQL itself a visitor may count a second time within her hour.
CREATE UNLOGGED TABLE affiliates_clickseen (
    day date NOT NULL,
    link_id bigint NOT NULL,
    visitor bytea NOT NULL,
    hours integer NOT NULL,
    PRIMARY KEY (day, link_id, visitor)
);
"""

FUNCTIONS = """
CREATE FUNCTION make_click_partitions(since timestamptz, ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', since AT TIME ZONE 'UTC');
    month date;
    partition text;
    made integer := 0;
BEGIN
    FOR i IN 0..least(ahead, 24) LOOP
        month := first + make_interval(months => i);
        partition := 'affiliates_click_' || to_char(month, 'YYYY_MM');
        IF to_regclass(partition) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I (LIKE affiliates_click INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                partition);
            -- Clicks that came before their partition was there move into it.
            EXECUTE format(
                'WITH late AS (DELETE FROM affiliates_click_other
                     WHERE clicked_at >= %L AND clicked_at < %L RETURNING *)
                 INSERT INTO %I SELECT * FROM late',
                month::timestamp AT TIME ZONE 'UTC',
                (month + interval '1 month') AT TIME ZONE 'UTC', partition);
            EXECUTE format(
                'ALTER TABLE affiliates_click ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                partition, month::timestamp AT TIME ZONE 'UTC',
                (month + interval '1 month') AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION drop_click_partitions(keep integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    oldest text := 'affiliates_click_' || to_char(
        date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => greatest(keep, 13)),
        'YYYY_MM');
    partition text;
    dropped integer := 0;
BEGIN
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'affiliates_click'::regclass
            AND c.relname ~ '^affiliates_click_\\d{4}_\\d{2}$' AND c.relname < oldest
    LOOP
        EXECUTE format('DROP TABLE %I', partition);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

SELECT make_click_partitions(now() - interval '12 months', 15);
"""

UNDO = """
DROP FUNCTION make_click_partitions(timestamptz, integer);
DROP FUNCTION drop_click_partitions(integer);
DROP TABLE affiliates_clickseen;
DROP TABLE affiliates_click;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0003_fee_to_start_with"),
    ]
    replaces = [
        ("affiliates", "0005_clicks_partitions"),
    ]
    operations = [migrations.RunSQL(TABLES + FUNCTIONS, UNDO)]
