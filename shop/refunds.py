"""Money that goes back to a shopper: refunds, and what her bank takes back (disputes).

An amount is split over what is left of the lines and of shipping by largest remainder.
Nothing is ever given back twice: what is left is read under the order's lock.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from config.lib import money
from shop import letters, orders, parcels, pushes, signals
from shop.models import (
    BrandOrder,
    Dispute,
    DisputeLine,
    Order,
    OrderLine,
    Payment,
    Refund,
    RefundLine,
)
from shop.pricing import tax_part

OF_TROUBLE = "tr_"  # how the reference of what a trouble gives back begins


class TooMuch(Exception):
    """More is to be given back than is left of the order."""


class NotPaid(Exception):
    """The order has not been paid, so nothing can be given back."""


@dataclass(slots=True)
class Slot:
    """A place that an amount can be split over: one line, or one brand's shipping."""

    part: BrandOrder
    line: OrderLine | None
    left_gross: int
    left_tax: int
    refunded_gross: int

    def tax_of(self, gross: int) -> int:
        """Return the VAT within `gross` of what is left: all that goes back has all of it."""
        if self.line:
            return tax_part(gross, self.left_gross, self.left_tax)
        whole, gone = self.part.shipping_gross, self.part.shipping_gross - self.left_gross
        before = tax_part(gone, whole, self.part.shipping_tax)
        return tax_part(gone + gross, whole, self.part.shipping_tax) - before

    @property
    def key(self) -> tuple[str, int]:
        return ("line", self.line.pk) if self.line else ("shipping", self.part.pk)


def slots_of(order: Order, parts: Sequence[BrandOrder] | None = None) -> list[Slot]:
    """Return the lines and shippings of an order (or some parts of it) with what is left."""
    slots = []
    wanted = {part.pk for part in parts} if parts is not None else None
    for part in order.parts.prefetch_related("lines").order_by("id"):
        if wanted is not None and part.pk not in wanted:
            continue
        for line in part.lines.all():
            back = line.refunded_gross + line.charged_back_gross
            back_tax = back - line.refunded - line.charged_back
            slots.append(
                Slot(part, line, line.gross - back, line.tax - back_tax, line.refunded_gross)
            )
        back = part.shipping_refunded + part.shipping_charged_back
        left = part.shipping_gross - back
        left_tax = part.shipping_tax - tax_part(back, part.shipping_gross, part.shipping_tax)
        slots.append(Slot(part, None, left, left_tax, part.shipping_refunded))
    return slots


def left(slots: Sequence[Slot]) -> int:
    """Return the sum that may still be given back."""
    return sum(slot.left_gross for slot in slots)


@transaction.atomic
def refund(
    order: Order,
    *,
    at: datetime,
    amount: int | None = None,
    shares: Mapping[tuple[str, int], int] | None = None,
    parts: Sequence[BrandOrder] | None = None,
    reason: str = "",
    reference: str = "",
    made_by=None,
) -> Refund:
    """Give money back for an order, or for some brands' `parts` of it, and book it.

    Either `shares` (gross by `("line", id)` or `("shipping", part id)`), or `amount` (gross,
    split over what is left), or neither: everything that is left. The same `reference`
    twice is one refund. The provider is asked to pay after the commit. Raises TooMuch,
    NotPaid.
    """
    order = orders.lock(order)
    if reference and (before := Refund.objects.filter(reference=reference).first()):
        return before
    if order.status != Order.Status.PAID:
        raise NotPaid(f"order {order.number} is {order.status}")
    slots = slots_of(order, parts)
    parted = _parts_of(slots, amount, shares)
    made = Refund.objects.create(
        order=order,
        reference=reference or f"rf_{secrets.token_hex(12)}",
        amount=sum(parted),
        currency=order.currency,
        reason=reason[:300],
        made_by=made_by,
        created_at=at,
    )
    Payment.objects.create(
        order=order,
        gateway=_gateway(order),
        kind=Payment.Kind.REFUND,
        amount=made.amount,
        currency=order.currency,
        refund=made,
        external=order.own_shop,
        created_at=at,
    )
    _book_refund(made, slots, parted)
    parcels.finish(order, at)
    _write(made, at)
    orders.tell(signals.order_refunded, order=order, refund=made, dispute=None)
    return made


def _write(made: Refund, at: datetime) -> None:
    """Tell the shopper and the shop with the stock.

    What a trouble gives back is told by the letter that closes it.
    """
    if not made.order.own_shop:
        pushes.give_back(made, at)
    if not made.order.own_shop and not made.reference.startswith(OF_TROUBLE):
        letters.write("refunded", made.pk, made.order, at)


def _parts_of(slots, amount, shares) -> list[int]:
    """Return what falls on each slot."""
    if shares is None:
        amount = left(slots) if amount is None else amount
        if not 0 < amount <= left(slots):
            raise TooMuch(f"{amount} asked, {left(slots)} left")
        return money.split(amount, [slot.left_gross for slot in slots])
    unknown = set(shares) - {slot.key for slot in slots}
    parted = [shares.get(slot.key, 0) for slot in slots]
    over = any(not 0 <= part <= slot.left_gross for part, slot in zip(parted, slots, strict=True))
    if unknown or over or not sum(parted):
        raise TooMuch(f"{dict(shares)} asked, {[(s.key, s.left_gross) for s in slots]} left")
    return parted


def _gateway(order: Order) -> str:
    capture = order.payments.filter(kind=Payment.Kind.CAPTURE).first()
    return capture.gateway if capture else ""


def _book_refund(made: Refund, slots: Sequence[Slot], parted: Sequence[int]) -> None:
    for slot, gross in zip(slots, parted, strict=True):
        if not gross:
            continue
        tax = slot.tax_of(gross)
        RefundLine.objects.create(
            refund=made, brand_order=slot.part, order_line=slot.line, gross=gross, tax=tax
        )
        if slot.line:
            OrderLine.objects.filter(pk=slot.line.pk).update(
                refunded=F("refunded") + gross - tax, refunded_gross=F("refunded_gross") + gross
            )
        else:
            BrandOrder.objects.filter(pk=slot.part.pk).update(
                shipping_refunded=F("shipping_refunded") + gross
            )


@transaction.atomic
def told_by_provider(payment: Payment, at: datetime) -> Refund:
    """Book a refund that was made at the provider, not here.

    What exceeds what is left (after a dispute) stays without lines until the dispute is won.
    """
    order = orders.lock(payment.order)
    made = Refund.objects.create(
        order=order,
        reference=f"{payment.gateway}:{payment.reference}",
        amount=payment.amount,
        currency=payment.currency,
        created_at=at,
    )
    payment.refund = made
    payment.save()
    slots = slots_of(order)
    booked = min(payment.amount, left(slots))
    _book_refund(made, slots, money.split(booked, [slot.left_gross for slot in slots]))
    parcels.finish(order, at)
    _write(made, at)
    orders.tell(signals.order_refunded, order=order, refund=made, dispute=None)
    return made


@transaction.atomic
def dispute_opened(order: Order, reference: str, amount: int, at: datetime) -> bool:
    """Note that a shopper disputes a payment; no money has moved yet. Return whether it is new."""
    order = orders.lock(order)
    facts = {"order": order, "amount": amount, "currency": order.currency, "opened_at": at}
    dispute, fresh = Dispute.objects.get_or_create(reference=reference, defaults=facts)
    if fresh:
        orders.tell(signals.order_refunded, order=order, refund=None, dispute=dispute)
    return fresh


@transaction.atomic
def dispute_lost(dispute: Dispute) -> bool:
    """Close a dispute: what the bank withdrew stays withdrawn. Return whether this call did."""
    order = orders.lock(dispute.order)
    dispute = Dispute.objects.get(pk=dispute.pk)
    if dispute.state not in {Dispute.State.OPEN, Dispute.State.WITHDRAWN}:
        return False
    dispute.state = Dispute.State.LOST
    dispute.save(update_fields=["state"])
    orders.tell(signals.order_refunded, order=order, refund=None, dispute=dispute)
    return True


@transaction.atomic
def dispute_withdrawn(order: Order, reference: str, amount: int, at: datetime) -> Dispute:
    """Book that a shopper's bank took `amount` back.

    What the shopper had not got back yet falls on the lines; the rest she now has twice.
    """
    order = orders.lock(order)
    dispute, _made = Dispute.objects.get_or_create(
        reference=reference,
        defaults={"order": order, "amount": amount, "currency": order.currency, "opened_at": at},
    )
    if dispute.withdrawn_at:
        return dispute
    dispute.state, dispute.withdrawn_at, dispute.amount = Dispute.State.WITHDRAWN, at, amount
    dispute.save()
    slots = slots_of(order)
    fresh = min(amount, left(slots))
    grosses = money.split(fresh, [slot.left_gross for slot in slots])
    weights = [slot.refunded_gross for slot in slots]
    twice = amount - fresh
    again = money.split(twice, weights if sum(weights) else [1] * len(slots))
    for slot, gross, already in zip(slots, grosses, again, strict=True):
        if not gross and not already:
            continue
        tax = slot.tax_of(gross)
        line = DisputeLine.objects.create(
            dispute=dispute,
            brand_order=slot.part,
            order_line=slot.line,
            gross=gross,
            tax=tax,
            already_refunded=already,
        )
        _charge_back(line, 1)
    orders.tell(signals.order_refunded, order=order, refund=None, dispute=dispute)
    return dispute


@transaction.atomic
def dispute_won(dispute: Dispute, at: datetime) -> bool:
    """Book that the bank gave the money of a dispute back; return whether this call did."""
    order = orders.lock(dispute.order)
    dispute = Dispute.objects.get(pk=dispute.pk)
    if not dispute.withdrawn_at or dispute.reinstated_at:
        return False
    dispute.state, dispute.reinstated_at = Dispute.State.WON, at
    dispute.save()
    for line in dispute.lines.all():
        _charge_back(line, -1)
    orders.tell(signals.order_refunded, order=order, refund=None, dispute=dispute)
    _book_waiting_refunds(order)
    return True


def _charge_back(line: DisputeLine, sign: int) -> None:
    net = line.gross - line.tax
    if line.order_line_id:
        OrderLine.objects.filter(pk=line.order_line_id).update(
            charged_back=F("charged_back") + sign * net,
            charged_back_gross=F("charged_back_gross") + sign * line.gross,
        )
    else:
        BrandOrder.objects.filter(pk=line.brand_order_id).update(
            shipping_charged_back=F("shipping_charged_back") + sign * line.gross
        )


def _book_waiting_refunds(order: Order) -> None:
    """Give refunds that found nothing left, because of the dispute, their lines now."""
    for made in order.refunds.prefetch_related("lines").order_by("id"):
        slots = slots_of(order)
        waiting = made.amount - sum(line.gross for line in made.lines.all())
        booked = min(waiting, left(slots))
        if booked > 0:
            _book_refund(made, slots, money.split(booked, [slot.left_gross for slot in slots]))
            orders.tell(signals.order_refunded, order=order, refund=made, dispute=None)
