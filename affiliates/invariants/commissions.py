"""Of commissions: each is the frozen rate of its line, and follows what came back of it."""

COMMISSIONS: dict[str, str] = {
    "no order line earns twice": """
        SELECT id FROM (
            SELECT order_line_id AS id, lag(order_line_id) OVER (ORDER BY order_line_id) AS before
            FROM affiliates_commission WHERE kind = 'sale' AND is_live) sales
        WHERE id = before""",
    "reversals never exceed their sale": """
        SELECT s.id FROM affiliates_commission s
        JOIN affiliates_commission r ON r.reverses_id = s.id AND r.state <> 'void'
        WHERE s.state <> 'void' GROUP BY s.id
        HAVING s.amount + sum(r.amount) < 0 OR sum(r.amount) > 0""",
    "a live reversal has a live sale with its creator, brand and rate": """
        SELECT r.id FROM affiliates_commission r
        LEFT JOIN affiliates_commission s ON s.id = r.reverses_id
        WHERE r.kind = 'reversal' AND r.state <> 'void' AND (s.id IS NULL OR s.state = 'void'
           OR s.kind <> 'sale'
           OR (r.creator_id, r.brand_id, r.currency, r.rate_bp, r.order_line_id)
              IS DISTINCT FROM
              (s.creator_id, s.brand_id, s.currency, s.rate_bp, s.order_line_id))""",
    "a commission is the frozen rate of its base, half up": """
        SELECT id FROM affiliates_commission
        WHERE kind = 'sale' AND amount <> CASE WHEN base < 100000000000000
            THEN (base * rate_bp + 5000) / 10000
            ELSE div(base::numeric * rate_bp + 5000, 10000) END""",
    "what a line earned follows what came back of it": """
        SELECT s.id FROM affiliates_commission s
        JOIN shop_orderline l ON l.id = s.order_line_id
        LEFT JOIN (SELECT reverses_id, sum(amount) AS amount FROM affiliates_commission
                   WHERE kind = 'reversal' AND state <> 'void' GROUP BY 1) r ON r.reverses_id = s.id
        WHERE s.kind = 'sale' AND s.state <> 'void'
          AND s.amount + coalesce(r.amount, 0)
              <> div((l.net - l.refunded - l.charged_back)::numeric * s.rate_bp + 5000, 10000)""",
    "a sale has a paid order, and its line's net as base": """
        SELECT c.id FROM affiliates_commission c JOIN shop_orderline l ON l.id = c.order_line_id
        JOIN shop_brandorder p ON p.id = l.brand_order_id JOIN shop_order o ON o.id = p.order_id
        WHERE c.kind = 'sale' AND c.state <> 'void'
          AND (o.status <> 'paid' OR c.base <> l.net OR c.currency <> o.currency)""",
    "a credited paid line has its commission": """
        SELECT a.order_line_id FROM affiliates_attribution a
        JOIN shop_orderline l ON l.id = a.order_line_id
        JOIN shop_brandorder p ON p.id = l.brand_order_id JOIN shop_order o ON o.id = p.order_id
        JOIN creators_creator k ON k.id = a.creator_id
        LEFT JOIN affiliates_commission c ON c.order_line_id = l.id AND c.kind = 'sale'
        WHERE o.status = 'paid' AND a.rate_bp > 0 AND o.buyer_id IS DISTINCT FROM k.user_id
          AND c.id IS NULL""",
    "a commission's collaboration and brand are its line's": """
        SELECT c.id FROM affiliates_commission c
        LEFT JOIN affiliates_collaboration k ON k.id = c.collaboration_id
        LEFT JOIN shop_orderline l ON l.id = c.order_line_id
        LEFT JOIN shop_brandorder p ON p.id = l.brand_order_id
        WHERE k.brand_id <> c.brand_id OR p.brand_id <> c.brand_id""",
    "nobody earns on her own purchase": """
        SELECT c.id FROM affiliates_commission c JOIN shop_orderline l ON l.id = c.order_line_id
        JOIN shop_brandorder p ON p.id = l.brand_order_id JOIN shop_order o ON o.id = p.order_id
        JOIN creators_creator k ON k.id = c.creator_id
        WHERE c.state <> 'void' AND o.buyer_id = k.user_id""",
    "a fee for a post is over exactly when its commission is void": """
        SELECT f.id FROM affiliates_flatfee f JOIN affiliates_commission c ON c.id = f.commission_id
        WHERE (c.state = 'void') <> (f.state IN ('refused', 'lapsed', 'void'))""",
    "what is held has an open flag or a case": """
        SELECT c.id FROM affiliates_commission c
        LEFT JOIN affiliates_riskflag f ON f.id = c.flag_id
        LEFT JOIN creators_case k ON k.id = c.case_id
        WHERE c.state = 'held' AND coalesce(f.state, '') <> 'open'
          AND coalesce(k.state, '') NOT IN ('open', 'answered', 'upheld')""",
    "a case holds only what its own creator earned": """
        SELECT c.id FROM affiliates_commission c JOIN creators_case k ON k.id = c.case_id
        WHERE c.state = 'held' AND k.creator_id <> c.creator_id""",
}
