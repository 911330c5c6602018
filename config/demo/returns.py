"""What comes back in a demo market: refunds, whole and in part, and a few chargebacks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from affiliates import fees
from affiliates.clock import cutoff_of
from config.demo.books import entry
from config.demo.world import CURRENCY, local_day
from config.lib.money import half_up
from shop.models import Dispute, DisputeLine, Payment, Refund, RefundLine
from shop.pricing import tax_part

if TYPE_CHECKING:
    from config.demo.sales import Part, Sale, Sold, Till

REFUND, REFUND_LINE = Refund._meta.db_table, RefundLine._meta.db_table
DISPUTE, DISPUTE_LINE = Dispute._meta.db_table, DisputeLine._meta.db_table
PAYMENT = Payment._meta.db_table


def maybe(till: Till, sale: Sale) -> None:
    """Write the commissions of a paid order, and what came back of it."""
    rng, now = till.rng, till.world.now
    sold = {line.id: _earn(till, sale, line) for line in sale.lines if line.tie}
    part = sale.parts[0]
    if part.delivered_at is None:
        return
    dice = rng.random()
    if dice < 0.065 and part.delivered_at and part.shop.shelf != "bread":
        at = part.delivered_at + timedelta(days=rng.choice([1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22]),
                                           minutes=rng.randrange(600))  # fmt: skip
        if at < now:
            _refund(till, sale, part, sold, at)
    elif dice > 0.9975:
        at = part.delivered_at + timedelta(days=rng.randint(19, 40), minutes=rng.randrange(600))
        if at + timedelta(days=26) < now:  # every dispute here has come to its end
            _charge_back(till, sale, part, sold, at)


def _earn(till: Till, sale: Sale, line: Sold) -> tuple[int, int, datetime, int | None]:
    """Stage the sale's commission; return its id, amount, due date and flag."""
    amount, due_at = half_up(line.net, line.tie.rate_bp), till.due_at(sale, line.part)
    flag = till.flag(sale, line)
    pk = till.commission(sale, line, "sale", amount, due_at, sale.paid_at, flag=flag)
    return pk, amount, due_at, flag


def _reverse(till: Till, sale: Sale, line: Sold, sold, standing: int, at: datetime, **cause) -> int:
    """Bring the line's commission to its target; return what then stands."""
    if line.id not in sold:
        return 0
    pk, _amount, due_at, flag = sold[line.id]
    target = half_up(line.net - line.back, line.tie.rate_bp)
    if target == standing:
        return standing
    settled = flag is None and at >= cutoff_of(local_day(due_at))
    till.commission(
        sale, line, "reversal", target - standing, at if settled else due_at, at,
        reverses=pk, flag=None if settled else flag, **cause,
    )  # fmt: skip
    return target


def _fee_follows(till, line: Sold, source: str, pk: int, suffix: str, at: datetime) -> None:
    """Give back as much of the fee as its target asks, with its VAT."""
    policy, own = till.policy, till.accounts.brand(line.part.shop.id)
    if not line.fee_bp or not policy.gives_back:
        return
    target = fees.fee_of(line.net - line.back, line.fee_bp, policy.minimum_in("EUR"))
    vat_bp = line.part.shop.vat_bp
    vat = half_up(target, vat_bp) - half_up(line.fee, vat_bp)
    entry(till.world, f"fee{suffix}", own, till.revenue, target - line.fee, source, pk, at)
    entry(till.world, f"fee_vat{suffix}", own, till.vat, vat, source, pk, at)
    line.fee = target


def _refund(till: Till, sale: Sale, part: Part, sold, at: datetime) -> None:
    rng = till.rng
    lines = [line for line in sale.lines if line.part is part]
    whole = rng.random() < 0.72
    chosen = lines if whole else [rng.choice(lines)]
    shares = [
        line.gross if whole or rng.random() < 0.5 else max(1, line.gross * 3 // 10)
        for line in chosen
    ]
    shipping = part.shipping if whole else 0
    pk = till.id(REFUND)
    amount = sum(shares) + shipping
    till.add(REFUND, pk, sale.id, f"rf_demo_{pk}", amount, CURRENCY,
             "Sent back" if whole else "Arrived damaged", at)  # fmt: skip
    payment = till.id(PAYMENT)
    till.add(PAYMENT, payment, sale.id, "fake", "refund", amount, CURRENCY, f"re_demo_{payment}",
             None, pk, None, False, at)  # fmt: skip
    own = till.accounts.brand(part.shop.id)
    for line, gross in zip(chosen, shares, strict=True):
        tax = tax_part(gross, line.gross, line.tax)
        row = till.id(REFUND_LINE)
        till.add(REFUND_LINE, row, pk, part.id, line.id, gross, tax)
        entry(till.world, "refund", own, till.clearing, gross, "refund_line", row, at)
        line.back, line.back_gross = gross - tax, gross
        if line.id in sold:
            _reverse(till, sale, line, sold, sold[line.id][1], at, refund_line=row)
        _fee_follows(till, line, "refund_line", row, "_refund", at)
    if shipping:
        part.shipping_back = shipping
        row = till.id(REFUND_LINE)
        till.add(REFUND_LINE, row, pk, part.id, None, shipping, part.shipping_tax)
        entry(till.world, "refund", own, till.clearing, shipping, "refund_line", row, at)


def _charge_back(till: Till, sale: Sale, part: Part, sold, at: datetime) -> None:
    """The bank takes the whole order back; three in ten are won again after some weeks."""
    rng = till.rng
    won_at = at + timedelta(days=rng.randint(12, 25)) if rng.random() < 0.3 else None
    pk = till.id(DISPUTE)
    total = sum(line.gross for line in sale.lines) + sum(p.shipping for p in sale.parts)
    till.add(DISPUTE, pk, sale.id, f"dp_demo_{pk}", total, CURRENCY, "won" if won_at else "lost",
             at, at, won_at)  # fmt: skip
    for kind, when in (("chargeback", at), ("chargeback_won", won_at)):
        if when:
            row = till.id(PAYMENT)
            till.add(PAYMENT, row, sale.id, "fake", kind, total, CURRENCY, f"{kind}_{row}", None,
                     None, pk, False, when)  # fmt: skip
    for line in sale.lines:
        row = till.id(DISPUTE_LINE)
        till.add(DISPUTE_LINE, row, pk, line.part.id, line.id, line.gross, line.tax, 0)
        own = till.accounts.brand(line.part.shop.id)
        entry(till.world, "chargeback", own, till.clearing, line.gross, "dispute_line", row, at)
        line.back, line.back_gross, line.charged_back = line.net, line.gross, True
        standing = sold[line.id][1] if line.id in sold else 0
        standing = _reverse(till, sale, line, sold, standing, at, dispute_line=row)
        _fee_follows(till, line, "dispute_line", row, "_dispute", at)
        if won_at:
            entry(till.world, "chargeback_won", till.clearing, own, line.gross, "dispute_line",
                  row, won_at)  # fmt: skip
            line.back, line.back_gross, line.charged_back = 0, 0, False
            _reverse(till, sale, line, sold, standing, won_at, dispute_line=row)
            _fee_follows(till, line, "dispute_line", row, "_dispute_won", won_at)
    for part in sale.parts:
        if part.shipping:
            row = till.id(DISPUTE_LINE)
            own = till.accounts.brand(part.shop.id)
            till.add(DISPUTE_LINE, row, pk, part.id, None, part.shipping, part.shipping_tax, 0)
            entry(
                till.world, "chargeback", own, till.clearing, part.shipping, "dispute_line", row, at
            )
            if won_at:
                entry(till.world, "chargeback_won", till.clearing, own, part.shipping,
                      "dispute_line", row, won_at)  # fmt: skip
            else:
                part.shipping_charged_back = part.shipping
