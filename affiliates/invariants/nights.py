# ruff: noqa: S608
"""Of the night: lines, their entries, and what creators have."""

# What each account holds: each side is read from its index, and summed before it is joined.
BALANCES = """
    SELECT account_id, sum(v) AS v FROM (
        SELECT credit_id AS account_id, sum(amount) AS v FROM affiliates_ledgerentry GROUP BY 1
        UNION ALL SELECT debit_id, -sum(amount) FROM affiliates_ledgerentry GROUP BY 1) sides
    GROUP BY 1
"""
OF_CREATORS = "SELECT id FROM affiliates_account WHERE kind = 'creator_balance'"
# Whole tables are compared before they are grouped. In each check every line draws a lot: where
# all agree, their sums of lot x amount agree; where one is off, they agree by chance only, less
# than once in 2^30. Then the query groups, and names it. Grouping every line of every night each
# time costs several times as much.
SALT = "WITH salt AS MATERIALIZED (SELECT (random() * 4e18)::bigint AS n)"
LOTS = """
    SELECT row(sum((lot & 65535) * amount), sum((lot >> 16 & 65535) * amount),
               sum((lot >> 32 & 65535) * n))
"""

NIGHTS: dict[str, str] = {
    "settled commissions equal their line": f"""
        {SALT}, sums AS MATERIALIZED (
            SELECT ({LOTS} FROM (
                        SELECT hashint8extended(settlement_line_id, salt.n) AS lot, amount, 1 AS n
                        FROM affiliates_commission WHERE settlement_line_id IS NOT NULL) c)
                   IS DISTINCT FROM
                   ({LOTS} FROM (
                        SELECT hashint8extended(id, salt.n) AS lot, amount, commission_count AS n
                        FROM affiliates_settlementline) l) AS differ
            FROM salt)
        SELECT id FROM (
            SELECT settlement_line_id AS id, amount, 1 AS n FROM affiliates_commission
            WHERE settlement_line_id IS NOT NULL
            UNION ALL SELECT id, -amount, -commission_count FROM affiliates_settlementline) both_
        WHERE (SELECT differ FROM sums) GROUP BY 1 HAVING sum(amount) <> 0 OR sum(n) <> 0""",
    "a line has its commissions' creator, brand and currency, and none that was due later": """
        SELECT c.id FROM affiliates_commission c
        LEFT JOIN affiliates_settlementline l ON l.id = c.settlement_line_id
        LEFT JOIN affiliates_settlementrun r ON r.id = l.run_id
        WHERE c.settlement_line_id IS NOT NULL AND (r.id IS NULL OR c.creator_id <> l.creator_id
            OR c.brand_id <> l.brand_id OR c.currency <> l.currency OR c.due_at >= r.cutoff)""",
    "each line is posted once, with its amount and accounts": f"""
        {SALT}, sums AS MATERIALIZED (
            SELECT (SELECT sum(hash_record_extended(
                        row(id, brand_id, creator_id, currency, amount), salt.n))
                    FROM affiliates_settlementline WHERE amount <> 0)
                   IS DISTINCT FROM
                   (SELECT sum(hash_record_extended(row(e.source_id,
                        coalesce(d.brand_id, k.brand_id), coalesce(k.creator_id, d.creator_id),
                        e.currency, CASE WHEN d.kind = 'brand_balance'
                            AND k.kind = 'creator_balance' THEN e.amount
                        WHEN k.kind = 'brand_balance' AND d.kind = 'creator_balance'
                            THEN -e.amount END), salt.n))
                    FROM affiliates_ledgerentry e
                    LEFT JOIN affiliates_account d ON d.id = e.debit_id
                    LEFT JOIN affiliates_account k ON k.id = e.credit_id
                    WHERE e.source_kind = 'settlement_line' AND e.kind = 'settlement') AS differ
            FROM salt)
        SELECT coalesce(l.id, e.source_id) FROM affiliates_settlementline l
        FULL JOIN (SELECT *, count(*) OVER (PARTITION BY source_id) AS n
                   FROM affiliates_ledgerentry
                   WHERE source_kind = 'settlement_line' AND kind = 'settlement') e
          ON e.source_id = l.id
        LEFT JOIN affiliates_account b
          ON b.id = CASE WHEN l.amount > 0 THEN e.debit_id ELSE e.credit_id END
        LEFT JOIN affiliates_account k
          ON k.id = CASE WHEN l.amount > 0 THEN e.credit_id ELSE e.debit_id END
        WHERE (SELECT differ FROM sums) AND CASE WHEN l.amount = 0 THEN e.id IS NOT NULL ELSE (
            e.n = 1 AND e.amount = abs(l.amount) AND e.currency = l.currency
            AND b.kind = 'brand_balance'
            AND b.brand_id = l.brand_id AND k.kind = 'creator_balance'
            AND k.creator_id = l.creator_id) IS NOT TRUE END""",
    "a line's VAT is posted once, as it was worked out, and nothing else of it": """
        SELECT coalesce(l.id, e.source_id) FROM affiliates_settlementline l
        FULL JOIN (SELECT * FROM affiliates_ledgerentry
                   WHERE source_kind = 'settlement_line' AND kind <> 'settlement') e
          ON e.source_id = l.id
        LEFT JOIN affiliates_account k ON k.id = e.credit_id
        WHERE l.id IS NULL OR e.kind <> 'settlement_vat'
           OR l.vat <> coalesce(CASE k.kind WHEN 'vat' THEN e.amount ELSE -e.amount END, 0)""",
    "a creator's balance is her unclaimed lines": f"""
        SELECT coalesce(b.creator_id, u.creator_id) FROM (
            SELECT a.creator_id, a.currency, s.v AS amount FROM ({BALANCES}) s
            JOIN affiliates_account a ON a.id = s.account_id AND a.kind = 'creator_balance') b
        FULL JOIN (
            SELECT l.creator_id, l.currency, sum(l.amount) AS amount
            FROM affiliates_settlementline l
            LEFT JOIN affiliates_payoutclaim c ON c.line_id = l.id AND c.released_at IS NULL
            WHERE c.id IS NULL GROUP BY 1, 2) u
          ON u.creator_id = b.creator_id AND u.currency = b.currency
        WHERE coalesce(b.amount, 0) <> coalesce(u.amount, 0)""",
    "a done shard leaves nothing due": """
        SELECT c.id FROM affiliates_commission c
        JOIN (SELECT s.shard, max(r.cutoff) AS cutoff FROM affiliates_settlementshard s
              JOIN affiliates_settlementrun r ON r.id = s.run_id
              WHERE s.done_at IS NOT NULL GROUP BY 1) done ON done.shard = c.shard
        WHERE c.state = 'pending' AND c.due_at < done.cutoff""",
    "balances of creators move by lines and payouts only": f"""
        SELECT e.id FROM affiliates_ledgerentry e
        WHERE e.source_kind NOT IN ('settlement_line', 'payout')
          AND (e.debit_id IN ({OF_CREATORS}) OR e.credit_id IN ({OF_CREATORS}))""",
}
