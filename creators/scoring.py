"""The authenticity score of many creators at once: `authenticity.judge` in one statement."""

from creators import authenticity

# One row per creator in %(ids)s: engagement, its place among peers, the score and its parts.
SCORES = """
WITH seen AS (
    SELECT channel.creator_id, channel.id AS channel_id, channel.platform, reading.*
    FROM creators_channel channel
    CROSS JOIN LATERAL (  -- channel by channel through the index, however many others there are
        SELECT day, followers, likes, views, posts,
               lag(followers) OVER w AS before, lag(day) OVER w AS day_before,
               row_number() OVER (ORDER BY day DESC) AS newest
        FROM creators_reading
        WHERE channel_id = channel.id AND followers IS NOT NULL
          AND day > %(today)s::date - %(window)s
        WINDOW w AS (ORDER BY day)
    ) reading
    WHERE channel.creator_id = ANY(%(ids)s)
      AND channel.verified_at IS NOT NULL AND channel.disconnected_at IS NULL
), per_channel AS (
    SELECT creator_id, channel_id, platform,
           count(*) AS readings, max(day) - min(day) AS days,
           max(followers) FILTER (WHERE newest = 1) AS followers,
           max(creators_engagement_bp(platform, followers, likes, views, posts))
               FILTER (WHERE newest = 1) AS engagement_bp,
           coalesce(max((followers - before)::bigint * 10000 / greatest(before, 100)
                        / greatest(day - day_before, 1)), 0) AS jump_bp
    FROM seen GROUP BY creator_id, channel_id, platform
), beside AS (
    SELECT one.*, coalesce(peer.low, usual.low) AS low, coalesce(peer.high, usual.high) AS high,
           width_bucket(engagement_bp, peer.figures) * 5 AS engagement_pct, peer.channels AS peers,
           readings >= %(min_readings)s AND days >= %(min_days)s AS is_watched
    FROM per_channel one
    LEFT JOIN (VALUES {usual}) usual (platform, band, low, high)
        ON usual.platform = one.platform AND usual.band = width_bucket(followers, {bands})
    LEFT JOIN creators_peerfigure peer ON peer.measure = 'engagement'
        AND peer.platform = one.platform AND peer.band = width_bucket(followers, {bands})
), permille AS (
    SELECT *, CASE WHEN engagement_bp IS NULL THEN NULL WHEN platform = 'youtube' THEN 'views'
                   ELSE 'reactions' END AS tells,
              CASE WHEN engagement_bp IS NULL OR low IS NULL THEN NULL
                   WHEN engagement_bp < low THEN engagement_bp * 1000 / low
                   ELSE greatest(0, 1000 - greatest(0, engagement_bp - 3 * high) * 1000 / (6 * high))
              END AS engaged
    FROM beside
), per_creator AS (
    SELECT creator_id,
           (sum(engagement_bp::bigint * followers) FILTER (WHERE tells = 'reactions')
            / nullif(sum(followers) FILTER (WHERE tells = 'reactions'), 0))::int
               AS engagement_bp,
           (sum(engagement_bp::bigint * followers) FILTER (WHERE tells = 'views')
            / nullif(sum(followers) FILTER (WHERE tells = 'views'), 0))::int AS views_bp,
           (sum(engagement_pct * followers::bigint) FILTER (WHERE engagement_pct IS NOT NULL)
            / nullif(sum(followers) FILTER (WHERE engagement_pct IS NOT NULL), 0))::int
               AS engagement_pct,
           (sum(engaged * followers::bigint) FILTER (WHERE engaged IS NOT NULL))::bigint
               / nullif(sum(followers) FILTER (WHERE engaged IS NOT NULL), 0) AS engaged,
           (array_agg(ARRAY[engagement_bp, low, high, peers] ORDER BY followers DESC, channel_id)
                FILTER (WHERE engaged IS NOT NULL))[1:1] AS shown,
           (array_agg(tells ORDER BY followers DESC, channel_id)
                FILTER (WHERE engaged IS NOT NULL))[1] AS shown_tells,
           max(jump_bp) FILTER (WHERE is_watched) AS jump_bp,
           (array_agg(platform ORDER BY followers DESC, channel_id))[1] AS platform,
           width_bucket(max(followers), {bands}) AS band
    FROM permille GROUP BY creator_id
), usual AS (  -- of growth, orders and returns, each in one row: what is usual, and among how many
    SELECT c.*, coalesce(g.figures[{most_of}], {steady}) AS steady, g.channels AS growing,
           coalesce(o.low, %(usual_orders)s) AS buys, o.channels AS buying,
           coalesce(r.figures[{most_of}], {free}) AS free, r.channels AS returning
    FROM per_creator c
    LEFT JOIN creators_peerfigure g ON g.measure = 'growth'
        AND g.platform = c.platform AND g.band = c.band
    LEFT JOIN creators_peerfigure o ON o.measure = 'orders'
        AND o.platform = c.platform AND o.band = c.band
    LEFT JOIN creators_peerfigure r ON r.measure = 'returns'
        AND r.platform = c.platform AND r.band = c.band
), known AS (
    SELECT c.creator_id, c.shown_tells, part.*
    FROM usual c
    LEFT JOIN sold ON sold.creator_id = c.creator_id
    CROSS JOIN LATERAL (VALUES
        (1, 'engagement', {engagement}, c.engaged, c.shown[1][1]::bigint, c.shown[1][2],
            c.shown[1][3], c.shown[1][4]),
        (2, 'growth', {growth}, CASE WHEN c.jump_bp IS NOT NULL
            THEN greatest(0, 1000 - greatest(0, c.jump_bp - c.steady) / 2) END,
            c.jump_bp, NULL, c.steady, c.growing),
        (3, 'orders', {orders}, CASE WHEN sold.clicks >= {min_clicks} THEN CASE c.buys WHEN 0
            THEN 1000
            ELSE least(1000, sold.orders::bigint * 10000 / sold.clicks * 1000 / c.buys) END END,
            sold.orders::bigint * 10000 / nullif(sold.clicks, 0), c.buys, NULL, c.buying),
        (4, 'returns', {returns}, CASE WHEN sold.orders >= {min_orders}
            THEN greatest(0, 1000 - greatest(0, sold.returned_bp - c.free) / 5) END,
            sold.returned_bp::bigint, NULL, c.free, c.returning)
    ) part (n, name, most, permille, measured, low, high, peers)
    WHERE part.permille IS NOT NULL
), shared AS (
    SELECT *, 100 * sum(most) OVER (PARTITION BY creator_id ORDER BY n)
                  / sum(most) OVER (PARTITION BY creator_id)
              - 100 * (sum(most) OVER (PARTITION BY creator_id ORDER BY n) - most)
                  / sum(most) OVER (PARTITION BY creator_id) AS share
    FROM known
), summed AS (
    SELECT creator_id,
           sum(share * permille / 1000)::int AS score,
           jsonb_agg(jsonb_build_object('part',
               CASE WHEN name = 'engagement' AND shown_tells = 'views' THEN 'views' ELSE name END,
               'measured', measured, 'low', low,
               'high', high, 'points', share * permille / 1000, 'of', share,
               'peers', peers) ORDER BY n) AS parts
    FROM shared GROUP BY creator_id
    HAVING bool_or(name = 'growth') AND bool_or(name IN ('engagement', 'orders'))
)
SELECT c.creator_id, c.engagement_bp, c.views_bp, c.engagement_pct, summed.score,
       coalesce(summed.parts, '[]'::jsonb) AS parts
FROM per_creator c LEFT JOIN summed ON summed.creator_id = c.creator_id
"""


def sql() -> str:
    """Return the statement with the rules written in; its parameters stay parameters."""
    usual = ", ".join(
        f"('{platform}', {size}, {low}, {high})"
        for platform, bands in authenticity.USUAL.items()
        for size, (low, high) in enumerate(bands)
    )
    written = {
        "usual": usual, "bands": f"ARRAY{list(authenticity.BANDS)}", "steady": authenticity.STEADY_BP,
        "free": authenticity.RETURNS_BP, "min_clicks": authenticity.MIN_CLICKS,
        "min_orders": authenticity.MIN_ORDERS, "most_of": authenticity.MOST_OF, **authenticity.MOST,
    }  # fmt: skip
    written_in = SCORES
    for name, value in written.items():
        written_in = written_in.replace("{" + name + "}", str(value))
    return written_in
