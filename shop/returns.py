"""Withdrawal: a shopper may send goods back within the return period, without a reason."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from shop import letters, orders, signals
from shop.models import BrandOrder, OrderLine, Return, ReturnLine
from shop.models.catalogue import Product


class CannotReturn(Exception):
    """These goods cannot be sent back (any more)."""


def returnable(part: BrandOrder, at: datetime) -> dict[OrderLine, int]:
    """Return how many of each line may still be sent back at `at`."""
    until = orders.return_until(part)
    if part.paid_at is None or (until is not None and at > until):
        return {}
    open_ = ReturnLine.objects.filter(of__brand_order=part).exclude(of__state=Return.State.CLOSED)
    asked = dict(open_.values_list("order_line").annotate(sum=Sum("quantity")))
    left = {}
    for line in part.lines.all():
        allowed = line.withdrawal == Product.Withdrawal.YES
        given_back = line.refunded_gross + line.charged_back_gross >= line.gross
        count = line.quantity - asked.get(line.pk, 0)
        if allowed and not given_back and count > 0:
            left[line] = count
    return left


@transaction.atomic
def ask(part: BrandOrder, quantities: Mapping[int, int], reason: str, at: datetime) -> Return:
    """Open a return of so many pieces by line id. Raises CannotReturn."""
    orders.lock(part.order)
    left = {line.pk: count for line, count in returnable(part, at).items()}
    wanted = {pk: count for pk, count in quantities.items() if count > 0}
    if not wanted or any(count > left.get(pk, 0) for pk, count in wanted.items()):
        raise CannotReturn(f"{wanted} asked, {left} possible")
    made = Return.objects.create(brand_order=part, reason=reason[:300], asked_at=at)
    ReturnLine.objects.bulk_create(
        ReturnLine(of=made, order_line_id=pk, quantity=count) for pk, count in wanted.items()
    )
    letters.write("withdrawal", made.pk, part.order, at)
    letters.write("return_asked", made.pk, part.order, at, part.brand)
    orders.tell(signals.order_delivered, brand_order=part)
    return made


@transaction.atomic
def close(made: Return, state: str, at: datetime, answer: str = "") -> Return:
    """Close a return: refunded, or closed without a refund, with the reason for the shopper."""
    orders.lock(made.brand_order.order)
    made.state, made.closed_at, made.answer = state, at, answer.strip()[:300]
    made.save(update_fields=["state", "closed_at", "answer"])
    if state == Return.State.CLOSED:
        letters.write("return_closed", made.pk, made.brand_order.order, at)
    orders.tell(signals.order_delivered, brand_order=made.brand_order)
    return made


def worth(made: Return) -> dict[tuple[str, int], int]:
    """Return what falls on each line of a return, as `refunds.refund` takes its shares."""
    shares = {}
    for row in made.lines.select_related("order_line"):
        line = row.order_line
        left = line.gross - line.refunded_gross - line.charged_back_gross
        share = min(line.gross * row.quantity // line.quantity, left)
        if share:
            shares["line", line.pk] = share
    return shares
