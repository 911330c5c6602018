"""Withdrawal: a shopper may send goods back within the return period, without a reason.

    ask ──▶ asked ──▶ received ──▶ refunded | closed
                └──────────────────────▲
The money is due 14 days after she withdrew; the brand may wait until the goods, or the proof that
they were sent, are there (Directive 2011/83/EU art. 13). For what was used more than trying it
needs, less may go back (art. 14), with a reason that she reads and may bring to us (`claims.py`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from config.lib import money
from shop import letters, orders, pieces, refunds, signals
from shop.models import BrandOrder, OrderLetter, OrderLine, Return, ReturnLine
from shop.models.catalogue import Product

REMIND = {  # which letter, and how long before the money is due
    "return_due": timedelta(days=3),
    "return_late": timedelta(0),
}
State = Return.State


class CannotReturn(Exception):
    """These goods cannot be sent back (any more)."""


class Closed(Exception):
    """This return was closed before."""


class NotThat(Exception):
    """More came back than was withdrawn from, or nothing."""


class TooMuchLess(Exception):
    """So much cannot be kept; the message is shown."""


def returnable(
    part: BrandOrder, at: datetime, free: Mapping[OrderLine, int] | None = None
) -> dict[OrderLine, int]:
    """Return how many of each line may still be sent back at `at`; `free`: `pieces.free(part)`.

    Nothing that was bought in the brand's own shop: its money, and its returns, are there.
    """
    until = orders.return_until(part)
    if part.order.own_shop or part.paid_at is None or (until is not None and at > until):
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


# ------------------------------------------------------------------ on its way, and back


@transaction.atomic
def sent(made: Return, proof: str, at: datetime) -> Return:
    """Note that the shopper shows that it is on its way: the brand waits no longer. Raises Closed."""
    row = _locked(made)
    if row.sent_at is None:
        row.sent_at, row.sent_proof = at, proof.strip()[:120]
        row.save(update_fields=["sent_at", "sent_proof"])
        part = row.brand_order
        letters.write("return_sent", row.pk, part.order, at, part.brand)
    return row


@transaction.atomic
def receive(
    made: Return, counts: Mapping[int, int], condition: str, came_at: datetime, at: datetime
) -> Return:
    """Note which pieces came back, by line id, in which condition. Raises Closed, NotThat.

    As long as it is open it may be noted anew: the rest may come in a second parcel.
    """
    row = _locked(made)
    rows = list(row.lines.all())
    counted = {line.order_line_id: counts.get(line.order_line_id, 0) for line in rows}
    over = any(not 0 <= counted[line.order_line_id] <= line.quantity for line in rows)
    if over or set(counts) - set(counted) or not any(counted.values()):
        raise NotThat(f"{dict(counts)} came back for {row}")
    for line in rows:
        line.received = counted[line.order_line_id]
    ReturnLine.objects.bulk_update(rows, ["received"])
    row.state, row.condition = State.RECEIVED, condition
    row.received_at = min(came_at, at)
    row.save(update_fields=["state", "condition", "received_at"])
    letters.write("return_received", row.pk, row.brand_order.order, at)
    return row


# ------------------------------------------------------------------ paid, or closed


@transaction.atomic
def close(made: Return, at: datetime, answer: str) -> Return:
    """Close a return without a refund, with the reason for the shopper. Raises Closed."""
    return end(_locked(made), State.CLOSED, at, answer)


@transaction.atomic
def give_back(
    made: Return, by: AbstractBaseUser, at: datetime, *, less: int = 0, why: str = ""
) -> Return:
    """Give the money back for what came back, and close the return.

    `less` (gross) is kept of the goods' price, never of the delivery's, and only once they were
    seen; the shopper reads `why`. Raises Closed, TooMuchLess.
    """
    row = _locked(made)
    due = worth(row)
    goods = sum(due.goods.values())
    if less:
        _check_less(row, due, less, why)
    kept = dict(zip(due.goods, money.split(less, list(due.goods.values())), strict=True))
    rows = list(row.lines.all())
    for line in rows:
        line.paid = min(line.quantity, due.counts[line.order_line_id])
        line.less = kept[line.order_line_id] if goods else 0
        due.goods[line.order_line_id] -= line.less
    ReturnLine.objects.bulk_update(rows, ["paid", "less"])
    row.less_reason = why.strip()[:300] if less else ""
    row.short = bool(less) or any(
        line.received is not None and line.received < line.quantity for line in rows
    )
    if shares := due.shares(row.brand_order):
        row.refund = refunds.refund(
            row.brand_order.order, at=at, shares=shares, reason=_("Return"),
            reference=f"rt_{row.pk}", made_by=by,
        )  # fmt: skip
    row.save(update_fields=["less_reason", "short", "refund"])
    return end(row, State.REFUNDED, at)


def _check_less(row: Return, due: pieces.Due, less: int, why: str) -> None:
    if row.received_at is None:
        raise TooMuchLess(_("First note that it came back: only then its value can be judged."))
    if not why.strip():
        raise TooMuchLess(_("Say why: the shopper reads it."))
    if not 0 < less <= sum(due.goods.values()):
        raise TooMuchLess(_("This is more than what came back was worth."))
    if less >= due.total:
        raise TooMuchLess(_("Nothing would be left to give back: close it without a refund."))


def _locked(made: Return) -> Return:
    orders.lock(made.brand_order.order)
    row = Return.objects.select_related("brand_order__order", "brand_order__brand").get(pk=made.pk)
    if row.closed_at:
        raise Closed(f"{row} is {row.state}")
    return row


def end(made: Return, state: str, at: datetime, answer: str = "") -> Return:
    """Write down how a return ended; its order is locked."""
    made.state, made.closed_at, made.answer = state, at, answer.strip()[:300] or made.answer
    made.save(update_fields=["state", "closed_at", "answer"])
    if state == State.CLOSED:
        letters.write("return_closed", made.pk, made.brand_order.order, at)
    orders.tell(signals.order_delivered, brand_order=made.brand_order)
    return made


def settled(made: Return, at: datetime) -> Return:
    """Write down that a trouble paid for all of a return; its order is locked."""
    made.lines.update(paid=F("quantity"))
    made.short = False
    made.save(update_fields=["short"])
    return end(made, State.REFUNDED, at)


def worth(made: Return, back: Mapping[int, int] | None = None) -> pieces.Due:
    """Return what is due for what came back; as long as nobody counted, for all of it.

    Nothing for pieces that were paid back another way; `back`: `pieces.paid_back(part)`.
    """
    part = made.brand_order
    back = pieces.paid_back(part) if back is None else back
    wanted = {
        line.order_line_id: line.quantity if line.received is None else line.received
        for line in made.lines.all()
    }
    return pieces.due(part, wanted, withdrawn=True, back=back)


# ------------------------------------------------------------------ by the clock


def remind(at: datetime, limit: int = 200) -> int:
    """Write to brands whose money for returns is due soon, or late; return of how many returns."""
    written = 0
    for kind, before in REMIND.items():
        rows = Return.objects.payable(at + before).filter(brand_order__order__own_shop=False)
        told = OrderLetter.objects.filter(kind=kind, about=OuterRef("pk"))
        for row in rows.filter(~Exists(told)).order_by("pk")[:limit]:
            written += _remind(row, kind, at)
    return written


@transaction.atomic
def _remind(made: Return, kind: str, at: datetime) -> bool:
    try:
        row = _locked(made)
    except Closed:  # meanwhile
        return False
    part = row.brand_order
    letters.write(kind, row.pk, part.order, at, part.brand)
    return True
