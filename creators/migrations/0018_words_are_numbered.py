"""An entry whose words change is another one for the index too, which keeps words now."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION creators_directory_entry() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [("creators", "0017_peers_and_views")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
