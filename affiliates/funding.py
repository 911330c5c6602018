"""What a brand's money is spoken for, and which creators' lines wait for it.

Nobody is paid with another brand's money: where a brand's balance is −D, its newest
unclaimed lines worth D wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import connection

from affiliates import closings, tax
from affiliates.clock import local_day, now
from affiliates.models.commissions import OPEN_SQL
from shop.models import Brand

# The newest unclaimed lines of each brand whose balance is below zero, until they cover it.
# Brands that are short come first and are few: only their lines are read.
# {only} narrows it to some brands' accounts.
_WAITING_SQL = """
    WITH short AS MATERIALIZED (
        SELECT a.brand_id, a.currency, -balance.sum AS owed
        FROM affiliates_account a
        CROSS JOIN LATERAL {balance} balance (sum)
        WHERE a.kind = 'brand_balance' AND balance.sum < 0 {only}
    ), ranked AS (
        SELECT l.id, l.brand_id, l.creator_id, l.currency, l.amount, short.owed,
               sum(l.amount) OVER (PARTITION BY l.brand_id, l.currency
                                   ORDER BY l.id DESC) - l.amount AS newer
        FROM short JOIN affiliates_settlementline l USING (brand_id, currency)
        WHERE l.amount > 0
          AND NOT EXISTS (SELECT 1 FROM affiliates_payoutclaim c
                          WHERE c.line_id = l.id AND c.released_at IS NULL {claimed})
    )
    SELECT id, brand_id, creator_id, currency, amount FROM ranked WHERE newer < owed
""".replace("{balance}", closings.BALANCE_SQL.format(account="a.id"))
WAITING_SQL = _WAITING_SQL.replace("{claimed}", "")
# The same where some payouts (%(payouts)s) are not there: which of their lines would wait now.
WAITING_WITHOUT_SQL = _WAITING_SQL.replace("{claimed}", "AND c.payout_id <> ALL(%(payouts)s)")


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
    reserve: int  # the VAT that we shall invoice on those, each rounded up
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


# What each brand has in each currency, and what of it is spoken for. A pending reversal of a
# settled sale is no money yet, so below zero it counts as nothing.
# {only} narrows it to some accounts.
FUNDS_SQL = (
    """
    WITH own AS (
        SELECT a.id, a.brand_id, a.currency,
               {vat} AS vat_bp
        FROM affiliates_account a JOIN shop_brand b ON b.id = a.brand_id
        WHERE a.kind = 'brand_balance' {only}
    )
    SELECT own.brand_id, own.currency,
           {balance},
           coalesce(w.amount, 0), coalesce(u.amount, 0), coalesce(u.vat, 0)
    FROM own
    CROSS JOIN LATERAL (
        SELECT sum(l.gross - l.refunded_gross - l.charged_back_gross) AS amount
        FROM shop_brandorder p JOIN shop_order o ON o.id = p.order_id
        JOIN shop_orderline l ON l.brand_order_id = p.id
        WHERE p.brand_id = own.brand_id AND o.currency = own.currency AND o.status = 'paid'
          AND NOT o.own_shop AND p.paid_at > %(now)s - interval '1 year'
          AND (coalesce(p.delivered_at + make_interval(days => p.return_days::int + 1),
                        p.paid_at + interval '45 days') > %(now)s
               OR EXISTS (SELECT 1 FROM shop_return r
                          WHERE r.brand_order_id = p.id AND r.closed_at IS NULL)
               OR EXISTS (SELECT 1 FROM shop_trouble t
                          WHERE t.brand_order_id = p.id AND t.closed_at IS NULL))) w
    CROSS JOIN LATERAL (
        SELECT sum(owed) AS amount, sum((owed * own.vat_bp + 9999) / 10000) AS vat
        FROM (SELECT greatest(sum(amount), 0)::bigint AS owed FROM affiliates_commission c
              WHERE brand_id = own.brand_id AND currency = own.currency AND {open}
              GROUP BY coalesce(reverses_id, id)) live) u
""".replace("{balance}", closings.BALANCE_SQL.format(account="own.id"))
    .replace("{open}", OPEN_SQL)
    .replace("{vat}", tax.BRAND_VAT_SQL)
)


def of_all(at: datetime, brands: list[int] | None = None) -> dict[tuple[int, str], Funds]:
    """Return the funds of brands (default: all) by (brand id, currency), in two statements."""
    values = {"now": at, **tax.brand_vat_values(local_day(at)), "brands": brands}
    only = "" if brands is None else "AND a.brand_id = ANY(%(brands)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT brand_id, currency, sum(amount) FROM ({WAITING_SQL.format(only=only)}) w"  # noqa: S608
            " GROUP BY 1, 2",
            values,
        )
        waiting = {(brand_id, currency): int(sum_) for brand_id, currency, sum_ in cursor}
        cursor.execute(FUNDS_SQL.format(only=only), values)
        return {
            (brand_id, currency): Funds(
                currency, *map(int, amounts), waiting.get((brand_id, currency), 0)
            )
            for brand_id, currency, *amounts in cursor
        }


def of(brand: Brand, currency: str | None = None, at: datetime | None = None) -> Funds:
    """Return the funds of a brand; inside a transaction lock its account first to act on it."""
    currency = currency or brand.currency
    found = of_all(at or now(), [brand.pk])
    return found.get((brand.pk, currency), Funds(currency, 0, 0, 0, 0, 0))


def waiting_lines(creator_id: int) -> dict[int, str]:
    """Return a creator's settled lines that wait for their brand: line id → brand's name."""
    only = (
        "AND a.brand_id IN (SELECT brand_id FROM affiliates_settlementline WHERE creator_id = %s)"
    )
    waiting = WAITING_SQL.format(only=only)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT w.id, b.name FROM ({waiting}) w JOIN shop_brand b"  # noqa: S608
            " ON b.id = w.brand_id WHERE w.creator_id = %s",
            [creator_id, creator_id],
        )
        return dict(cursor.fetchall())
