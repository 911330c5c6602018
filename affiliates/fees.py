"""The platform's fee: a dated policy, frozen on each line when its order is paid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import F, Q

from affiliates import ledger, tax
from affiliates.clock import local_day
from affiliates.ledger import Transfer
from affiliates.models import FeePolicy
from config.lib.money import half_up
from shop.models import Brand, Order, OrderLine

FEE, FEE_VAT = "fee", "fee_vat"


def policy_at(brand_id: int, at: datetime) -> FeePolicy | None:
    """Return the policy in force for a brand: its own before everybody's, then the newest."""
    return (
        FeePolicy.objects.filter(Q(brand_id=brand_id) | Q(brand=None), effective_from__lte=at)
        .order_by(F("brand").asc(nulls_last=True), "-effective_from")
        .first()
    )


def fee_of(net: int, fee_bp: int, minimum: int = 0) -> int:
    """Return the fee on `net` minor units: half up, at least `minimum`, at most `net`."""
    if net == 0 or fee_bp == 0:
        return 0
    return min(net, max(half_up(net, fee_bp), minimum))


def target(line: OrderLine, policy: FeePolicy | None, currency: str) -> int:
    """Return what the fee of a line should add up to after its refunds and chargebacks."""
    if not line.fee_bp:
        return 0
    minimum = policy.minimum_in(currency) if policy else 0
    if policy and not policy.gives_back:
        return fee_of(line.net, line.fee_bp, minimum)
    return fee_of(line.net - line.refunded - line.charged_back, line.fee_bp, minimum)


def freeze(order: Order, attributed: set[int], at: datetime) -> None:
    """Write on each line of an order, once, which fee it pays.

    `attributed` holds the ids of the lines that a creator sold.
    """
    for part in order.parts.all():
        policy = policy_at(part.brand_id, at)
        for line in part.lines.filter(fee_bp=None):
            pays = policy and (policy.base == FeePolicy.Base.ALL or line.pk in attributed)
            line.fee_bp = policy.rate_bp if pays else 0
            line.save(update_fields=["fee_bp"])


POSTED_SQL = """
    WITH sources(kind, id) AS (
        SELECT 'order_line', %(line)s::bigint
        UNION ALL SELECT 'refund_line', id FROM shop_refundline WHERE order_line_id = %(line)s
        UNION ALL SELECT 'dispute_line', id FROM shop_disputeline WHERE order_line_id = %(line)s
    ), entries AS (
        SELECT e.* FROM sources s JOIN affiliates_ledgerentry e
            ON e.source_kind = s.kind AND e.source_id = s.id AND e.kind LIKE 'fee%%'
    )
    SELECT coalesce(sum(v) FILTER (WHERE a.kind = 'platform_revenue'), 0),
           coalesce(sum(v) FILTER (WHERE a.kind = 'vat'), 0)
    FROM (SELECT credit_id AS account_id, amount AS v FROM entries
          UNION ALL SELECT debit_id, -amount FROM entries) sides
    JOIN affiliates_account a ON a.id = account_id
"""


def posted(line: OrderLine) -> tuple[int, int]:
    """Return fee and fee VAT that stand in the books for one line."""
    with connection.cursor() as cursor:
        cursor.execute(POSTED_SQL, {"line": line.pk})
        fee, vat = cursor.fetchone()
    return int(fee), int(vat)


def transfers(
    line: OrderLine, brand: Brand, source: tuple[str, int], paid_at: datetime
) -> list[Transfer]:
    """Return what brings the books of one line's fee to its target; nothing if it is there.

    Kinds: `fee` at payment, `fee_refund` and `fee_dispute` afterwards; VAT likewise.
    """
    currency = line.brand_order.order.currency
    owed = target(line, policy_at(brand.pk, paid_at), currency)
    vat_bp = _vat_bp(line, brand, paid_at)
    fee, vat = posted(line)
    suffix = {"order_line": "", "refund_line": "_refund", "dispute_line": "_dispute"}[source[0]]
    if source[0] == "dispute_line" and owed > fee:
        suffix = "_dispute_won"
    owner = ledger.brand(brand.pk)
    return [
        Transfer(
            FEE + suffix, owner, ledger.REVENUE, owed - fee, currency, *source
        ),
        Transfer(
            FEE_VAT + suffix, owner, ledger.VAT,
            half_up(owed, vat_bp) - vat, currency, *source,
        ),
    ]  # fmt: skip


def _vat_bp(line: OrderLine, brand: Brand, paid_at: datetime) -> int:
    """Return the VAT on a line's fee: of the trader as she was then, so that a refund gives
    back what was charged.
    """
    seller = line.brand_order.seller or {}
    country = seller.get("country", brand.country)
    number = seller.get("vat_number", brand.vat_number)
    before = number if "vat_number" in seller else brand.vat_known  # of orders before we asked
    known = seller.get("vat_known", before)
    return tax.brand_vat_bp(country, number, known, tax.home_vat_bp(local_day(paid_at)))


def charge(order: Order) -> Iterable[Transfer]:
    """Yield the fee entries of an order that was just paid."""
    for part in order.parts.select_related("brand"):
        for line in part.lines.exclude(fee_bp=0).select_related("brand_order__order"):
            yield from transfers(line, part.brand, ("order_line", line.pk), order.paid_at)
