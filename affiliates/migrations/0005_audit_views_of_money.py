"""The auditor's views of money: read-only, with columns that outlive our tables."""

from django.db import migrations

VIEWS = {
    "commissions": """
        SELECT id AS commission_id, order_line_id AS line_id, creator_id, brand_id,
               kind::text AS kind, base, rate_bp, amount, currency::text AS currency,
               state::text AS state, due_at, created_at, settlement_line_id, flag_id, case_id
        FROM affiliates_commission""",
    "runs": """
        SELECT id AS run_id, night, cutoff, completed_at, nullif(root, '')::text AS root
        FROM affiliates_settlementrun""",
    "settlement_lines": """
        SELECT l.id AS settlement_line_id, l.run_id, l.creator_id, l.brand_id,
               l.currency::text AS currency, l.amount, l.commission_count, c.payout_id
        FROM affiliates_settlementline l
        LEFT JOIN affiliates_payoutclaim c ON c.line_id = l.id AND c.released_at IS NULL""",
    "accounts": """
        SELECT id AS account_id, kind::text AS kind,
               CASE WHEN creator_id IS NOT NULL THEN 'creator'
                    WHEN brand_id IS NOT NULL THEN 'brand' END AS owner_kind,
               coalesce(creator_id, brand_id) AS owner_id, currency::text AS currency
        FROM affiliates_account""",
    "entries": """
        SELECT e.id AS entry_id, e.kind::text AS kind, e.debit_id AS debit_account_id,
               e.credit_id AS credit_account_id, e.amount, e.currency::text AS currency,
               e.source_kind::text AS source_kind, e.source_id,
               CASE WHEN e.source_kind = 'settlement_line' THEN e.source_id
                    END AS settlement_line_id,
               CASE WHEN e.source_kind = 'payout' THEN e.source_id END AS payout_id,
               CASE WHEN e.source_kind = 'payment' THEN e.source_id
                    WHEN e.kind LIKE 'fee%' THEN NULL
                    WHEN e.source_kind = 'refund' THEN
                        (SELECT p.id FROM shop_payment p WHERE p.refund_id = e.source_id)
                    WHEN e.source_kind = 'refund_line' THEN
                        (SELECT p.id FROM shop_refundline l
                         JOIN shop_payment p ON p.refund_id = l.refund_id
                         WHERE l.id = e.source_id)
                    WHEN e.source_kind = 'dispute_line' THEN
                        (SELECT p.id FROM shop_disputeline l
                         JOIN shop_payment p ON p.dispute_id = l.dispute_id
                          AND p.kind = CASE WHEN e.kind LIKE '%won' THEN 'chargeback_won'
                                            ELSE 'chargeback' END
                         WHERE l.id = e.source_id)
               END AS payment_id, e.posted_at
        FROM affiliates_ledgerentry e""",
    "payouts": """
        SELECT id AS payout_id, CASE WHEN creator_id IS NULL THEN 'brand' ELSE 'creator'
               END AS owner_kind, coalesce(creator_id, brand_id) AS owner_id, amount, vat,
               currency::text AS currency, state::text AS state, rail::text AS rail,
               nullif(provider_ref, '')::text AS provider_ref
        FROM affiliates_payout""",
    "payout_attempts": """
        SELECT payout_id, n, idempotency_key::text AS idempotency_key, state::text AS state
        FROM affiliates_payoutattempt""",
}

FORWARDS = "CREATE SCHEMA IF NOT EXISTS audit;\n" + "".join(
    f"CREATE VIEW audit.{name} AS {query};\n" for name, query in VIEWS.items()
)
BACKWARDS = "".join(f"DROP VIEW audit.{name};\n" for name in reversed(VIEWS))


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0004_clicks_by_month"),
        ("shop", "0007_variants_remember_prices"),
    ]
    replaces = [
        ("affiliates", "0004_money_audit"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
