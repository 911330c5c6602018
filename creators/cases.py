"""Cases: what a person must decide, with its clock, and each step on record."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from creators.models import Case, CaseEvent, Creator

DECIDE_WITHIN = timedelta(days=10)  # of the creator's word
UNDECIDED = (Case.State.OPEN, Case.State.ANSWERED)


class Decided(Exception):
    """The case is closed already."""


@transaction.atomic
def contest(creator: Creator, subject: str, text: str, at: datetime) -> Case:
    """Open the creator's own case about `subject`; a second time returns the first one.

    She has said her word with it, so our clock runs at once.
    """
    Creator.objects.select_for_update(of=("self",)).get(pk=creator.pk)
    known = creator.cases.filter(kind=Case.Kind.CONTEST, subject=subject).first()
    if known:
        return known
    case = creator.cases.create(
        kind=Case.Kind.CONTEST, state=Case.State.ANSWERED, subject=subject, reason=text,
        opened_at=at, opened_by=creator.user, decide_by=at + DECIDE_WITHIN,
    )  # fmt: skip
    CaseEvent.objects.create(case=case, at=at, actor=creator.user, kind="opened", text=text)
    return case


@transaction.atomic
def decide(case: Case, upheld: bool, *, by: AbstractUser, reason: str, at: datetime) -> Case:
    """Close a case with a reason that the creator reads. Raises Decided, or ValueError without one."""
    if not reason.strip():
        raise ValueError("a decision needs a reason")
    row = Case.objects.select_for_update().get(pk=case.pk)
    if row.state not in UNDECIDED:
        raise Decided(f"{row} is {row.state}")
    row.state = Case.State.UPHELD if upheld else Case.State.DISMISSED
    row.decided_at, row.decided_by = at, by
    row.save(update_fields=["state", "decided_at", "decided_by"])
    CaseEvent.objects.create(case=row, at=at, actor=by, kind=row.state, text=reason.strip())
    return row


def contests(creator: Creator, subjects: list[str]) -> dict[str, Case]:
    """Return her contests by subject, each with the words of its decision in `answer`."""
    found = {}
    rows = creator.cases.filter(kind=Case.Kind.CONTEST, subject__in=subjects)
    for case in rows.prefetch_related("events"):
        last = list(case.events.all())[-1:]
        case.answer = last[0].text if last and case.decided_at else ""
        found[case.subject] = case
    return found
