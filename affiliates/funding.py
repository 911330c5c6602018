"""What a brand's money is spoken for, and which creators' lines wait for it.

Nobody is paid with another brand's money: where a brand's balance is −D, its newest
unclaimed lines worth D wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import connection

from affiliates import ledger, tax
from affiliates.clock import local_day, now
from shop.models import Brand

# One row per (brand, currency) whose balance is below zero and that has unclaimed lines.
# {only} narrows it to some brands.
WAITING_SQL = """
    WITH free AS (
        SELECT l.id, l.brand_id, l.creator_id, l.currency, l.amount
        FROM affiliates_settlementline l
        WHERE NOT EXISTS (SELECT 1 FROM affiliates_payoutclaim c
                          WHERE c.line_id = l.id AND c.released_at IS NULL) {only}
    ), short AS (
        SELECT a.brand_id, a.currency, -balance.sum AS owed
        FROM affiliates_account a CROSS JOIN LATERAL (
            SELECT coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                             WHERE credit_id = a.id), 0)
                 - coalesce((SELECT sum(amount) FROM affiliates_ledgerentry
                             WHERE debit_id = a.id), 0) AS sum) balance
        WHERE a.kind = 'brand_balance' AND balance.sum < 0
          AND a.brand_id IN (SELECT brand_id FROM free)
    ), ranked AS (
        SELECT free.*, short.owed,
               sum(free.amount) OVER (PARTITION BY free.brand_id, free.currency
                                      ORDER BY free.id DESC) - free.amount AS newer
        FROM free JOIN short USING (brand_id, currency) WHERE free.amount > 0
    )
    SELECT id, brand_id, creator_id, currency, amount FROM ranked WHERE newer < owed
"""


class Health(StrEnum):
    """A brand's funds: green pays everything, amber only what is reserved, red is short."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True)
class Funds:
    """One brand's money in one currency, in minor units."""

    currency: str
    balance: int
    open_windows: int  # gross of paid lines that may still come back
    commissions: int  # live and unsettled
    reserve: int  # the VAT that we shall invoice on those
    waiting: int  # of settled lines that wait for this brand

    @property
    def payable(self) -> int:
        """What the brand could be paid today."""
        return self.balance - self.open_windows - self.commissions - self.reserve

    @property
    def health(self) -> Health:
        if self.balance < 0 or self.waiting:
            return Health.RED
        return Health.GREEN if self.payable >= 0 else Health.AMBER


FUNDS_SQL = """
    SELECT coalesce((
        SELECT sum(l.gross - l.refunded_gross - l.charged_back_gross)
        FROM shop_orderline l JOIN shop_brandorder p ON p.id = l.brand_order_id
        JOIN shop_order o ON o.id = p.order_id
        WHERE p.brand_id = %(brand)s AND o.currency = %(currency)s AND o.status = 'paid'
          AND NOT o.own_shop AND p.paid_at > %(now)s - interval '60 days'
          AND coalesce(p.delivered_at + make_interval(days => p.return_days::int + 1),
                       p.paid_at + interval '45 days') > %(now)s), 0),
      coalesce((
        SELECT sum(amount) FROM affiliates_commission
        WHERE brand_id = %(brand)s AND currency = %(currency)s
          AND state IN ('pending', 'held')), 0)
"""


def of(brand: Brand, currency: str | None = None, at: datetime | None = None) -> Funds:
    """Return the funds of a brand; inside a transaction lock its account first to act on it."""
    currency = currency or brand.currency
    at = at or now()
    with connection.cursor() as cursor:
        cursor.execute(FUNDS_SQL, {"brand": brand.pk, "currency": currency, "now": at})
        open_windows, unsettled = (int(value) for value in cursor.fetchone())
        waiting = WAITING_SQL.format(only="AND l.brand_id = %s")
        cursor.execute(
            f"SELECT coalesce(sum(amount), 0) FROM ({waiting}) w WHERE currency = %s",  # noqa: S608
            [brand.pk, currency],
        )
        waiting = int(cursor.fetchone()[0])
    vat_bp = tax.brand_vat_bp(brand.country, brand.vat_number, tax.home_vat_bp(local_day(at)))
    return Funds(
        currency=currency,
        balance=ledger.balance(ledger.brand(brand.pk), currency),
        open_windows=open_windows,
        commissions=unsettled,
        reserve=(max(unsettled, 0) * vat_bp + 5000) // 10000,
        waiting=waiting,
    )


def waiting_lines(creator_id: int) -> dict[int, str]:
    """Return a creator's settled lines that wait for their brand: line id → brand's name."""
    only = (
        "AND l.brand_id IN (SELECT brand_id FROM affiliates_settlementline WHERE creator_id = %s)"
    )
    waiting = WAITING_SQL.format(only=only)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT w.id, b.name FROM ({waiting}) w JOIN shop_brand b"  # noqa: S608
            " ON b.id = w.brand_id WHERE w.creator_id = %s",
            [creator_id, creator_id],
        )
        return dict(cursor.fetchall())
