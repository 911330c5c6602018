"""Held, released, void, and earned again; reversals move with their unsettled sale."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates import budgets, events, fraud
from affiliates.clock import now
from affiliates.commissions.dates import due, hold_days, is_paused, late, lock_out_new_runs
from affiliates.commissions.reversals import reverse
from affiliates.commissions.rows import with_reversals
from affiliates.models import Collaboration, Commission, FlatFee, RiskFlag, VoidNote
from creators.models import Case
from shop.models import DisputeLine, OrderLine, RefundLine

State, Kind = Commission.State, Commission.Kind


class NotHeld(Exception):
    """A commission is not in the state that this change starts from."""


@transaction.atomic
def hold(ids: Iterable[int], *, flag: RiskFlag | None = None, case: Case | None = None) -> int:
    """Hold pending commissions for a flag or a case; return how many rows it holds.

    None for a flag that was decided meanwhile: nothing would ever let them go.
    """
    if flag is None and case is None:
        raise ValueError("a hold needs a flag or a case")
    if flag is not None and not fraud.lock_open(flag):
        return 0
    rows = with_reversals(ids, State.PENDING)
    return Commission.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.HELD, flag=flag, case=case
    )


def pass_on(flag: RiskFlag, case: Case) -> int:
    """Let a case hold, in place of a flag, what the flag holds of the same creator."""
    held = Commission.objects.filter(flag=flag, state=State.HELD, creator=case.creator_id)
    return held.update(flag=None, case=case)


@transaction.atomic
def release(ids: Iterable[int]) -> int:
    """Let held commissions go on, due in a night that is still to come."""
    newest = lock_out_new_runs()
    rows = with_reversals(ids, State.HELD)
    for row in rows:
        row.state, row.flag, row.case = State.PENDING, None, None
        row.due_at = max(row.due_at, newest) if newest else row.due_at
    Commission.objects.bulk_update(rows, ["state", "flag", "case", "due_at"])
    return len(rows)


@transaction.atomic
def void(
    ids: Iterable[int],
    note: str = "",
    by: AbstractBaseUser | None = None,
    at: datetime | None = None,
) -> int:
    """Void unsettled commissions with their reversals; what is settled needs an adjustment.

    A reversal of a settled sale stays: the shopper has her money back. Whoever is `by` says why
    in a `note`, which the creator reads. A fee for a post that is void is over, and says so.
    """
    ids = list(ids)
    # a fee is locked before its commission, by whoever moves both
    fees = FlatFee.objects.select_for_update(of=("self",)).filter(commission__in=ids)
    list(fees.order_by("pk").values_list("pk"))
    rows = with_reversals(ids, State.PENDING, State.HELD)
    sales = {row.pk for row in rows if row.kind == Kind.SALE}
    rows = [row for row in rows if row.reverses_id is None or row.reverses_id in sales]
    if Commission.objects.filter(reverses__in=sales, state=State.SETTLED).exists():
        raise NotHeld(_("A reversal of this sale is settled: write an adjustment."))
    if by is not None:
        VoidNote.objects.bulk_create(
            VoidNote(commission=row, reason=note.strip()[:300], by=by, at=at) for row in rows
        )
    gone = [row.pk for row in rows]
    FlatFee.objects.filter(commission__in=gone).update(
        state=FlatFee.State.VOID, reason=note.strip(), decided_at=at or now(), tells=True
    )
    return Commission.objects.filter(pk__in=gone).update(state=State.VOID)


@transaction.atomic
def earn_again(ids: Iterable[int], at: datetime) -> int:
    """Write sales that were made void anew, as pending; return how many.

    What went back meanwhile goes off again, also what goes back at this moment: whoever gives it
    back changes the line, so one of the two waits and sees what the other wrote. A line that earns
    already is left alone. What the budget of its offer has no room for any more earns nothing, and
    says so.
    """
    gone = Commission.objects.filter(pk__in=list(ids), kind=Kind.SALE, state=State.VOID)
    # all locks at once and in the order that `bear` takes them in
    deals = Collaboration.objects.filter(pk__in=gone.values("collaboration"))
    budgets.rooms(deals, "")
    lines = OrderLine.objects.select_for_update(no_key=True, of=("self",))
    lines = lines.filter(pk__in=list(gone.values_list("order_line", flat=True)))
    list(lines.order_by("brand_order_id", "id").values_list("pk"))
    live = Commission.objects.live().filter(kind=Kind.SALE).values("order_line")
    rows = (
        gone.exclude(order_line__in=live)
        .select_related("order_line__brand_order__order", "collaboration", "link")
        .prefetch_related("collaboration__term_changes")
    )
    rows = list(rows.order_by("pk"))
    done = 0
    for old in rows:
        part = old.order_line.brand_order
        days = hold_days(old.collaboration, old.link, part.order)
        room = budgets.rooms([old.collaboration], old.currency)
        why_not = room.take(old.collaboration_id, old.amount, at)
        if why_not and gone_for(old.order_line_id, why_not):
            continue  # she reads it already
        made = Commission.objects.create(
            state=State.VOID if why_not else State.PENDING, reason=why_not,
            kind=Kind.SALE, creator_id=old.creator_id, brand_id=old.brand_id,
            collaboration_id=old.collaboration_id, link_id=old.link_id, order_line=old.order_line,
            base=old.base, rate_bp=old.rate_bp, amount=old.amount, currency=old.currency,
            due_at=late(due(part.order.paid_at, part.delivered_at, days, is_paused(part))),
            created_at=at,
        )  # fmt: skip
        events.tell(events.BORN, [made.pk], at)
        if why_not:
            continue
        causes = [
            *RefundLine.objects.filter(order_line=old.order_line).order_by("-pk")[:1],
            *DisputeLine.objects.filter(order_line=old.order_line).order_by("-pk")[:1],
        ]
        if causes:
            reverse(causes[0], at)  # by target: one row stands for all that went back
        done += 1
    return done


def gone_for(order_line_id: int, reason: str) -> bool:
    """Say whether a line has a sale that was born void for this reason."""
    rows = Commission.objects.filter(order_line=order_line_id, kind=Kind.SALE, state=State.VOID)
    return rows.filter(reason=reason).exists()
