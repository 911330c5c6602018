"""What a case or a flag freezes, and how it goes on: decided by a person, or by the night.

    open_case(...)    a violation with the exact commissions it is about: those, and no other, wait
    look_again(...)   who paid became known later: the rules of purchases once more
    decide(...)       a person's decision; the money follows it once nothing can change it
    lift(at)          what nobody decided in time: cases and flags lift, money goes on

Every step locks the case or flag before its commissions, so that a decision and the night cannot
both act; never its key, which the end of a refund shares for its new row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates import commissions, fraud, linkblocks, reporting
from affiliates.models import CaseLine, Commission, RiskFlag
from creators import cases, disputes, standing
from creators.models import Case, Creator, Violation
from shop.models import Order

logger = logging.getLogger(__name__)
FLAG_DAYS = timedelta(days=10)  # a flag that nobody decided in this time lifts
MOST_AGAIN = 50  # orders of one card that are looked at again
State = Commission.State


class NotFreezable(Exception):
    """A commission is another creator's, or on its way already."""


@dataclass
class Lifted:
    """What one night let go, by itself."""

    cases: int = 0
    flags: int = 0
    commissions: int = 0
    creators: int = 0


# ------------------------------------------------------------------ frozen


@transaction.atomic
def open_case(
    creator: Creator, violation: Violation, reason: str, *, by: AbstractUser, at: datetime,
    lines: Iterable[int] = (), flag: RiskFlag | None = None, takes_lines: bool = True,
) -> Case:  # fmt: skip
    """Open a case that names commissions of hers and holds those that are not settled.

    With a `flag` the case takes over what it holds, and the flag is confirmed as the reason.
    Raises NotFreezable, ValueError.
    """
    ids = set(lines)
    if flag is not None:
        flag = RiskFlag.objects.select_for_update(no_key=True).get(pk=flag.pk)
        if flag.state != RiskFlag.State.OPEN:
            raise NotFreezable(_("The flag is %s.") % flag.get_state_display())
        held = flag.commission_set.filter(state=State.HELD, creator=creator)
        ids |= set(held.exclude(kind=Commission.Kind.REVERSAL).values_list("pk", flat=True))
    found = Commission.objects.select_for_update(of=["self"]).filter(pk__in=ids)
    rows = list(found.order_by("pk"))
    free = {State.PENDING, State.HELD}
    for row in rows:
        others = row.state == State.HELD and (flag is None or row.flag_id != flag.pk)
        if row.creator_id != creator.pk or row.state not in free or others:
            facts = {"n": row.pk, "state": row.get_state_display()}
            raise NotFreezable(_("Commission %(n)d is %(state)s.") % facts)
    if len(rows) != len(ids):
        raise NotFreezable(_("%d commissions are not there.") % (len(ids) - len(rows)))
    case = cases.accuse(
        creator, violation, reason, by=by, at=at, takes_lines=takes_lines,
        automated=flag is not None and flag.rule != "by_hand",
        subject=f"flag:{flag.pk}" if flag else "",
    )  # fmt: skip
    CaseLine.objects.bulk_create(CaseLine(case=case, commission=row) for row in rows)
    commissions.hold(ids, case=case)
    if flag is not None:
        commissions.pass_on(flag, case)
        close_flag(flag, RiskFlag.State.CONFIRMED, f"case {case.pk}", by, at)
    return case


@transaction.atomic
def look_again(order: Order, at: datetime) -> int:
    """Hold what a mark of who paid, known only after the payment, speaks against.

    Other orders of the same card are looked at too: which of them was known first says
    nothing. What is settled stays; its flag is for a person. Returns how many rows it holds.
    """
    same = Order.objects.filter(payment_fingerprint=order.payment_fingerprint)
    same = same.filter(status=Order.Status.PAID).order_by("-placed_at")[:MOST_AGAIN]
    return sum(_look_at(one, at) for one in same)


def _look_at(order: Order, at: datetime) -> int:
    sales = Commission.objects.live().filter(order_line__brand_order__order=order)
    sales = sales.filter(kind=Commission.Kind.SALE)
    held = 0
    for creator in Creator.objects.filter(pk__in=sales.values("creator")).select_related("user"):
        flag = fraud.flag_order(order, creator, at)
        if flag is not None:
            hers = sales.filter(creator=creator).values_list("pk", flat=True)
            held += commissions.hold(hers, flag=flag)
    return held


def close_flag(
    flag: RiskFlag, state: str, reason: str, by: AbstractUser | None, at: datetime
) -> None:
    """Write a person's decision on a flag, or that nobody took one."""
    flag.state, flag.reason, flag.decided_by, flag.decided_at = state, reason[:300], by, at
    flag.save(update_fields=["state", "reason", "decided_by", "decided_at"])


# ------------------------------------------------------------------ decided


@transaction.atomic
def clear_if_empty(flag: RiskFlag, reason: str, by: AbstractUser, at: datetime) -> bool:
    """Clear an open flag that holds nothing any more; return whether it does not."""
    is_empty = fraud.lock_open(flag) and not fraud.open_holds(flag)
    if is_empty:
        close_flag(flag, RiskFlag.State.CLEARED, reason, by, at)
    return is_empty


@transaction.atomic
def decide_flag(
    flag: RiskFlag, confirmed: bool, *, by: AbstractUser, reason: str, at: datetime
) -> int:
    """Void what a flag holds, or let it go on; return how many commissions. Raises NotHeld.

    What is taken back of a sale that settled before cannot be void: it goes on. Of a person and
    the night at the same moment, one finds the flag closed: 0.
    """
    row = RiskFlag.objects.select_for_update(no_key=True).get(pk=flag.pk)
    if row.state != RiskFlag.State.OPEN:
        return 0
    held = list(row.commission_set.filter(state=State.HELD).values_list("pk", flat=True))
    done = commissions.void(held) if confirmed else 0
    left = row.commission_set.filter(state=State.HELD)
    released = commissions.release(list(left.values_list("pk", flat=True)))
    done = done if confirmed else released
    state = RiskFlag.State.CONFIRMED if confirmed else RiskFlag.State.CLEARED
    row.held = held
    row.save(update_fields=["held"])
    close_flag(row, state, reason, by, at)
    return done


@transaction.atomic
def reverse_flag(flag: RiskFlag, *, by: AbstractUser, reason: str, at: datetime) -> int:
    """Take a person's decision on a flag back; return how many commissions moved.

    Cleared: the flag is open again for its ten days, and holds what of it is not settled yet.
    Confirmed: the flag is cleared, and what it made void is earned again, as new rows. One that
    lapsed stays so, and one that became a case is decided there. Raises NotFreezable.
    """
    row = RiskFlag.objects.select_for_update(no_key=True).get(pk=flag.pk)
    if row.state == RiskFlag.State.CLEARED:
        row.state, row.opened_at, row.decided_at, row.decided_by = (
            RiskFlag.State.OPEN,
            at,
            None,
            None,
        )
        row.reason = reason[:300]
        row.save(update_fields=["state", "opened_at", "decided_at", "decided_by", "reason"])
        return commissions.hold(row.held, flag=row)
    if row.state != RiskFlag.State.CONFIRMED or not row.held:
        said = _("The flag is %s: this cannot be taken back.") % row.get_state_display()
        raise NotFreezable(said)
    done = commissions.earn_again(row.held, at)
    close_flag(row, RiskFlag.State.CLEARED, reason, by, at)
    return done


@transaction.atomic
def decide(case: Case, upheld: bool, *, by: AbstractUser, reason: str, at: datetime) -> Case:
    """Decide a case (see `cases.decide`) and let go at once what it no longer keeps."""
    disputes.refuse_own(case, by)
    linkblocks.refuse_own(case, by)
    row = cases.decide(case, upheld, by=by, reason=reason, at=at)
    reporting.enforce(row, at)
    linkblocks.follow(row, reason, by, at)
    disputes.follow(row, at)
    for one in (row, row.appeal_of):
        if one is not None and cases.is_final(one, at):
            follow(one)
    return row


@transaction.atomic
def follow(case: Case) -> int:
    """Let the money of a case that is final go its way; return how many commissions moved.

    Upheld: the lines it names are void, unless the decision left them to her. All else that it
    held goes on.
    """
    row = cases.locked(case)
    held = Commission.objects.filter(case=row, state=State.HELD)
    moved = 0
    if row.state == Case.State.UPHELD and row.takes_lines:
        named = held.filter(named_in__case=row)
        moved += commissions.void(list(named.values_list("pk", flat=True)))
    return moved + commissions.release(list(held.values_list("pk", flat=True)))


# ------------------------------------------------------------------ lifted by the night


def lift(at: datetime) -> Lifted:
    """Do what the clocks say at `at`; a second call, or one beside it, changes nothing.

    One transaction for each case and each flag: one that fails is told and stops nobody.
    """
    done = Lifted()
    late = Case.objects.overdue(at).filter(kind__in=cases.LAPSES).order_by("pk")
    done.cases = sum(_each(late.values_list("pk", flat=True), lambda pk: _lapse(pk, at)))
    old = RiskFlag.objects.filter(state=RiskFlag.State.OPEN, opened_at__lte=at - FLAG_DAYS)
    done.flags = sum(_each(old.values_list("pk", flat=True), lambda pk: _lapse_flag(pk, at)))
    holding = Commission.objects.filter(state=State.HELD, case__isnull=False).values("case")
    ready = Case.objects.final(at).filter(pk__in=holding).order_by("pk")
    done.commissions = sum(_each(ready.values_list("pk", flat=True), _follow))
    done.creators = sum(_each(standing.expired(at), lambda pk: _judge(pk, at)))
    return done


def _each(ids: Iterable[int], step: Callable[[int], int]) -> Sequence[int]:
    results = []
    for pk in list(ids):
        try:
            with transaction.atomic():
                results.append(step(pk))
        except Exception:
            logger.exception("%s could not go on with %s", step, pk)
    return results


def _lapse(pk: int, at: datetime) -> int:
    case = Case.objects.select_related("appeal_of").get(pk=pk)
    if not cases.lapse(case, at):
        return 0
    follow(case)
    if case.appeal_of:
        follow(case.appeal_of)
    return 1


def _lapse_flag(pk: int, at: datetime) -> int:
    rows = RiskFlag.objects.select_for_update(skip_locked=True, no_key=True)
    flag = rows.filter(pk=pk, state=RiskFlag.State.OPEN).first()
    if flag is None:
        return 0
    close_flag(flag, RiskFlag.State.LAPSED, "", None, at)
    held = flag.commission_set.filter(state=State.HELD)
    commissions.release(list(held.values_list("pk", flat=True)))
    return 1


def _follow(pk: int) -> int:
    return follow(Case.objects.get(pk=pk))


def _judge(pk: int, at: datetime) -> int:
    creator = Creator.objects.get(pk=pk)
    return int(standing.apply(creator, at) != standing.SUSPENSION)
