"""Links that we switched off: their creator is told why, and cannot take them again.

block(link, reason, by, at) -> LinkBlock | None    None: it was blocked already
lift(link, reason, by, at) -> bool                 False: it was not
of(links) -> {link id: LinkBlock}                  those that stand
contest(block, text, at) -> Case                   her word; another admin decides within ten days

A creator who switches a link off herself takes it again when she likes: that is no block.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from affiliates import links
from affiliates.models import Link, LinkBlock
from config.lib import audit
from creators import cases
from creators.models import Case, Creator


@transaction.atomic
def block(link: Link, reason: str, by: AbstractBaseUser, at: datetime) -> LinkBlock | None:
    """Switch a link off for good. Raises ValueError without a reason."""
    if not (reason := reason.strip()[:300]):
        raise ValueError("a block needs a reason, which the creator reads")
    _lock(link)
    if link.blocks.standing().exists():
        return None
    row = LinkBlock.objects.create(link=link, reason=reason, blocked_by=by, blocked_at=at)
    links.deactivate(link, at)
    audit.note("link blocked", f"affiliates_link:{link.pk}", user_id=by.pk)
    return row


@transaction.atomic
def lift(link: Link, reason: str, by: AbstractBaseUser, at: datetime) -> bool:
    """Let a link work again; it is as it was, but for its place on her page."""
    creator = _lock(link)
    row = link.blocks.standing().select_for_update(of=("self",)).first()
    if row is None:
        return False
    row.lifted_by, row.lifted_at, row.lift_reason = by, at, reason.strip()[:300]
    row.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    if creator.erased_at is None:
        links.activate(link, at)
    audit.note("link freed", f"affiliates_link:{link.pk}", user_id=by.pk)
    return True


def _lock(link: Link) -> Creator:
    """Lock whoever takes links, as taking one does: nobody takes it meanwhile."""
    return Creator.objects.select_for_update(of=("self",)).get(pk=link.creator_id)


def of(found: Iterable[Link]) -> dict[int, LinkBlock]:
    """Return the block of each link that has one. One query, none where all of them work."""
    off = [link.pk for link in found if not link.is_active]
    rows = LinkBlock.objects.standing().filter(link__in=off) if off else ()
    return {row.link_id: row for row in rows}


# ------------------------------------------------------------ her word


def subject_of(row: LinkBlock) -> str:
    return f"link block:{row.pk}"


def contest(row: LinkBlock, text: str, at: datetime) -> Case:
    """Open her case about a block; a second time returns the first one."""
    return cases.contest(row.link.creator, subject_of(row), text, at)


def contested(row: LinkBlock) -> Case | None:
    subject = subject_of(row)
    return cases.contests(row.link.creator, [subject]).get(subject)


def refuse_own(case: Case, by: AbstractBaseUser) -> None:
    """Leave what was said against a block to another than who made it. Raises cases.SameJudge."""
    row = _of_case(case)
    if row is not None and row.blocked_by_id == by.pk:
        raise cases.SameJudge(f"{row} was made by user {by.pk}")


def follow(case: Case, reason: str, by: AbstractBaseUser, at: datetime) -> bool:
    """Lift the block that a case which was upheld is about; say whether there was one."""
    row = _of_case(case) if case.state == Case.State.UPHELD else None
    return row is not None and lift(row.link, reason, by, at)


def _of_case(case: Case) -> LinkBlock | None:
    kind, _sep, pk = case.subject.partition(":")
    if case.kind != Case.Kind.CONTEST or kind != "link block" or not pk.isdigit():
        return None
    rows = LinkBlock.objects.select_related("link__creator")
    return rows.filter(pk=pk, link__creator=case.creator_id).first()
