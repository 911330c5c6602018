"""From what the shop reports to the books: captures, refunds, chargebacks, misfits.

Each function posts what is not posted yet, so a sweep may call it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from affiliates import attribution, commissions, fees, ledger
from affiliates.ledger import Transfer
from affiliates.models import LedgerEntry
from shop.models import BrandOrder, Dispute, DisputeLine, Order, Payment, Refund, RefundLine

# kind -> its mirror when a dispute is won
WON = {"chargeback": "chargeback_won", "chargeback_loss": "chargeback_loss_won"}


def paid(order: Order, at: datetime) -> int:
    """Book an order that was paid: capture, credit, commissions, fee.

    Returns how many commissions were born.
    """
    ledger.post(captured(order), at)
    rows = attribution.attribute(order, at)
    born = commissions.bear(order, rows, at)
    earning = {row.order_line_id for row in rows if row.creator_id and row.rate_bp}
    fees.freeze(order, earning, order.paid_at)
    ledger.post(fees.charge(order), at)
    return born


def captured(order: Order) -> Iterator[Transfer]:
    """Yield per brand what its lines and shipping brought in; nothing for its own shop."""
    capture = order.payments.filter(kind=Payment.Kind.CAPTURE, external=False).first()
    if capture is None:
        return
    for part in order.parts.prefetch_related("lines"):
        gross = sum(line.gross for line in part.lines.all()) + part.shipping_gross
        yield Transfer(
            "capture", ledger.CLEARING, ledger.brand(part.brand_id), gross,
            capture.currency, "payment", capture.pk,
        )  # fmt: skip


def refunded(refund: Refund, at: datetime) -> None:
    """Book a refund, the reversals that it causes, and the fee that it gives back."""
    lines = list(refund.lines.select_related("brand_order__brand", "order_line").order_by("id"))
    if not refund.order.own_shop:
        ledger.post(_refund_entries(refund, lines), at)
    _follow(refund.order, lines, "refund_line", at)


def _refund_entries(refund: Refund, lines: list[RefundLine]) -> Iterator[Transfer]:
    """Yield one entry per line, and our loss where a dispute had already taken the money.

    A line that got its place only after that dispute was won is taken over from our loss.
    """
    posted = set(
        LedgerEntry.objects.filter(
            source_kind="refund_line", source_id__in=[line.pk for line in lines],
            kind__in=["refund", "refund_late"],
        ).values_list("source_id", flat=True)
    )  # fmt: skip
    twice = LedgerEntry.objects.filter(
        source_kind="refund", source_id=refund.pk, kind="refund_loss"
    ).exists()
    for line in lines:
        if line.pk in posted:
            continue
        yield Transfer(
            "refund_late" if twice else "refund",
            ledger.brand(line.brand_order.brand_id),
            ledger.LOSS if twice else ledger.CLEARING,
            line.gross, refund.currency, "refund_line", line.pk,
        )  # fmt: skip
    if not twice:
        lost = refund.amount - sum(line.gross for line in lines)
        yield Transfer(
            "refund_loss", ledger.LOSS, ledger.CLEARING, lost,
            refund.currency, "refund", refund.pk,
        )  # fmt: skip


def disputed(dispute: Dispute, at: datetime) -> None:
    """Book a chargeback, or its winning, with reversals and fee."""
    lines = list(dispute.lines.select_related("brand_order__brand", "order_line").order_by("id"))
    if not dispute.order.own_shop:
        ledger.post(_chargeback_entries(dispute, lines), at)
        if dispute.state == Dispute.State.WON:
            for line in lines:
                ledger.mirror("dispute_line", line.pk, WON, at)
    _follow(dispute.order, lines, "dispute_line", at)


def _chargeback_entries(dispute: Dispute, lines: list[DisputeLine]) -> Iterator[Transfer]:
    for line in lines:
        source = (dispute.currency, "dispute_line", line.pk)
        owner = ledger.brand(line.brand_order.brand_id)
        yield Transfer("chargeback", owner, ledger.CLEARING, line.gross, *source)
        yield Transfer(
            "chargeback_loss", ledger.LOSS, ledger.CLEARING, line.already_refunded, *source
        )


def _follow(
    order: Order, lines: list[RefundLine] | list[DisputeLine], source: str, at: datetime
) -> None:
    """Let commission, fee and due date of each line follow what became of it.

    Newest first: what is new carries the difference, older lines stand as they were booked.
    """
    for line in reversed(lines):
        commissions.reverse(line, at)
        if line.order_line_id and line.order_line.fee_bp:
            brand = line.brand_order.brand
            ledger.post(
                fees.transfers(line.order_line, brand, (source, line.pk), order.paid_at), at
            )
    for part in BrandOrder.objects.filter(order=order).select_related("order"):
        commissions.reschedule(part)


def misfit(payment: Payment, at: datetime) -> int:
    """Book a capture that fits no open order, or its way back."""
    back = payment.kind == Payment.Kind.REFUND
    debit, credit = ledger.CLEARING, ledger.SUSPENSE
    return ledger.post(
        [
            Transfer(
                "misfit_back" if back else "misfit",
                credit if back else debit,
                debit if back else credit,
                payment.amount, payment.currency, "payment", payment.pk,
            )
        ],
        at,
    )  # fmt: skip
