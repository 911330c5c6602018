# ruff: noqa: S608
"""What must always hold of the books: each promise is a query that returns no row.

`check()` runs them all. The queries scan whole tables: after a night, in tests, by hand.
"""

from __future__ import annotations

from django.db import connection

SHOWN = 20  # ids reported per broken invariant

# What each account holds: each side is read from its index, and summed before it is joined.
BALANCES = """
    SELECT account_id, sum(v) AS v FROM (
        SELECT credit_id AS account_id, sum(amount) AS v FROM affiliates_ledgerentry GROUP BY 1
        UNION ALL SELECT debit_id, -sum(amount) FROM affiliates_ledgerentry GROUP BY 1) sides
    GROUP BY 1
"""
OF_KIND = """
    SELECT a.id, a.currency,
           coalesce((SELECT sum(amount) FROM affiliates_ledgerentry WHERE credit_id = a.id), 0)
         - coalesce((SELECT sum(amount) FROM affiliates_ledgerentry WHERE debit_id = a.id), 0)
           AS amount
    FROM affiliates_account a WHERE a.kind =
"""
CLEARING = "SELECT id FROM affiliates_account WHERE kind = 'provider_clearing'"
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

INVARIANTS: dict[str, str] = {
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
    "a done shard leaves nothing due": """
        SELECT c.id FROM affiliates_commission c
        JOIN (SELECT s.shard, max(r.cutoff) AS cutoff FROM affiliates_settlementshard s
              JOIN affiliates_settlementrun r ON r.id = s.run_id
              WHERE s.done_at IS NOT NULL GROUP BY 1) done ON done.shard = c.shard
        WHERE c.state = 'pending' AND c.due_at < done.cutoff""",
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
    "documents of a creator are numbered without gaps": """
        SELECT creator_id FROM affiliates_selfbill GROUP BY 1
        HAVING max(number) <> count(*) OR min(number) <> 1""",
    "balances of creators move by lines and payouts only": f"""
        SELECT e.id FROM affiliates_ledgerentry e
        WHERE e.source_kind NOT IN ('settlement_line', 'payout')
          AND (e.debit_id IN ({OF_CREATORS}) OR e.credit_id IN ({OF_CREATORS}))""",
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


def check(names: list[str] | None = None) -> dict[str, list[int]]:
    """Return the broken invariants with the first ids that offend; empty: all hold."""
    offences: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        for name, query in INVARIANTS.items():
            if names and name not in names:
                continue
            # Materialized: else the limit makes the planner hope for an early end that never comes.
            cursor.execute(
                f"WITH offence(id) AS MATERIALIZED ({query})"
                f" SELECT id FROM offence ORDER BY 1 LIMIT {SHOWN}"
            )
            if found := [row[0] for row in cursor.fetchall()]:
                offences[name] = found
    return offences
