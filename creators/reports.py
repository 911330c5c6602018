"""What visitors report (EU DSA art. 16): each report opens a case, or joins the open one.

A report needs no account. Its token is a signature, not a secret in a table: whoever has the
link sees what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core import signing
from django.db import IntegrityError, transaction

from creators import cases
from creators.models import Case, Creator, Report

SALT = "report"


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says about a page of ours; name and address are hers to give."""

    ground: str
    text: str
    url: str
    name: str = ""
    email: str = ""
    language: str = "en"


@transaction.atomic
def file(subject: str, word: Word, at: datetime, creator: Creator | None = None) -> Report:
    """Keep a report about `subject` (such as product:12) in its case; our clock runs at once."""
    case = _case(subject, word, at, creator)
    report = Report.objects.create(
        case=case, ground=word.ground, text=word.text.strip(), url=word.url[:300],
        name=word.name.strip(), email=word.email.strip(), language=word.language, created_at=at,
    )  # fmt: skip
    cases.write(case, "reported", at, None, f"report:{report.pk}", tells=bool(report.email))
    return report


def _case(subject: str, word: Word, at: datetime, creator: Creator | None) -> Case:
    """Return the undecided case about `subject`, made if there is none."""
    open_ = Case.objects.undecided().filter(kind=Case.Kind.REPORT, subject=subject)
    for _attempt in range(2):
        if case := open_.select_for_update(of=("self",)).first():
            return case
        try:
            with transaction.atomic():
                return Case.objects.create(
                    kind=Case.Kind.REPORT, state=Case.State.ANSWERED, subject=subject,
                    creator=creator, reason=word.text.strip(), opened_at=at,
                    decide_by=at + cases.DECIDE_WITHIN,
                )  # fmt: skip
        except IntegrityError:  # somebody reported it at the same moment
            continue
    return open_.get()


def token(report: Report) -> str:
    return signing.Signer(salt=SALT).sign(str(report.pk))


def of_token(text: str) -> Report | None:
    """Return the report that a signed link names, or None."""
    try:
        pk = signing.Signer(salt=SALT).unsign(text)
    except signing.BadSignature:
        return None
    return Report.objects.select_related("case").filter(pk=pk).first()
