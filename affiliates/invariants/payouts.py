# ruff: noqa: S608
"""Of payouts: what they claim, where they stand, and their documents."""

OF_KIND = """
    SELECT a.id, a.currency,
           coalesce((SELECT sum(amount) FROM affiliates_ledgerentry WHERE credit_id = a.id), 0)
         - coalesce((SELECT sum(amount) FROM affiliates_ledgerentry WHERE debit_id = a.id), 0)
           AS amount
    FROM affiliates_account a WHERE a.kind =
"""

PAYOUTS: dict[str, str] = {
    "a payout equals the lines it claims": """
        SELECT p.id FROM affiliates_payout p
        LEFT JOIN affiliates_payoutclaim c ON c.payout_id = p.id
            AND (c.released_at IS NULL) = (p.state IN ('pending', 'processing', 'paid'))
        LEFT JOIN affiliates_settlementline l ON l.id = c.line_id
        WHERE p.creator_id IS NOT NULL
        GROUP BY p.id HAVING coalesce(sum(l.amount), 0) <> p.amount
            OR bool_or(l.creator_id <> p.creator_id) OR bool_or(l.currency <> p.currency)""",
    "a claim is held only by a payout that holds lines": """
        SELECT c.id FROM affiliates_payoutclaim c JOIN affiliates_payout p ON p.id = c.payout_id
        WHERE (c.released_at IS NULL) <> (p.state IN ('pending', 'processing', 'paid'))""",
    "a payout is posted once, and its end too": """
        SELECT p.id FROM affiliates_payout p LEFT JOIN affiliates_ledgerentry e
            ON e.source_kind = 'payout' AND e.source_id = p.id
        GROUP BY p.id
        HAVING coalesce(sum(e.amount) FILTER (WHERE e.kind = 'payout'), 0) <> p.amount
            OR coalesce(sum(e.amount) FILTER (WHERE e.kind = 'payout_vat'), 0) <> p.vat
            OR coalesce(sum(e.amount) FILTER (
                   WHERE e.kind IN ('payout_paid', 'payout_vat_paid')), 0)
               <> CASE WHEN p.state IN ('paid', 'returned') THEN p.amount + p.vat ELSE 0 END
            OR coalesce(sum(e.amount) FILTER (
                   WHERE e.kind IN ('payout_back', 'payout_vat_back')), 0)
               <> CASE WHEN p.state IN ('failed', 'cancelled') THEN p.amount + p.vat ELSE 0 END
            OR coalesce(sum(e.amount) FILTER (
                   WHERE e.kind IN ('payout_returned', 'payout_vat_returned')), 0)
               <> CASE WHEN p.state = 'returned' THEN p.amount + p.vat ELSE 0 END""",
    "no open payout is paid with another brand's money": """
        WITH built AS (
            SELECT p.batch_id, l.brand_id, l.currency, min(p.id) AS id, max(e.id) AS entry_id
            FROM affiliates_payout p
            JOIN affiliates_payoutclaim c ON c.payout_id = p.id AND c.released_at IS NULL
            JOIN affiliates_settlementline l ON l.id = c.line_id AND l.amount > 0
            JOIN affiliates_ledgerentry e ON e.source_kind = 'payout' AND e.source_id = p.id
                AND e.kind = 'payout'
            WHERE p.state IN ('pending', 'processing') GROUP BY 1, 2, 3
        ), short AS (
            SELECT b.*, coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                                  WHERE credit_id = a.id AND id < b.entry_id), 0)
                      - coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                                  WHERE debit_id = a.id AND id < b.entry_id), 0) AS balance
            FROM built b JOIN affiliates_account a ON a.kind = 'brand_balance'
                AND a.brand_id = b.brand_id AND a.currency = b.currency
        )
        SELECT s.id FROM short s
        WHERE s.balance < 0 AND s.balance + (
            SELECT coalesce(sum(l.amount), 0) FROM affiliates_settlementline l
            JOIN affiliates_ledgerentry e ON e.source_kind = 'settlement_line'
                AND e.source_id = l.id AND e.kind = 'settlement' AND e.id < s.entry_id
            WHERE l.brand_id = s.brand_id AND l.currency = s.currency AND l.amount > 0
              AND NOT EXISTS (
                SELECT 1 FROM affiliates_payoutclaim c
                JOIN affiliates_ledgerentry o ON o.source_kind = 'payout'
                    AND o.source_id = c.payout_id AND o.kind = 'payout' AND o.id <= s.entry_id
                WHERE c.line_id = l.id AND NOT EXISTS (
                    SELECT 1 FROM affiliates_ledgerentry b WHERE b.source_kind = 'payout'
                      AND b.source_id = c.payout_id AND b.id < s.entry_id
                      AND b.kind IN ('payout_back', 'payout_returned')))) < 0""",
    "no brand is paid what it did not have": """
        SELECT p.id FROM affiliates_payout p
        JOIN affiliates_ledgerentry e ON e.source_kind = 'payout' AND e.source_id = p.id
            AND e.kind = 'payout'
        WHERE p.brand_id IS NOT NULL AND p.state IN ('pending', 'processing')
          AND coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                        WHERE credit_id = e.debit_id AND id <= e.id), 0)
            < coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                        WHERE debit_id = e.debit_id AND id <= e.id), 0)""",
    "money in transit is that of open payouts": f"""
        SELECT coalesce(t.id, 0) FROM ({OF_KIND} 'payout_in_transit') t
        FULL JOIN (SELECT currency, sum(amount + vat) AS amount FROM affiliates_payout
                   WHERE state IN ('pending', 'processing') GROUP BY 1) p USING (currency)
        WHERE coalesce(t.amount, 0) <> coalesce(p.amount, 0)""",
    "an attempt succeeded exactly when its payout was paid": """
        SELECT p.id FROM affiliates_payout p LEFT JOIN affiliates_payoutattempt a
            ON a.payout_id = p.id AND a.state = 'succeeded'
        WHERE (a.id IS NOT NULL) <> (p.state IN ('paid', 'returned'))""",
    "documents add up to the payout that they are of": """
        SELECT p.id FROM affiliates_payout p LEFT JOIN affiliates_selfbill b ON b.payout_id = p.id
        WHERE p.creator_id IS NOT NULL AND p.tax_profile_id IS NOT NULL GROUP BY p.id
        HAVING coalesce(sum(CASE b.kind WHEN 'invoice' THEN b.amount ELSE -b.amount END), 0)
               <> CASE WHEN p.state = 'paid' THEN p.amount ELSE 0 END
            OR coalesce(sum(CASE b.kind WHEN 'invoice' THEN b.vat ELSE -b.vat END), 0)
               <> CASE WHEN p.state = 'paid' THEN p.vat ELSE 0 END""",
    "the account of somebody who is gone was agreed on by two": """
        SELECT m.id FROM affiliates_payoutmethod m
        JOIN creators_creator c ON c.id = m.creator_id AND m.created_at > c.erased_at
        LEFT JOIN affiliates_reclaim r ON r.method_id = m.id
        WHERE (r.creator_id = m.creator_id AND r.decided_by_id <> r.proposed_by_id) IS NOT TRUE""",
    "what came back to somebody who is gone waits where finance sees it": """
        SELECT p.id FROM affiliates_payout p
        JOIN creators_creator c ON c.id = p.creator_id AND c.erased_at IS NOT NULL
        WHERE p.state IN ('failed', 'returned', 'cancelled')
          AND NOT EXISTS (SELECT 1 FROM affiliates_reclaim r
                          WHERE r.creator_id = p.creator_id AND r.closed_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM affiliates_payoutmethod m
                          WHERE m.creator_id = p.creator_id AND m.replaced_at IS NULL
                            AND m.refused = '' AND m.name_check <> 'none')
          AND 0 < (SELECT sum(l.amount) FROM affiliates_settlementline l
                   WHERE l.creator_id = p.creator_id AND l.currency = p.currency
                     AND NOT EXISTS (SELECT 1 FROM affiliates_payoutclaim k
                                     WHERE k.line_id = l.id AND k.released_at IS NULL))""",
    "documents of a creator are numbered without gaps": """
        SELECT creator_id FROM affiliates_selfbill GROUP BY 1
        HAVING max(number) <> count(*) OR min(number) <> 1""",
}
