# ruff: noqa: S608
"""Of what the shop and its provider moved, and of the ledger as a whole."""

OF_KIND = """
    SELECT a.id, a.currency,
           coalesce((SELECT sum(amount) FROM affiliates_ledgerentry WHERE credit_id = a.id), 0)
         - coalesce((SELECT sum(amount) FROM affiliates_ledgerentry WHERE debit_id = a.id), 0)
           AS amount
    FROM affiliates_account a WHERE a.kind =
"""
CLEARING = "SELECT id FROM affiliates_account WHERE kind = 'provider_clearing'"

BOOKINGS: dict[str, str] = {
    "a closing is the sum of its account's entries": """
        SELECT k.id FROM (SELECT DISTINCT ON (account_id) * FROM affiliates_closing
                          ORDER BY account_id, entry_id DESC) k
        WHERE k.amount <>
              coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                        WHERE credit_id = k.account_id AND id <= k.entry_id), 0)
            - coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                        WHERE debit_id = k.account_id AND id <= k.entry_id), 0)""",
    "the ledger nets to zero: an entry has the currency of both its accounts": """
        SELECT e.id FROM affiliates_ledgerentry e
        LEFT JOIN affiliates_account d ON d.id = e.debit_id
        LEFT JOIN affiliates_account k ON k.id = e.credit_id
        WHERE (e.currency = d.currency AND e.currency = k.currency) IS NOT TRUE""",
    "refund lines add up to what a line lost": """
        SELECT l.id FROM shop_orderline l
        LEFT JOIN (SELECT order_line_id, sum(net) AS net, sum(gross) AS gross FROM shop_refundline
                   WHERE order_line_id IS NOT NULL GROUP BY 1) r ON r.order_line_id = l.id
        WHERE coalesce(r.net, 0) <> l.refunded OR coalesce(r.gross, 0) <> l.refunded_gross
           OR l.refunded + l.charged_back > l.net""",
    "dispute lines add up to what a bank took of a line": """
        SELECT l.id FROM shop_orderline l
        LEFT JOIN (SELECT d.order_line_id, sum(d.net) AS net, sum(d.gross) AS gross
                   FROM shop_disputeline d JOIN shop_dispute p ON p.id = d.dispute_id
                   WHERE d.order_line_id IS NOT NULL AND p.reinstated_at IS NULL GROUP BY 1) d
          ON d.order_line_id = l.id
        WHERE coalesce(d.net, 0) <> l.charged_back OR coalesce(d.gross, 0) <> l.charged_back_gross""",
    "each brand got what its lines and shipping brought in": """
        SELECT p.id FROM shop_payment m
        JOIN shop_brandorder p ON p.order_id = m.order_id
        LEFT JOIN (SELECT brand_order_id, sum(gross) AS gross FROM shop_orderline GROUP BY 1) l
          ON l.brand_order_id = p.id
        LEFT JOIN affiliates_account a ON a.kind = 'brand_balance' AND a.brand_id = p.brand_id
            AND a.currency = m.currency
        LEFT JOIN affiliates_ledgerentry e ON e.source_kind = 'payment' AND e.source_id = m.id
            AND e.kind = 'capture' AND e.credit_id = a.id
        WHERE m.kind = 'capture' AND NOT m.external
          AND coalesce(l.gross, 0) + p.shipping_gross <> coalesce(e.amount, 0)""",
    "what a payment moved at the provider is its amount": f"""
        SELECT p.id FROM shop_payment p
        LEFT JOIN (
            SELECT payment_id, sum(amount) AS amount FROM (
                SELECT payment_id, amount FROM audit.entries e
                WHERE debit_account_id IN ({CLEARING})
                UNION ALL
                SELECT payment_id, -amount FROM audit.entries e
                WHERE credit_account_id IN ({CLEARING})) moved
            WHERE payment_id IS NOT NULL GROUP BY 1) m ON m.payment_id = p.id
        WHERE CASE WHEN p.external THEN coalesce(m.amount, 0) <> 0
            ELSE coalesce(m.amount, 0) <> CASE WHEN p.kind IN ('refund', 'chargeback')
                THEN -p.amount ELSE p.amount END END""",
    "what a movement or top-up moved at the provider is its amount": """
        WITH told AS (
            SELECT 'movement' AS kind, id, CASE WHEN kind = 'payout_back' THEN coalesce(amount, 0)
                                           ELSE -coalesce(amount, 0) END AS amount
            FROM shop_movement
            UNION ALL SELECT 'top_up', id, CASE WHEN state = 'paid' THEN amount ELSE 0 END
            FROM shop_topup
        ), booked AS (
            SELECT e.source_kind, e.source_id,
                   sum(CASE WHEN d.kind = 'provider_clearing' THEN e.amount
                            ELSE -e.amount END) AS amount
            FROM affiliates_ledgerentry e JOIN affiliates_account d ON d.id = e.debit_id
            JOIN affiliates_account k ON k.id = e.credit_id
            WHERE e.source_kind IN ('movement', 'top_up')
              AND 'provider_clearing' IN (d.kind, k.kind) GROUP BY 1, 2
        )
        SELECT coalesce(t.id, b.source_id) FROM told t
        FULL JOIN booked b ON b.source_kind = t.kind AND b.source_id = t.id
        WHERE coalesce(t.amount, 0) <> coalesce(b.amount, 0)""",
    "suspense holds what we owe shoppers: misfits and refunds that failed": f"""
        SELECT coalesce(s.id, 0) FROM ({OF_KIND} 'suspense') s
        FULL JOIN (
            SELECT currency, sum(greatest(kept, 0)) AS amount FROM (
                SELECT m.currency, m.amount - coalesce(sum(CASE WHEN b.kind = 'chargeback_won'
                    THEN -b.amount ELSE b.amount END), 0) AS kept
                FROM shop_payment m LEFT JOIN shop_payment b ON b.misfit_id = m.id
                WHERE m.kind = 'misfit' AND NOT m.external GROUP BY m.id
                UNION ALL SELECT currency, amount FROM shop_refundfailure
                WHERE state = 'open') left_of GROUP BY 1) m
          USING (currency)
        WHERE coalesce(s.amount, 0) <> coalesce(m.amount, 0)""",
    "a refund that failed is booked as it came back and as it was paid": """
        SELECT f.id FROM shop_refundfailure f
        LEFT JOIN (
            SELECT e.source_id, count(*) AS n,
                   count(*) FILTER (WHERE e.kind = 'refund_failed' AND d.kind = 'provider_clearing'
                                    AND k.kind = 'suspense') AS back,
                   count(*) FILTER (WHERE e.kind = 'refund_again' AND d.kind = 'suspense'
                                    AND k.kind = 'provider_clearing') AS again,
                   count(*) FILTER (WHERE e.kind = 'refund_by_bank' AND d.kind = 'suspense'
                                    AND k.kind = 'bank') AS bank,
                   min(e.amount) AS least, max(e.amount) AS most
            FROM affiliates_ledgerentry e JOIN affiliates_account d ON d.id = e.debit_id
            JOIN affiliates_account k ON k.id = e.credit_id
            WHERE e.source_kind = 'refund_failure' GROUP BY 1) e ON e.source_id = f.id
        WHERE coalesce(e.back, 0) <> 1 OR e.least <> f.amount OR e.most <> f.amount
           OR e.n <> CASE f.state WHEN 'open' THEN 1 ELSE 2 END
           OR e.again <> (f.state = 'sent_again')::int OR e.bank <> (f.state = 'by_bank')::int""",
    "each line of a paid order was judged": """
        SELECT l.id FROM shop_orderline l
        JOIN shop_brandorder p ON p.id = l.brand_order_id JOIN shop_order o ON o.id = p.order_id
        LEFT JOIN affiliates_attribution a ON a.order_line_id = l.id
        WHERE o.status = 'paid' AND (a.id IS NULL OR l.fee_bp IS NULL)""",
    "an adjustment is booked when two people agreed, and only then": """
        SELECT j.id FROM affiliates_adjustment j
        LEFT JOIN affiliates_ledgerentry e ON e.source_kind = 'adjustment' AND e.source_id = j.id
        LEFT JOIN affiliates_account k ON k.id = e.credit_id
        LEFT JOIN affiliates_commission c ON c.id = j.commission_id
        WHERE j.decided_by_id = j.proposed_by_id
           OR (e.id IS NOT NULL) <> (j.state = 'approved' AND j.kind <> 'correction')
           OR (c.id IS NOT NULL) <> (j.state = 'approved' AND j.creator_id IS NOT NULL)
           OR (c.kind, c.creator_id, c.brand_id, c.amount, c.currency)
              <> ('adjustment', j.creator_id, j.brand_id, j.amount, j.currency)
           OR (e.kind, e.currency, k.kind, k.brand_id)
              <> (j.kind, j.currency, 'brand_balance', j.brand_id)
           OR (CASE WHEN j.creator_id IS NULL THEN e.amount <> j.amount
                    ELSE e.amount < j.amount END)""",
    "no adjustment is booked that nobody proposed": """
        SELECT e.id FROM affiliates_ledgerentry e
        WHERE e.source_kind = 'adjustment' AND NOT EXISTS (
            SELECT 1 FROM affiliates_adjustment j WHERE j.id = e.source_id)""",
}
