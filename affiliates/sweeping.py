"""Finds what a signal or a message missed, and does it: the database says what is undone.

Looks back three days by default; `since=None` looks at everything.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction

from affiliates import bookings, commissions
from affiliates.clock import PAUSED
from shop.models import BrandOrder, Dispute, Movement, Order, Payment, Refund, RefundFailure, TopUp

logger = logging.getLogger(__name__)
BACK = timedelta(days=3)

# Paid orders with a line that nobody judged, a credit without its commission, or a capture
# that is not booked.
ORDERS_SQL = """
    SELECT o.id FROM shop_order o
    WHERE o.status = 'paid' AND (%(since)s::timestamptz IS NULL OR o.paid_at >= %(since)s) AND (
        EXISTS (
            SELECT 1 FROM shop_brandorder p JOIN shop_orderline l ON l.brand_order_id = p.id
            LEFT JOIN affiliates_attribution a ON a.order_line_id = l.id
            LEFT JOIN creators_creator k ON k.id = a.creator_id
            WHERE p.order_id = o.id AND (a.id IS NULL OR l.fee_bp IS NULL
                OR (a.rate_bp > 0 AND k.user_id IS DISTINCT FROM coalesce(o.buyer_id, -1)
                    AND NOT EXISTS (SELECT 1 FROM affiliates_commission c
                                    WHERE c.order_line_id = l.id AND c.kind = 'sale'))))
        OR EXISTS (
            SELECT 1 FROM shop_payment m WHERE m.order_id = o.id AND m.kind = 'capture'
              AND NOT m.external AND NOT EXISTS (
                SELECT 1 FROM affiliates_ledgerentry e
                WHERE e.source_kind = 'payment' AND e.source_id = m.id)))
    ORDER BY o.id LIMIT 1000
"""
REFUNDS_SQL = """
    SELECT DISTINCT f.id FROM shop_refund f JOIN shop_order o ON o.id = f.order_id
    JOIN shop_refundline l ON l.refund_id = f.id
    WHERE NOT o.own_shop AND (%(since)s::timestamptz IS NULL OR f.created_at >= %(since)s)
      AND NOT EXISTS (SELECT 1 FROM affiliates_ledgerentry e
        WHERE e.source_kind = 'refund_line' AND e.source_id = l.id
          AND e.kind IN ('refund', 'refund_late')) ORDER BY 1
"""
DISPUTES_SQL = """
    SELECT DISTINCT d.id FROM shop_dispute d JOIN shop_order o ON o.id = d.order_id
    JOIN shop_disputeline l ON l.dispute_id = d.id
    CROSS JOIN LATERAL (VALUES ('chargeback%%', d.withdrawn_at), ('%%won', d.reinstated_at)
        ) AS want(kind, at)
    WHERE NOT o.own_shop AND want.at IS NOT NULL
      AND (%(since)s::timestamptz IS NULL OR want.at >= %(since)s)
      AND NOT EXISTS (SELECT 1 FROM affiliates_ledgerentry e
        WHERE e.source_kind = 'dispute_line' AND e.source_id = l.id
          AND e.kind LIKE 'chargeback%%' AND e.kind LIKE want.kind) ORDER BY 1
"""
MISFITS_SQL = """
    SELECT m.id FROM shop_payment m
    WHERE (m.kind = 'misfit' OR m.misfit_id IS NOT NULL) AND NOT m.external
      AND (%(since)s::timestamptz IS NULL OR m.created_at >= %(since)s)
      AND NOT EXISTS (SELECT 1 FROM affiliates_ledgerentry e
        WHERE e.source_kind = 'payment' AND e.source_id = m.id) ORDER BY 1
"""
MOVEMENTS_SQL = """
    SELECT m.id FROM shop_movement m
    WHERE m.amount <> 0 AND (%(since)s::timestamptz IS NULL OR m.created_at >= %(since)s)
      AND NOT EXISTS (SELECT 1 FROM affiliates_ledgerentry e
        WHERE e.source_kind = 'movement' AND e.source_id = m.id) ORDER BY 1
"""
FAILURES_SQL = """
    SELECT f.id FROM shop_refundfailure f
    WHERE (%(since)s::timestamptz IS NULL
           OR greatest(f.failed_at, f.resolved_at) >= %(since)s)
      AND (SELECT count(*) FROM affiliates_ledgerentry e
           WHERE e.source_kind = 'refund_failure' AND e.source_id = f.id)
        < CASE f.state WHEN 'open' THEN 1 ELSE 2 END ORDER BY 1
"""
TOP_UPS_SQL = """
    SELECT t.id FROM shop_topup t
    WHERE t.state = 'paid' AND (%(since)s::timestamptz IS NULL OR t.paid_at >= %(since)s)
      AND NOT EXISTS (SELECT 1 FROM affiliates_ledgerentry e
        WHERE e.source_kind = 'top_up' AND e.source_id = t.id) ORDER BY 1
"""
# Orders of which something came back while a sale of theirs stands as if nothing had.
BEHIND_SQL = """
    SELECT DISTINCT p.order_id FROM shop_orderline l
    JOIN shop_brandorder p ON p.id = l.brand_order_id
    JOIN affiliates_commission s ON s.order_line_id = l.id AND s.kind = 'sale'
        AND s.state <> 'void'
    WHERE p.order_id IN (
        SELECT order_id FROM shop_refund
        WHERE %(since)s::timestamptz IS NULL OR created_at >= %(since)s
        UNION SELECT order_id FROM shop_dispute WHERE %(since)s::timestamptz IS NULL
            OR greatest(withdrawn_at, reinstated_at) >= %(since)s)
      AND div((s.base - l.refunded - l.charged_back)::numeric * s.rate_bp + 5000, 10000) <> (
        SELECT sum(c.amount) FROM affiliates_commission c
        WHERE c.state <> 'void' AND (c.id = s.id OR c.reverses_id = s.id)) ORDER BY 1
"""
# Parts whose commissions wait though nothing is open, or do not though something is.
PAUSES_SQL = """
    WITH open AS (
        SELECT brand_order_id AS id FROM shop_return WHERE closed_at IS NULL
        UNION SELECT brand_order_id FROM shop_trouble WHERE closed_at IS NULL
        UNION SELECT p.id FROM shop_dispute d JOIN shop_brandorder p USING (order_id)
        WHERE d.state IN ('open', 'withdrawn')
    )
    SELECT DISTINCT l.brand_order_id FROM affiliates_commission c
    JOIN shop_orderline l ON l.id = c.order_line_id
    WHERE c.state = 'pending' AND c.kind = 'sale' AND c.due_at >= %(paused)s
      AND l.brand_order_id NOT IN (SELECT id FROM open)
    UNION
    SELECT l.brand_order_id FROM open JOIN shop_orderline l ON l.brand_order_id = open.id
    JOIN affiliates_commission c ON c.order_line_id = l.id
    WHERE c.state = 'pending' AND c.kind = 'sale' AND c.due_at < %(paused)s ORDER BY 1
"""


def sweep(at: datetime, since: datetime | None = None) -> int:
    """Book what was missed since `since`; return how many things were done."""
    jobs = [
        (ORDERS_SQL, Order, lambda row: bookings.paid(row, row.paid_at)),
        (REFUNDS_SQL, Refund, lambda row: bookings.refunded(row, row.created_at)),
        (DISPUTES_SQL, Dispute, lambda row: bookings.disputed(row, at)),
        (BEHIND_SQL, Order, lambda row: bookings.follow(row, at)),
        (PAUSES_SQL, BrandOrder, commissions.reschedule),
        (MISFITS_SQL, Payment, lambda row: bookings.misfit(row, row.created_at)),
        (FAILURES_SQL, RefundFailure, bookings.bounced),
        (MOVEMENTS_SQL, Movement, lambda row: bookings.moved(row, row.created_at)),
        (TOP_UPS_SQL, TopUp, lambda row: bookings.topped_up(row, row.paid_at)),
    ]
    done = 0
    for query, model, book in jobs:
        with connection.cursor() as cursor:
            cursor.execute(query, {"since": since, "paused": PAUSED})
            ids = [row[0] for row in cursor.fetchall()]
        for pk in ids:
            done += _one(model, pk, book)
    return done


def _one(model, pk, book) -> int:
    """Book one row under its order's lock; one that fails is told and stops nobody."""
    try:
        with transaction.atomic():
            row = model.objects.get(pk=pk)
            if order_id := pk if model is Order else getattr(row, "order_id", None):
                Order.objects.select_for_update().get(pk=order_id)
                row.refresh_from_db()
            book(row)
    except Exception:
        logger.exception("sweep could not book %s %s", model.__name__, pk)
        return 0
    logger.warning("sweep booked %s %s", model.__name__, pk)
    return 1
