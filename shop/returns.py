"""Withdrawal: a shopper may send goods back within the return period, without a reason."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from shop import letters, orders, pieces, refunds, signals
from shop.models import BrandOrder, OrderLine, Return, ReturnLine
from shop.models.catalogue import Product


class CannotReturn(Exception):
    """These goods cannot be sent back (any more)."""


class Closed(Exception):
    """This return was closed before."""


def returnable(
    part: BrandOrder, at: datetime, free: Mapping[OrderLine, int] | None = None
) -> dict[OrderLine, int]:
    """Return how many of each line may still be sent back at `at`; `free`: `pieces.free(part)`."""
    until = orders.return_until(part)
    if part.paid_at is None or (until is not None and at > until):
        return {}
    left = {}
    for line, count in (pieces.free(part) if free is None else free).items():
        allowed = line.withdrawal == Product.Withdrawal.YES
        given_back = line.refunded_gross + line.charged_back_gross >= line.gross
        if allowed and not given_back:
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
def close(made: Return, at: datetime, answer: str) -> Return:
    """Close a return without a refund, with the reason for the shopper. Raises Closed."""
    return end(_locked(made), Return.State.CLOSED, at, answer)


@transaction.atomic
def give_back(made: Return, by: AbstractBaseUser, at: datetime) -> Return:
    """Give the money back for what came back, and close the return. Raises Closed."""
    row = _locked(made)
    if shares := worth(row):
        refunds.refund(
            row.brand_order.order, at=at, shares=shares, reason=_("Return"),
            reference=f"rt_{row.pk}", made_by=by,
        )  # fmt: skip
    return end(row, Return.State.REFUNDED, at)


def _locked(made: Return) -> Return:
    orders.lock(made.brand_order.order)
    row = Return.objects.select_related("brand_order__order").get(pk=made.pk)
    if row.closed_at:
        raise Closed(f"{row} is {row.state}")
    return row


def end(made: Return, state: str, at: datetime, answer: str = "") -> Return:
    """Write down how a return ended; its order is locked."""
    made.state, made.closed_at, made.answer = state, at, answer.strip()[:300] or made.answer
    made.save(update_fields=["state", "closed_at", "answer"])
    if state == Return.State.CLOSED:
        letters.write("return_closed", made.pk, made.brand_order.order, at)
    orders.tell(signals.order_delivered, brand_order=made.brand_order)
    return made


def worth(made: Return) -> dict[tuple[str, int], int]:
    """Return what falls on each line of a return, as `refunds.refund` takes its shares.

    Nothing for pieces that were paid back another way.
    """
    shares = {}
    back = pieces.paid_back(made.brand_order)
    for row in made.lines.select_related("order_line"):
        line = row.order_line
        count = max(0, min(row.quantity, line.quantity - back[line.pk]))
        left = line.gross - line.refunded_gross - line.charged_back_gross
        if share := min(pieces.price_of(line, count), left):
            shares["line", line.pk] = share
    return shares
