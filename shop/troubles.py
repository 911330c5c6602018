"""Something is wrong: the shopper says so, the brand has three working days, then we decide.

    ask ──▶ asked ──▶ answered ──(7 days)──▶ solved
              │           └─ not enough ─▶ with us ─▶ refunded | refused
              └─ three working days ─────▶ with us
    The brand may give the money back as long as it is open.

While it is open the commission waits; what is given back comes from the brand's balance.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config.lib import images, money, workdays
from config.lib.privatefiles import private_files
from shop import claims, letters, orders, pieces, refunds, returns, signals
from shop.models import BrandOrder, Return, Trouble, TroubleLine
from shop.models.troubles import TroubleQuerySet

logger = logging.getLogger(__name__)
Kind, State = Trouble.Kind, Trouble.State
ANSWER_DAYS = 3  # working days of the brand
REPLY_WITHIN = timedelta(days=7)  # of the shopper, after the brand's answer
KEEP_PICTURES = timedelta(days=90)  # after it is closed


class CannotAsk(Exception):
    """Nothing (more) can be said to be wrong here, or not this."""


class OwnAffair(Exception):
    """Whoever it concerns does not decide it; the message is shown."""


class NotOpen(Exception):
    """It is closed, or another's turn; the message is shown."""


# ------------------------------------------------------------------ asked


@transaction.atomic
def ask(
    part: BrandOrder,
    kind: str,
    quantities: Mapping[int, int],
    words: str,
    at: datetime,
    picture: bytes = b"",
) -> Trouble:
    """Open a trouble about so many pieces by line id. Raises CannotAsk, images.NotAPicture.

    Money that did not come back is about what was sent back, whatever `quantities` say.
    """
    orders.lock(part.order)
    part = BrandOrder.objects.select_related("order", "brand").get(pk=part.pk)
    if kind not in claims.kinds(part, at):
        raise CannotAsk(f"{kind} of {part}")
    left = {line.pk: count for line, count in pieces.free(part).items()}
    if kind == Kind.NOT_REFUNDED:
        quantities = left = claims.sent_back(part, at)
    wanted = {pk: count for pk, count in quantities.items() if count > 0}
    if not wanted or any(count > left.get(pk, 0) for pk, count in wanted.items()):
        raise CannotAsk(f"{wanted} of {left}")
    made = Trouble(
        brand_order=part, kind=kind, words=words.strip()[:2000], asked_at=at,
        answer_by=workdays.end_of(at, ANSWER_DAYS),
    )  # fmt: skip
    if picture:
        content = ContentFile(images.encode(picture).large)
        made.picture.save(f"{part.pk}-{secrets.token_hex(8)}.webp", content, save=False)
    made.save()
    TroubleLine.objects.bulk_create(
        TroubleLine(trouble=made, order_line_id=pk, quantity=n) for pk, n in wanted.items()
    )
    _tell_both("trouble_asked", made, at)
    orders.tell(signals.order_delivered, brand_order=part)
    return made


def _tell_both(kind: str, trouble: Trouble, at: datetime) -> None:
    part = trouble.brand_order
    letters.write(kind, trouble.pk, part.order, at)
    letters.write(kind, trouble.pk, part.order, at, part.brand)


# ------------------------------------------------------------------ answered


@transaction.atomic
def answer(trouble: Trouble, words: str, by: AbstractBaseUser, at: datetime) -> Trouble:
    """Note what the brand does about it; the shopper has 7 days to object. Raises NotOpen."""
    row = _locked(trouble)
    if row.state != State.ASKED or at >= row.answer_by:
        raise NotOpen(_("The time to answer is over, or it was answered."))
    row.state, row.answer, row.answered_at, row.answered_by = (
        State.ANSWERED, words.strip()[:2000], at, by,
    )  # fmt: skip
    row.reply_by = at + REPLY_WITHIN
    row.save()
    letters.write("trouble_answered", row.pk, row.brand_order.order, at)
    return row


@transaction.atomic
def reply(trouble: Trouble, solved: bool, at: datetime) -> Trouble:
    """Note whether the shopper calls it solved, or wants us to decide. Raises NotOpen."""
    row = _locked(trouble)
    if solved and row.is_open:
        return _close(row, State.SOLVED, at)
    if not solved and row.state == State.ANSWERED:
        return _take_over(row, at)
    raise NotOpen(_("It is closed, or we decide already."))


@transaction.atomic
def give_back(trouble: Trouble, by: AbstractBaseUser, at: datetime) -> Trouble:
    """Give back what it is about, by the brand's own will. Raises NotOpen."""
    row = _locked(trouble)
    if not row.is_open:
        raise NotOpen(_("It is closed already."))
    row.answered_at, row.answered_by = row.answered_at or at, row.answered_by or by
    return _refund(row, worth(row), row.get_kind_display(), by, at)


# ------------------------------------------------------------------ decided


@transaction.atomic
def decide(
    trouble: Trouble,
    upheld: bool,
    *,
    by: AbstractBaseUser,
    reason: str,
    at: datetime,
    amount: int | None = None,
) -> Trouble:
    """Decide for the shopper (all it is about, or `amount`), or for the brand.

    Raises NotOpen, OwnAffair, refunds.TooMuch.
    """
    row = _locked(trouble)
    if _is_of(row.brand_order, by):
        raise OwnAffair(_("Whoever it concerns does not decide it."))
    reason = reason.strip()[:300]
    if row.state != State.WITH_US:
        raise NotOpen(_("It is not ours to decide (any more)."))
    if not reason:
        raise NotOpen(_("Say why: both sides read it."))
    row.decided_by, row.reason = by, reason
    if not upheld:
        return _close(row, State.REFUSED, at)
    shares = worth(row)
    if amount is not None:
        whole = sum(shares.values())
        if not 0 < amount <= whole:
            raise refunds.TooMuch(f"{amount} of {whole}")
        parted = money.split(amount, list(shares.values()))
        shares = {key: n for key, n in zip(shares, parted, strict=True) if n}
    return _refund(row, shares, reason, by, at)


def _is_of(part: BrandOrder, by: AbstractBaseUser) -> bool:
    """Say whether somebody bought it, under any address of hers, or is of the brand's team."""
    order = part.order
    known = EmailAddress.objects.filter(user=by).values_list("email", flat=True)
    hers = {one.casefold() for one in (by.email, *known) if one}
    return (
        order.buyer_id == by.pk
        or order.email.casefold() in hers
        or part.brand.memberships.filter(user=by.pk).exists()
    )


def worth(trouble: Trouble) -> dict[tuple[str, int], int]:
    """Return what it is about, as `refunds.refund` takes its shares; never more than is left.

    The delivery belongs to it where nothing else is left. What a brand kept of a return's price
    is asked for with the pieces that it did not pay.
    """
    part = BrandOrder.objects.prefetch_related("lines").get(pk=trouble.brand_order_id)
    wanted = dict(trouble.lines.values_list("order_line", "quantity"))
    withdrawn = trouble.kind == Kind.NOT_REFUNDED
    kept: Mapping[int, int] = {}
    if withdrawn:
        unpaid = claims.unpaid(part, trouble.asked_at)
        wanted = {pk: min(count, unpaid.get(pk, 0)) for pk, count in wanted.items()}
        kept = claims.kept(part, trouble.asked_at)
    found = pieces.due(part, wanted, withdrawn=withdrawn, back=pieces.paid_back(part))
    for line in part.lines.all():
        left = line.gross - line.refunded_gross - line.charged_back_gross
        found.goods[line.pk] = min(found.goods[line.pk] + kept.get(line.pk, 0), left)
    return found.shares(part)


def _refund(
    row: Trouble, shares: Mapping[tuple[str, int], int], reason: str, by, at: datetime
) -> Trouble:
    if not shares:  # all of it went back another way meanwhile
        return _close(row, State.SOLVED, at)
    row.refund = refunds.refund(
        row.brand_order.order, at=at, shares=shares, reason=reason, reference=f"{refunds.OF_TROUBLE}{row.pk}",
        made_by=by,
    )  # fmt: skip
    return _close(row, State.REFUNDED, at)


def _close(row: Trouble, state: str, at: datetime) -> Trouble:
    part = row.brand_order
    about = claims.disputed(part, row.asked_at) if row.kind == Kind.NOT_REFUNDED else []
    row.state, row.closed_at = state, at
    row.save()
    for made in about:
        if state == State.REFUNDED:
            returns.settled(made, at)
        elif state == State.REFUSED and made.closed_at is None:
            returns.end(made, Return.State.CLOSED, at)
    _tell_both("trouble_closed", row, at)
    orders.tell(signals.order_delivered, brand_order=part)
    return row


def _take_over(row: Trouble, at: datetime) -> Trouble:
    row.state, row.escalated_at = State.WITH_US, at
    row.save()
    _tell_both("trouble_with_us", row, at)
    return row


def _locked(trouble: Trouble) -> Trouble:
    """Return it as it is now; its order is locked first, as everywhere."""
    orders.lock(trouble.brand_order.order)
    rows = Trouble.objects.select_related("brand_order__order", "brand_order__brand")
    return rows.get(pk=trouble.pk)


# ------------------------------------------------------------------ by the clock


def run_clocks(at: datetime) -> int:
    """Take over what was not answered by `at`, and close what its shopper let rest.

    Return how many moved; one that fails is told and stops nobody.
    """
    late = _each(Trouble.objects.late(at), lambda row: _take_over(row, at))
    return late + _each(Trouble.objects.silent(at), lambda row: _close(row, State.SOLVED, at))


def _each(rows: TroubleQuerySet, step: Callable[[Trouble], Trouble]) -> int:
    moved = 0
    for pk, state in list(rows.values_list("pk", "state")):
        try:
            with transaction.atomic():
                row = _locked(Trouble.objects.get(pk=pk))
                if row.state == state:
                    step(row)
                    moved += 1
        except Exception:
            logger.exception("the clock of trouble %s could not run", pk)
    return moved


def forget_words(orders: QuerySet) -> int:
    """Take what shoppers wrote and showed out of the closed troubles of `orders` (their ids)."""
    rows = Trouble.objects.filter(brand_order__order__in=orders, closed_at__isnull=False)
    names = [name for name in rows.values_list("picture", flat=True) if name]
    done = rows.update(words="", picture="")
    for name in names:
        transaction.on_commit(partial(private_files().delete, name), robust=True)
    return done


def forget_pictures(at: datetime) -> int:
    """Delete the pictures of what was closed long ago; return how many."""
    old = Trouble.objects.filter(closed_at__lte=at - KEEP_PICTURES).exclude(picture="")
    names = list(old.values_list("pk", "picture")[:1000])
    for pk, name in names:
        private_files().delete(name)
        Trouble.objects.filter(pk=pk).update(picture="")
    return len(names)
