"""The triggers of the directory: what is asked of an entry, its fit, and which transaction changed it.

The thresholds are those of creators/directory/facets.py, the points those of creators/fitness.py.
An entry whose words change is another one for the index too, which keeps words.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION creators_engagement_bp(
    platform text, followers int, likes bigint, views bigint, posts int
) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN posts > 0 AND followers > 0 AND told IS NOT NULL
                THEN least(told::numeric * 10000 / posts / followers, 100000)::int END
    FROM (VALUES (CASE platform WHEN 'tiktok' THEN likes WHEN 'youtube' THEN views END)) of (told)
$$;

CREATE FUNCTION creators_followers_step(followers bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT width_bucket(followers, ARRAY[500, 501, 1000, 1001, 2000, 2001, 5000, 5001, 10000, 10001,
        20000, 20001, 50000, 50001, 100000, 100001, 200000, 200001, 500000, 500001,
        1000000, 1000001]::bigint[])
$$;

CREATE FUNCTION creators_directory_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text := '';
BEGIN
    NEW.fit := coalesce(NEW.engagement_pct * 40 / 100, 20)
        + coalesce(NEW.score * 30 / 100, 15)
        + CASE WHEN NEW.clicks_90d >= 50
               THEN least(20, NEW.orders_90d::bigint * 10000 / NEW.clicks_90d * 20 / 600)
               ELSE 10 END
        + coalesce(NEW.sample_reliability * 10 / 100, 5);
    NEW.facets := concat_ws(' ',
        'c:' || nullif(NEW.country, ''),
        'n:' || nullif(array_to_string(NEW.niches, ' n:'), ''),
        'l:' || nullif(array_to_string(NEW.languages, ' l:'), ''),
        'p:' || CASE WHEN NEW.tiktok IS NOT NULL THEN 'tiktok t:' END
             || creators_followers_step(NEW.tiktok),
        'p:' || CASE WHEN NEW.instagram IS NOT NULL THEN 'instagram i:' END
             || creators_followers_step(NEW.instagram),
        'p:' || CASE WHEN NEW.youtube IS NOT NULL THEN 'youtube y:' END
             || creators_followers_step(NEW.youtube),
        'p:' || CASE WHEN NEW.facebook IS NOT NULL THEN 'facebook k:' END
             || creators_followers_step(NEW.facebook),
        'f:' || creators_followers_step(NEW.followers_max),
        'e:' || width_bucket(NEW.engagement_bp, ARRAY[100, 300, 500, 800]),
        'b:' || width_bucket(NEW.engagement_pct::int, ARRAY[50, 75, 90]),
        's:' || width_bucket(NEW.score::int, ARRAY[50, 70, 80, 90]),
        'r:' || width_bucket(NEW.sample_reliability::int, ARRAY[60, 80, 90]),
        CASE WHEN NEW.orders_90d > 0 THEN 'sold' END,
        CASE WHEN NEW.fit >= 35 AND coalesce(NEW.score, 40) >= 40 THEN 'ok' END);
    IF TG_OP = 'UPDATE' THEN
        was := OLD.facets || OLD.is_listed;
    END IF;
    IF was <> NEW.facets || NEW.is_listed
            OR (TG_OP = 'UPDATE' AND (NEW.enrolled_at IS DISTINCT FROM OLD.enrolled_at
                                      OR NEW.search IS DISTINCT FROM OLD.search)) THEN
        NEW.changed_in := pg_current_xact_id()::text::bigint;
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION creators_directory_entry_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO creators_directorygone (creator_id, changed_in)
    SELECT OLD.creator_id, pg_current_xact_id()::text::bigint
    WHERE EXISTS (SELECT FROM creators_directoryindex);
    RETURN NULL;
END
$$;

CREATE TRIGGER directory_entry BEFORE INSERT OR UPDATE ON creators_directoryentry
    FOR EACH ROW EXECUTE FUNCTION creators_directory_entry();
CREATE TRIGGER directory_entry_gone AFTER DELETE ON creators_directoryentry
    FOR EACH ROW EXECUTE FUNCTION creators_directory_entry_gone();
ALTER TABLE creators_directorybits ALTER COLUMN bits SET STORAGE EXTERNAL;
ALTER TABLE creators_directoryentry SET (fillfactor = 80);

-- Also where whole tables are filled with triggers off.
ALTER TABLE creators_directoryentry ENABLE ALWAYS TRIGGER directory_entry;
"""
BACKWARDS = """
DROP TRIGGER directory_entry ON creators_directoryentry;
DROP TRIGGER directory_entry_gone ON creators_directoryentry;
DROP FUNCTION creators_directory_entry;
DROP FUNCTION creators_directory_entry_gone;
DROP FUNCTION creators_followers_step;
ALTER TABLE creators_directoryentry RESET (fillfactor);
DROP FUNCTION creators_engagement_bp;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("creators", "0005_sanctions_to_start_with"),
    ]
    replaces = [
        ("creators", "0016_directory_index"),
        ("creators", "0018_words_are_numbered"),
        ("creators", "0019_directory_trigger_always"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
