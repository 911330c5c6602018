"""From what the shop reports to the books: captures, refunds, chargebacks, fees, top-ups.

Each function posts what is not posted yet, so a sweep may call it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Sum

from affiliates import attribution, budgets, commissions, fees, ledger
from affiliates.ledger import Transfer
from affiliates.models import LedgerEntry
from config.lib import money
from shop.models import (
    BrandOrder,
    Dispute,
    DisputeLine,
    Movement,
    Order,
    Payment,
    Refund,
    RefundFailure,
    RefundLine,
    TopUp,
)

# kind -> its mirror when a dispute is won
WON = {"chargeback": "chargeback_won", "chargeback_loss": "chargeback_loss_won"}


def paid(order: Order, at: datetime) -> int:
    """Book an order that was paid: capture, credit, commissions, fee.

    Returns how many commissions were born. One that is born late follows what was given
    back of its line meanwhile.
    """
    ledger.post(captured(order), at)
    rows = attribution.attribute(order, at)
    born = commissions.bear(order, rows, at)
    earning = {row.order_line_id for row in rows if row.creator_id and row.rate_bp}
    earning -= budgets.beyond(earning)
    fees.freeze(order, earning, order.paid_at)
    ledger.post(fees.charge(order), at)
    if born:
        follow(order, at)
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


def follow(order: Order, at: datetime) -> None:
    """Bring commissions and fees of an order to what its refunds and disputes left of it."""
    for name, source in (("refunds", "refund_line"), ("disputes", "dispute_line")):
        for cause in getattr(order, name).order_by("-id"):
            lines = cause.lines.select_related("brand_order__brand", "order_line")
            _follow(order, list(lines.order_by("id")), source, at)


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


# ------------------------------------------------------------ money that pays no order


def misfit(payment: Payment, at: datetime) -> int:
    """Book a capture that fits no open order, and what became of it.

    What the shopper gets twice, from us and from her bank, is our loss.
    """
    amount, source = payment.amount, (payment.currency, "payment", payment.pk)
    if LedgerEntry.objects.filter(source_kind="payment", source_id=payment.pk).exists():
        return 0
    if payment.kind == Payment.Kind.MISFIT:
        moves = [("misfit", ledger.CLEARING, ledger.SUSPENSE, amount)]
    elif payment.kind == Payment.Kind.CHARGEBACK_WON:
        ours = min(amount, -_standing(payment.misfit, ledger.LOSS))
        moves = [
            ("misfit_loss_won", ledger.CLEARING, ledger.LOSS, ours),
            ("misfit_won", ledger.CLEARING, ledger.SUSPENSE, amount - ours),
        ]
    else:
        kept = min(amount, _standing(payment.misfit, ledger.SUSPENSE))
        moves = [
            ("misfit_back", ledger.SUSPENSE, ledger.CLEARING, kept),
            ("misfit_loss", ledger.LOSS, ledger.CLEARING, amount - kept),
        ]
    return ledger.post([Transfer(*move, *source) for move in moves], at)


def bounced(failure: RefundFailure) -> int:
    """Book a refund that came back, and that the shopper got it in another way after all.

    Brands, commissions and fees are not touched: for them the refund stands.
    """
    source = (failure.currency, "refund_failure", failure.pk)
    moves = [("refund_failed", ledger.CLEARING, ledger.SUSPENSE, failure.failed_at)]
    if failure.state == RefundFailure.State.SENT_AGAIN:
        moves.append(("refund_again", ledger.SUSPENSE, ledger.CLEARING, failure.resolved_at))
    elif failure.state == RefundFailure.State.BY_BANK:
        moves.append(("refund_by_bank", ledger.SUSPENSE, ledger.BANK, failure.resolved_at))
    return sum(
        ledger.post([Transfer(kind, debit, credit, failure.amount, *source)], at)
        for kind, debit, credit, at in moves
    )


def _standing(misfit_: Payment, owner: ledger.Owner) -> int:
    """Return credits minus debits of one account, because of a misfit and what came after."""
    ids = [misfit_.pk, *misfit_.returns.values_list("pk", flat=True)]
    entries = LedgerEntry.objects.filter(source_kind="payment", source_id__in=ids)
    into = entries.filter(credit__kind=owner.kind).aggregate(sum=Sum("amount"))["sum"] or 0
    out = entries.filter(debit__kind=owner.kind).aggregate(sum=Sum("amount"))["sum"] or 0
    return into - out


def moved(movement: Movement, at: datetime) -> int:
    """Book what a provider took, or paid to our bank; nothing while the amount is unknown."""
    if not movement.amount:
        return 0
    kinds = {
        Movement.Kind.FEE: ("provider_fee", ledger.PROVIDER_FEES, ledger.CLEARING),
        Movement.Kind.PAYOUT: ("provider_payout", ledger.BANK, ledger.CLEARING),
        Movement.Kind.PAYOUT_BACK: ("provider_payout_back", ledger.CLEARING, ledger.BANK),
    }
    if movement.kind in kinds:
        moves = [(*kinds[movement.kind], movement.amount)]
    elif movement.kind == Movement.Kind.TOPUP_BACK:
        brand = ledger.brand(movement.top_up.brand_id)
        moves = [("topup_back", brand, ledger.CLEARING, movement.amount)]
    else:
        moves = [
            ("dispute_fee", owner, ledger.CLEARING, part)
            for owner, part in _dispute_fee_parts(movement)
        ]
    source = (movement.currency, "movement", movement.pk)
    return ledger.post([Transfer(*move, *source) for move in moves], at)


def _dispute_fee_parts(movement: Movement) -> list[tuple[ledger.Owner, int]]:
    """Split a dispute's fee over its brands by what each loses; without one it is ours."""
    if movement.top_up_id:
        return [(ledger.brand(movement.top_up.brand_id), movement.amount)]
    weights: dict[int, int] = {}
    lines = movement.dispute.lines.order_by("id") if movement.dispute_id else ()
    for line in lines:
        brand_id = line.brand_order.brand_id
        weights[brand_id] = weights.get(brand_id, 0) + line.gross + line.already_refunded
    if not sum(weights.values()):
        return [(ledger.PROVIDER_FEES, movement.amount)]
    parts = money.split(abs(movement.amount), list(weights.values()))
    sign = 1 if movement.amount > 0 else -1
    return [(ledger.brand(pk), sign * part) for pk, part in zip(weights, parts, strict=True)]


def topped_up(top_up: TopUp, at: datetime) -> int:
    """Book what a brand paid in by card."""
    source = (top_up.currency, "top_up", top_up.pk)
    owner = ledger.brand(top_up.brand_id)
    return ledger.post([Transfer("topup", ledger.CLEARING, owner, top_up.amount, *source)], at)
