"""The statements of `affiliates.drill`: one pass over what was sold, and over links that work."""

from affiliates.exposure import SOLD

# Rows (what, word, key, amount, count, extra):
#   part: currency, platform, income, -, fallback of what is at risk (null: kept)
#   usual: currency, -, what the middle one of those who sell elsewhere brought
#   links: fallback, -, -, how many would die
#   creators: fallback, -, -, how many are hit
#   reach: other platform, -, followers, creators
#   clock: samples (promised there, not posted yet), pilots (whom no other channel reaches) or
#       rate_locks (promised rates that still run on the first day), -, -, how many
#   person: fallback, id + handle + name + other platforms, income, links
FINDINGS = f"""
    WITH {SOLD}, channel AS MATERIALIZED (
        SELECT h.creator_id, array_agg(DISTINCT h.platform::text) AS others
        FROM creators_channel h
        WHERE h.verified_at IS NOT NULL AND h.disconnected_at IS NULL
          AND h.platform <> %(gone)s
        GROUP BY h.creator_id
    ), works AS MATERIALIZED (
        SELECT k.id, k.creator_id, o.brand_id, coalesce(k.product_id, 0) AS thing,
               k.platform, p.country
        FROM affiliates_link k
        JOIN affiliates_collaboration o ON o.id = k.collaboration_id
        JOIN creators_creator p ON p.id = k.creator_id
        WHERE k.is_active {{links:k}}
    ), same AS MATERIALIZED (  -- the same thing's link on a channel that stays
        SELECT DISTINCT w.creator_id, w.brand_id, w.thing
        FROM works w JOIN channel ON channel.creator_id = w.creator_id
        WHERE w.platform = ANY(channel.others)
    ), dies AS MATERIALIZED (
        SELECT p.id, p.creator_id,
               CASE WHEN same.creator_id IS NOT NULL THEN 'link'
                    WHEN channel.creator_id IS NOT NULL THEN 'channel' ELSE 'page' END AS fallback
        FROM works p
        LEFT JOIN same ON same.creator_id = p.creator_id AND same.brand_id = p.brand_id
             AND same.thing = p.thing
        LEFT JOIN channel ON channel.creator_id = p.creator_id
        WHERE p.platform = %(gone)s {{country}}
    ), judged AS MATERIALIZED (
        SELECT s.creator_id, s.currency, s.platform, s.{{income}} AS income,
               CASE WHEN s.platform = %(gone)s {{country}} THEN
                   CASE WHEN dies.id IS NOT NULL THEN dies.fallback
                        WHEN channel.creator_id IS NULL THEN 'page'
                        WHEN w.platform = ANY(channel.others) THEN 'link' ELSE 'channel' END
               END AS fallback
        FROM sold s
        JOIN creators_creator p ON p.id = s.creator_id
        LEFT JOIN dies ON dies.id = s.link_id
        LEFT JOIN works w ON w.id = s.link_id
        LEFT JOIN channel ON channel.creator_id = s.creator_id
    ), lost AS MATERIALIZED (
        SELECT creator_id, sum(income) AS income,
               coalesce(sum(income) FILTER (WHERE fallback = 'channel'), 0) AS unlinked
        FROM judged WHERE fallback IS NOT NULL GROUP BY creator_id
    ), dying AS MATERIALIZED (
        SELECT creator_id, count(*) AS links,
               count(*) FILTER (WHERE fallback = 'channel') AS unlinked
        FROM dies GROUP BY creator_id
    ), hit AS MATERIALIZED (
        SELECT creator_id, coalesce(lost.income, 0) AS income, coalesce(dying.links, 0) AS links,
               CASE WHEN channel.creator_id IS NULL THEN 'page'
                    WHEN coalesce(lost.unlinked, 0) > 0 OR coalesce(dying.unlinked, 0) > 0
                    THEN 'channel' ELSE 'link' END AS fallback,
               channel.others
        FROM lost FULL JOIN dying USING (creator_id) LEFT JOIN channel USING (creator_id)
    ), placed AS (
        SELECT hit.*, row_number() OVER (
            PARTITION BY fallback ORDER BY income DESC, links DESC, creator_id) AS place
        FROM hit
    )
    SELECT 'part', currency, platform, sum(income)::bigint, 0, fallback
    FROM judged GROUP BY currency, platform, fallback
    UNION ALL
    SELECT 'usual', currency, '',
           (percentile_disc(0.5) WITHIN GROUP (ORDER BY income))::bigint, 0, NULL
    FROM (SELECT currency, creator_id, sum(income) AS income FROM judged
          WHERE platform NOT IN (%(gone)s, 'code') GROUP BY currency, creator_id) each
    GROUP BY currency
    UNION ALL
    SELECT 'links', fallback, '', 0, count(*)::int, NULL FROM dies GROUP BY fallback
    UNION ALL
    SELECT 'creators', fallback, '', 0, count(*)::int, NULL FROM hit GROUP BY fallback
    UNION ALL
    SELECT 'reach', other, '', coalesce(sum(CASE other WHEN 'tiktok' THEN d.tiktok
               WHEN 'instagram' THEN d.instagram WHEN 'youtube' THEN d.youtube
               ELSE d.facebook END), 0)::bigint, count(*)::int, NULL
    FROM hit CROSS JOIN unnest(hit.others) other
    LEFT JOIN creators_directoryentry d ON d.creator_id = hit.creator_id GROUP BY other
    UNION ALL
    (SELECT 'person', placed.fallback,
            concat_ws(E'\\n', p.id, p.handle, replace(p.display_name, E'\\n', ' '),
                      coalesce(array_to_string(placed.others, ','), '')),
            placed.income::bigint, placed.links::int, NULL
     FROM placed JOIN creators_creator p ON p.id = placed.creator_id
     WHERE place <= %(shown)s ORDER BY placed.fallback, place)
    UNION ALL
    SELECT 'clock', 'samples', '', 0, count(*)::int, NULL
    FROM affiliates_samplerequest k
    JOIN creators_channel h ON h.id = k.channel_id AND h.platform = %(gone)s
    JOIN creators_creator p ON p.id = k.creator_id
    WHERE k.closed_at IS NULL AND k.state <> 'posted' {{links:k}} {{country}}
    UNION ALL
    SELECT 'clock', 'pilots', '', 0, count(*)::int, NULL
    FROM creators_creator p
    WHERE p.status = 'pilot' AND p.pilot_since IS NOT NULL {{country}}
      AND EXISTS (SELECT 1 FROM works WHERE works.creator_id = p.id)
      AND EXISTS (SELECT 1 FROM creators_channel h WHERE h.creator_id = p.id
                  AND h.verified_at IS NOT NULL AND h.disconnected_at IS NULL
                  AND h.platform = %(gone)s)
      AND NOT EXISTS (SELECT 1 FROM channel WHERE channel.creator_id = p.id)
    UNION ALL
    SELECT 'clock', 'rate_locks', '', 0, count(*)::int, NULL
    FROM affiliates_link k JOIN creators_creator p ON p.id = k.creator_id
    WHERE k.is_active AND k.platform = %(gone)s AND k.rate_locked_until > %(start)s
      {{links:k}} {{country}}
"""  # noqa: S608

# Listed creators who work with the brand in no way yet and are strongest elsewhere.
CANDIDATES = """
    WITH subjects AS (
        SELECT array_agg(DISTINCT n) AS names
        FROM creators_directoryentry e CROSS JOIN unnest(e.niches) n
        WHERE e.creator_id = ANY(%(sellers)s)
    )
    SELECT e.creator_id, p.handle, p.display_name, e.best_platform, e.followers_max
    FROM creators_directoryentry e
    JOIN creators_creator p ON p.id = e.creator_id
    CROSS JOIN subjects
    WHERE e.is_listed AND e.best_platform NOT IN ('', %(gone)s)
      AND p.status IN ('pilot', 'full')
      AND NOT EXISTS (SELECT 1 FROM affiliates_link k
                      JOIN affiliates_collaboration o ON o.id = k.collaboration_id
                      WHERE k.creator_id = e.creator_id AND o.brand_id = %(brand)s)
      AND NOT EXISTS (SELECT 1 FROM affiliates_participation t
                      JOIN affiliates_collaboration o ON o.id = t.collaboration_id
                      WHERE t.creator_id = e.creator_id AND o.brand_id = %(brand)s)
    ORDER BY (e.niches::text[] && subjects.names::text[]) IS TRUE DESC,
             e.fit DESC, e.creator_id
    LIMIT %(invited)s
"""
