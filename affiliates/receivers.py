"""What the apps below tell us, booked in their transaction; the shop sends under a savepoint."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from affiliates import bookings, clock, commissions, events, holds, rails
from creators import signals as creators_signals
from shop import signals
from shop.models import BrandOrder, Dispute, Movement, Order, Payment, Refund, RefundFailure, TopUp


@receiver(signals.order_paid, dispatch_uid="affiliates.order_paid")
def on_paid(order: Order, **kwargs: Any) -> None:
    """Book the capture, credit creators, charge the fee."""
    bookings.paid(order, order.paid_at or clock.now())


@receiver(signals.order_refunded, dispatch_uid="affiliates.order_refunded")
def on_refunded(
    order: Order, refund: Refund | None = None, dispute: Dispute | None = None, **kwargs: Any
) -> None:
    """Book a refund, a chargeback, or a chargeback that was won."""
    if refund is not None:
        bookings.refunded(refund, refund.created_at)
    if dispute is not None:
        at = dispute.reinstated_at or dispute.withdrawn_at or dispute.opened_at
        bookings.disputed(dispute, at)


@receiver(signals.order_delivered, dispatch_uid="affiliates.order_delivered")
def on_delivered(brand_order: BrandOrder, **kwargs: Any) -> None:
    """Count the return window from what is known of the delivery now."""
    commissions.reschedule(brand_order)


@receiver(signals.sales_close, dispatch_uid="affiliates.sales_close")
def on_asked_until_when(order: Order, **kwargs: Any) -> dict[int, datetime]:
    """Say until when what goes back of each line in a brand's own shop counts."""
    return commissions.final_at(order)


@receiver(signals.currencies_asked, dispatch_uid="affiliates.currencies_asked")
def on_asked_for_currencies(**kwargs: Any) -> frozenset[str]:
    """Say in which currencies creators can be paid."""
    return rails.creator_currencies()


@receiver(signals.payer_known, dispatch_uid="affiliates.payer_known")
def on_payer_known(order: Order, **kwargs: Any) -> None:
    """Look again whether a creator bought by her own link."""
    holds.look_again(order, clock.now())


@receiver(signals.payment_astray, dispatch_uid="affiliates.payment_astray")
def on_astray(payment: Payment, **kwargs: Any) -> None:
    """Book a capture that fits no open order, or its way back."""
    bookings.misfit(payment, payment.created_at)


@receiver(signals.refund_bounced, dispatch_uid="affiliates.refund_bounced")
def on_bounced(failure: RefundFailure, **kwargs: Any) -> None:
    """Book a refund that failed, or how it was paid after all."""
    bookings.bounced(failure)


@receiver(signals.money_moved, dispatch_uid="affiliates.money_moved")
def on_moved(movement: Movement | None = None, top_up: TopUp | None = None, **kwargs: Any) -> None:
    """Book what a provider took or paid out, and what a brand paid in."""
    if movement is not None:
        bookings.moved(movement, movement.created_at)
    if top_up is not None:
        bookings.topped_up(top_up, top_up.paid_at)


@receiver(creators_signals.judged, dispatch_uid="affiliates.judged")
def on_judged(decision_ids: list[int], at: datetime, **kwargs: Any) -> None:
    """Tell creators' endpoints what was decided."""
    events.tell(events.DECISION, decision_ids, at)
