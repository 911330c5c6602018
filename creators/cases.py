"""Cases: what a person must decide, with its clocks, and each step on record.

    accuse(...)    a violation: she answers within 30 days; nothing is upheld before that
    answer(...)    her word; from then on we have 10 days
    decide(...)    a person's decision with reasons; points and standing follow
    appeal(...)    within 30 days of a decision against her, heard by another admin
    lapse(...)     what nobody decided in time goes her way

Each locks the case first, so that of two at the same moment one finds it closed. What a case
freezes is money, and lives above: affiliates.holds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q, QuerySet

from creators import enrolment, standing
from creators.models import Case, CaseEvent, Creator, Violation

ANSWER_WITHIN = timedelta(days=30)
DECIDE_WITHIN = timedelta(days=10)  # of the creator's word
DECIDE_UNANSWERED = timedelta(days=40)  # of the notice, when she says nothing
APPEAL_WITHIN = timedelta(days=30)  # of the decision
UNDECIDED = Case.UNDECIDED
ANSWERED_FIRST = (Case.Kind.VIOLATION, Case.Kind.CHANNEL_DISPUTE)  # the other side speaks first
LAPSES = (Case.Kind.VIOLATION, Case.Kind.APPEAL)  # our silence counts against us
Kind, State = Case.Kind, Case.State


class Decided(Exception):
    """The case is closed already."""


class TooLate(Exception):
    """The time for this step is over."""


class TooEarly(Exception):
    """She may still answer: nothing is upheld against her before that."""


class SameJudge(Exception):
    """An appeal is heard by somebody else than the one who decided."""


def seen_by(creator: Creator) -> QuerySet[Case]:
    """Return her cases, and disputes over a channel that she holds; a report about her page is
    shown once it is decided.
    """
    rows = Case.objects.filter(Q(creator=creator) | Q(dispute__holder=creator))
    return rows.exclude(kind=Kind.REPORT, state__in=UNDECIDED)


def write(
    case: Case, kind: str, at: datetime, actor: AbstractUser | None, text: str = "",
    tells: bool = True,
) -> CaseEvent:  # fmt: skip
    """Add a step to the record of a case; `tells`: those concerned get a mail about it."""
    return CaseEvent.objects.create(
        case=case, at=at, actor=actor, kind=kind, text=text, tells=tells
    )


def locked(case: Case) -> Case:
    """Lock a case until the transaction ends, and return it as it is now."""
    rows = Case.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("creator__user", "violation").get(pk=case.pk)


# ------------------------------------------------------------------ opened


@transaction.atomic
def contest(creator: Creator, subject: str, text: str, at: datetime) -> Case:
    """Open the creator's own case about `subject`; a second time returns the first one.

    She has said her word with it, so our clock runs at once.
    """
    Creator.objects.select_for_update(of=("self",), no_key=True).get(pk=creator.pk)
    known = creator.cases.filter(kind=Kind.CONTEST, subject=subject).first()
    if known:
        return known
    case = creator.cases.create(
        kind=Kind.CONTEST, state=State.ANSWERED, subject=subject, reason=text,
        opened_at=at, opened_by=creator.user, decide_by=at + DECIDE_WITHIN,
    )  # fmt: skip
    write(case, "opened", at, creator.user, text, tells=False)
    return case


@transaction.atomic
def accuse(
    creator: Creator, violation: Violation, reason: str, *, by: AbstractUser, at: datetime,
    takes_lines: bool = True, automated: bool = False, subject: str = "",
) -> Case:  # fmt: skip
    """Open a case against a creator, with the reasons that she reads, and start her clock."""
    if not reason.strip():
        raise ValueError("a case needs a reason")
    case = creator.cases.create(
        kind=Kind.VIOLATION, violation=violation, points=violation.points, reason=reason.strip(),
        subject=subject, opened_at=at, opened_by=by, answer_by=at + ANSWER_WITHIN,
        decide_by=at + DECIDE_UNANSWERED, takes_lines=takes_lines, automated=automated,
    )  # fmt: skip
    write(case, "opened", at, by, case.reason)
    return case


# ------------------------------------------------------------------ her word


@transaction.atomic
def answer(case: Case, text: str, *, at: datetime) -> Case:
    """Keep the creator's answer; we decide within ten days of it. Raises Decided or TooLate."""
    row = locked(case)
    if row.kind != Kind.VIOLATION or row.state != State.OPEN:
        raise Decided(f"{row} is {row.state}")
    if at >= row.answer_by:
        raise TooLate(f"{row} could be answered until {row.answer_by}")
    row.state, row.decide_by = State.ANSWERED, at + DECIDE_WITHIN
    row.save(update_fields=["state", "decide_by"])
    write(row, "answered", at, row.creator.user, text.strip(), tells=False)
    return row


@transaction.atomic
def appeal(case: Case, text: str, *, at: datetime) -> Case:
    """Open the creator's appeal against a decision. Raises Decided or TooLate."""
    row = locked(case)
    if row.state != State.UPHELD or row.kind != Kind.VIOLATION or row.appeals.exists():
        raise Decided(f"{row} is {row.state}")
    if row.appeal_by is None or at >= row.appeal_by:
        raise TooLate(f"{row} could be appealed until {row.appeal_by}")
    made = Case.objects.create(
        creator=row.creator, kind=Kind.APPEAL, state=State.ANSWERED, appeal_of=row,
        subject=f"case:{row.pk}", reason=text.strip(), opened_at=at, opened_by=row.creator.user,
        decide_by=at + DECIDE_WITHIN,
    )  # fmt: skip
    write(row, "appealed", at, row.creator.user, text.strip(), tells=False)
    write(made, "opened", at, row.creator.user, text.strip(), tells=False)
    return made


# ------------------------------------------------------------------ decided


@transaction.atomic
def decide(case: Case, upheld: bool, *, by: AbstractUser, reason: str, at: datetime) -> Case:
    """Close a case with a reason that those concerned read.

    Upheld means: the violation stands; or, for what a creator or a visitor asked, she is right.
    Raises Decided, TooLate (our time is over: it lapses), TooEarly, SameJudge,
    enrolment.OwnAccount; ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("a decision needs a reason")
    row = locked(case)
    if row.state not in UNDECIDED:
        raise Decided(f"{row} is {row.state}")
    if row.kind in LAPSES and row.decide_by and at >= row.decide_by:
        raise TooLate(f"{row} was to be decided by {row.decide_by}")
    may_answer = row.state == State.OPEN and row.answer_by and at < row.answer_by
    if row.kind in ANSWERED_FIRST and upheld and may_answer:
        raise TooEarly(f"{row} may be answered until {row.answer_by}")
    if row.kind == Kind.APPEAL and row.appeal_of.decided_by_id == by.pk:
        raise SameJudge(f"{by} decided {row.appeal_of}")
    if row.creator:
        enrolment.refuse_own(row.creator, by)
    _close(row, State.UPHELD if upheld else State.DISMISSED, by, reason.strip(), at)
    return row


@transaction.atomic
def lapse(case: Case, at: datetime) -> bool:
    """Close a case that nobody decided in time, in her favour; False: it is not due (any more)."""
    row = locked(case)
    if row.state not in UNDECIDED or row.kind not in LAPSES:
        return False
    if row.decide_by is None or row.decide_by > at:
        return False
    _close(row, State.LAPSED, None, "", at)
    return True


def _close(
    row: Case, state: str, by: AbstractUser | None, reason: str, at: datetime
) -> None:  # fmt: skip
    row.state, row.decided_at, row.decided_by = state, at, by
    if row.kind == Kind.VIOLATION and state == State.UPHELD:
        row.appeal_by = at + APPEAL_WITHIN
        if row.violation:
            row.points_expire_on = enrolment.market_day(at) + timedelta(days=row.violation.days)
    row.save(update_fields=["state", "decided_at", "decided_by", "appeal_by", "points_expire_on"])
    write(row, state, at, by, reason)
    if row.kind == Kind.VIOLATION and state == State.UPHELD:
        standing.apply(row.creator, at, row)
    if row.kind == Kind.APPEAL and state in (State.UPHELD, State.LAPSED):
        first = locked(row.appeal_of)
        first.state = State.REVERSED
        first.save(update_fields=["state"])
        write(first, State.REVERSED, at, by, reason, tells=False)
        standing.apply(row.creator, at)


def is_final(case: Case, at: datetime) -> bool:
    """Say whether nothing can change this case any more."""
    return Case.objects.final(at).filter(pk=case.pk).exists()


# ------------------------------------------------------------------ read


def contests(creator: Creator, subjects: list[str]) -> dict[str, Case]:
    """Return her contests by subject, each with the words of its decision in `answer`."""
    found = {}
    rows = creator.cases.filter(kind=Kind.CONTEST, subject__in=subjects)
    for case in rows.prefetch_related("events"):
        last = list(case.events.all())[-1:]
        case.answer = last[0].text if last and case.decided_at else ""
        found[case.subject] = case
    return found
