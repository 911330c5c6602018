"""Disputes over a channel that another creator has verified.

    begin(...)     the claimant says that it is hers; the holder is asked
    answer(...)    the holder's word; from then on we have ten days
    follow(...)    what the decision does: the channel moves, or it stays

Nothing changes before a person decides. What she decides by: a sign-in at the platform that the
claimant has just shown, a code in the bio that only its owner can place, and both sides' words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from creators import cases, channels, enrolment, manual_checks
from creators.models import Case, ChannelDispute, Creator

ANSWER_WITHIN = timedelta(days=10)
MOST_OPEN = 3  # of one claimant


class NothingToDispute(Exception):
    """Nobody else has verified this channel (any more): it can simply be connected."""


class TooMany(Exception):
    """This claimant has enough disputes that nobody has decided yet."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A channel that turned out to be taken. `proven_at`: the claimant signed in with it."""

    platform: str
    external_id: str
    handle: str
    proven_at: datetime | None = None
    followers: int | None = None


@transaction.atomic
def begin(creator: Creator, claim: Claim, text: str, at: datetime) -> Case:
    """Open a case over a channel; a second time returns the one that is open.

    Raises NothingToDispute, TooMany; ValueError without a reason.
    """
    if not text.strip():
        raise ValueError("a dispute needs a reason")
    Creator.objects.select_for_update(of=("self",), no_key=True).get(pk=creator.pk)
    taken = channels.taken_by(creator, claim.platform, claim.external_id, claim.handle)
    if taken is None:
        raise NothingToDispute(f"{claim.platform}:{claim.handle}")
    mine = creator.cases.undecided().filter(kind=Case.Kind.CHANNEL_DISPUTE)
    known = mine.filter(dispute__channel=taken).first()
    if known is not None:
        return known
    if mine.count() >= MOST_OPEN:
        raise TooMany(f"creator {creator.pk}")
    case = creator.cases.create(
        kind=Case.Kind.CHANNEL_DISPUTE, subject=f"channel:{taken.pk}", reason=text.strip(),
        opened_at=at, opened_by=creator.user, answer_by=at + ANSWER_WITHIN,
        decide_by=at + ANSWER_WITHIN + cases.DECIDE_WITHIN, takes_lines=False,
    )  # fmt: skip
    ChannelDispute.objects.create(
        case=case, holder=taken.creator, channel=taken, platform=claim.platform,
        external_id=claim.external_id, handle=claim.handle, code=manual_checks.new_code(),
        proven_at=claim.proven_at, followers=claim.followers,
    )  # fmt: skip
    cases.write(case, "opened", at, creator.user, case.reason)
    return case


@transaction.atomic
def answer(case: Case, holder: Creator, text: str, *, at: datetime) -> Case:
    """Keep the holder's word; we decide within ten days of it. Raises cases.Decided, TooLate."""
    row = cases.locked(case)
    if row.kind != Case.Kind.CHANNEL_DISPUTE or row.state != Case.State.OPEN:
        raise cases.Decided(f"{row} is {row.state}")
    if row.dispute.holder_id != holder.pk:
        raise ValueError(f"creator {holder.pk} does not hold what {row} is about")
    if at >= row.answer_by:
        raise cases.TooLate(f"{row} could be answered until {row.answer_by}")
    row.state, row.decide_by = Case.State.ANSWERED, at + cases.DECIDE_WITHIN
    row.save(update_fields=["state", "decide_by"])
    cases.write(row, "answered", at, holder.user, text.strip(), tells=False)
    return row


def refuse_own(case: Case, by: AbstractUser) -> None:
    """Raise enrolment.OwnAccount if `by` holds the channel that a case is about."""
    dispute = ChannelDispute.objects.filter(case=case).select_related("holder").first()
    if dispute is not None:
        enrolment.refuse_own(dispute.holder, by)


def follow(case: Case, at: datetime) -> bool:
    """Move the channel after a decision for the claimant; say whether it moved.

    Part of the decision's transaction. Raises channels.ChannelTaken if a third creator has it.
    """
    if case.kind != Case.Kind.CHANNEL_DISPUTE or case.state != Case.State.UPHELD:
        return False
    dispute = ChannelDispute.objects.select_related("channel__creator", "holder").get(case=case)
    held = dispute.channel
    is_held = held is not None and held.creator_id == dispute.holder_id
    channels.move(
        held if is_held and held.verified_at and not held.disconnected_at else None,
        case.creator, dispute.platform, dispute.external_id, dispute.handle,
        followers=dispute.followers, at=at,
    )  # fmt: skip
    return True
