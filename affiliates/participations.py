"""Who takes part in a collaboration that is not open to all: invited, or asked by herself.

    invite ─▶ accept | decline       her answer, within 7 days
    apply ─▶ judge                                  the brand's, within 7 days
    lapse(at)                                       what nobody answered is closed, with a notice

Each change of state `tells` her, or `tells_brand`: that side is mailed (participationletters). Who
was not answered may ask again AGAIN_DAYS later; who was silent may come at once. A no stays a no.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from affiliates import collaborations, events, flatfees, funding, ledger, outreach
from affiliates.models import Collaboration, Participation, Thread
from affiliates.samplerules import until
from creators.models import Creator, DirectoryEntry
from shop.models import Brand

State = Participation.State
ANSWER_DAYS = 7
AGAIN_DAYS = 14  # after an invitation or application that nobody answered
MOST_AT_ONCE = 100  # creators that one click invites
MOST_APPLIED = 20  # open applications of one creator


class TooManyAtOnce(Exception):
    """More creators than may be invited at once."""


class NotInvited(Exception):
    """There is no invitation (any more) to answer."""


class NotOpen(Exception):
    """Nobody can apply there (any more), or she did before."""


class TooMany(Exception):
    """She waits for as many brands as she may."""


@transaction.atomic
def invite(
    collaboration: Collaboration, creators: Iterable[Creator], at: datetime, message: str = ""
) -> int:
    """Invite creators to a collaboration that is not open to all; return how many are new.

    Whoever was invited before keeps that invitation, unless it lapsed AGAIN_DAYS ago; whoever
    blocked the brand gets none. Raises TooManyAtOnce above MOST_AT_ONCE, outreach.QuotaReached, and
    flatfees.NotFunded where its fee is not there for all of them.
    """
    creators = list(creators)
    if len(creators) > MOST_AT_ONCE:
        raise TooManyAtOnce(f"{len(creators)} creators, {MOST_AT_ONCE} at once at most")
    brand = collaboration.brand
    Brand.objects.select_for_update().get(pk=brand.pk)  # one inviter at a time
    rows = collaboration.participations
    known = set(rows.exclude(invited_again(at)).values_list("creator_id", flat=True))
    blocked = set(
        Thread.objects.filter(brand=brand, blocked_by_creator_at__isnull=False).values_list(
            "creator_id", flat=True
        )
    )
    creators = [one for one in creators if one.pk not in known | blocked]
    outreach.take(brand, [one.pk for one in creators], at)
    if collaboration.flat_fee and creators:
        _fees_covered(collaboration, len(creators), at)
    facts = {
        "state": State.INVITED, "message": message, "asked_at": at,
        "answer_by": until(at, ANSWER_DAYS), "tells": True,
    }  # fmt: skip
    again = rows.filter(invited_again(at), creator__in=creators)
    again.update(
        **facts, asked_by_creator=False, answered_at=None, unfunded_at=None, tells_brand=False
    )
    there = set(rows.filter(creator__in=creators).values_list("creator_id", flat=True))
    new = [
        Participation(creator=creator, collaboration=collaboration, **facts)
        for creator in creators
        if creator.pk not in there
    ]
    Participation.objects.bulk_create(new, ignore_conflicts=True)  # she may apply meanwhile
    made = rows.filter(creator__in=creators, state=State.INVITED, asked_at=at)
    ids = list(made.values_list("pk", flat=True))
    events.tell(events.INVITATION, ids, at)
    return len(ids)


def invited_again(at: datetime) -> Q:
    """What lapsed and may be asked of her anew: her own application at once, an invitation later."""
    return Q(state=State.LAPSED) & (
        Q(asked_by_creator=True) | Q(answer_by__lte=at - timedelta(days=AGAIN_DAYS))
    )


def applied_again(at: datetime) -> Q:
    """What lapsed and she may apply for anew: an invitation at once, her own application later."""
    return Q(state=State.LAPSED) & (
        Q(asked_by_creator=False) | Q(answer_by__lte=at - timedelta(days=AGAIN_DAYS))
    )


def _fees_covered(collaboration: Collaboration, count: int, at: datetime) -> None:
    """See that the brand's money covers these fees beside those that it has promised already."""
    brand = collaboration.brand
    ledger.lock(ledger.brand(brand.pk), brand.currency)
    open_ = Participation.objects.filter(
        collaboration__brand=brand, collaboration__flat_fee__gt=0, state=State.INVITED
    )
    fees = list(open_.values_list("collaboration__flat_fee", flat=True))
    fees += [collaboration.flat_fee] * count
    needed = sum(flatfees.needed(brand, fee, at) for fee in fees)
    if funding.of(brand, at=at).payable < needed:
        raise flatfees.NotFunded(f"{brand} has not {needed} for {len(fees)} fees")


@transaction.atomic
def invite_to_new(
    brand: Brand,
    creators: Iterable[Creator],
    at: datetime,
    message: str,
    *,
    name: str,
    rate_bp: int,
    starts_at: datetime,
    ends_at: datetime | None,
    flat_fee: int = 0,
    budget: int | None = None,
) -> tuple[Collaboration, int]:
    """Make a targeted collaboration and invite `creators` to it, or do neither."""
    offer = collaborations.create(
        brand, kind=Collaboration.Kind.TARGETED, name=name, rate_bp=rate_bp, at=starts_at,
        ends_at=ends_at, message=message, flat_fee=flat_fee, budget=budget,
    )  # fmt: skip
    return offer, invite(offer, creators, at, message)


# ------------------------------------------------------------------ her answer


def accept(creator: Creator, participation_id: int, at: datetime) -> Participation:
    """Take part. Raises NotInvited when the invitation is gone or too late, and
    flatfees.NotFunded when its fee is not there: then the invitation stays open.
    """
    return _answer(creator, participation_id, State.ACCEPTED, at)


def decline(creator: Creator, participation_id: int, at: datetime) -> Participation:
    """Say no; nothing else changes. Raises NotInvited as accept does."""
    return _answer(creator, participation_id, State.DECLINED, at)


@transaction.atomic
def _answer(creator: Creator, participation_id: int, state: str, at: datetime) -> Participation:
    row = (
        Participation.objects.select_for_update(of=("self",))
        .select_related("collaboration__brand")
        .filter(pk=participation_id, creator=creator, asked_by_creator=False)
        .first()
    )
    if row is None or row.state != State.INVITED or _is_late(row, at):
        raise NotInvited(f"no open invitation {participation_id} for {creator}")
    return _become(row, state, at)


def _become(row: Participation, state: str, at: datetime) -> Participation:
    row.state, row.answered_at = state, at
    row.tells, row.tells_brand = row.asked_by_creator, not row.asked_by_creator
    row.save(update_fields=["state", "answered_at", "tells", "tells_brand"])
    if state == State.ACCEPTED and row.collaboration.flat_fee:
        flatfees.reserve(row, at)
    events.tell(events.INVITATION, [row.pk], at)
    return row


def _is_late(row: Participation, at: datetime) -> bool:
    ends_at = row.collaboration.ends_at
    return (row.answer_by is not None and row.answer_by <= at) or (
        ends_at is not None and ends_at <= at
    )


# ------------------------------------------------------------------ by approval


def open_for(creator: Creator, at: datetime):
    """Return the collaborations by approval that a creator may apply for, newest first."""
    followers = DirectoryEntry.objects.filter(creator=creator).values_list("followers_max").first()
    rows = Collaboration.objects.running(at).filter(
        kind=Collaboration.Kind.APPROVAL, brand__status=Brand.Status.ACTIVE,
        min_followers__lte=followers[0] if followers else 0,
    )  # fmt: skip
    known = creator.participations.exclude(applied_again(at)).values("collaboration")
    blocked = creator.threads.filter(
        Q(blocked_by_brand_at__isnull=False) | Q(blocked_by_creator_at__isnull=False)
    )
    rows = rows.exclude(pk__in=known).exclude(brand__in=blocked.values("brand"))
    return rows.select_related("brand").order_by("-starts_at", "-pk")


@transaction.atomic
def apply(
    creator: Creator, collaboration_id: int, at: datetime, message: str = ""
) -> Participation:
    """Ask to take part; the brand has seven days. Raises NotOpen, TooMany."""
    Creator.objects.select_for_update(of=("self",)).get(pk=creator.pk)
    offer = open_for(creator, at).filter(pk=collaboration_id).first()
    if offer is None or not creator.is_enrolled:
        raise NotOpen(f"{creator} cannot apply for {collaboration_id}")
    if creator.participations.filter(state=State.APPLIED).count() >= MOST_APPLIED:
        raise TooMany(str(creator))
    facts = {
        "state": State.APPLIED, "message": message[:2_000], "asked_by_creator": True,
        "asked_at": at, "answer_by": until(at, ANSWER_DAYS), "answered_at": None,
        "tells": False, "tells_brand": True,
    }  # fmt: skip
    lapsed = creator.participations.filter(applied_again(at), collaboration=offer)
    if not lapsed.update(**facts):
        try:
            with transaction.atomic():
                Participation.objects.create(creator=creator, collaboration=offer, **facts)
        except IntegrityError as there:  # she was invited, or answered, meanwhile
            raise NotOpen(f"{creator} is in {collaboration_id} already") from there
    made = creator.participations.select_related("collaboration__brand").get(collaboration=offer)
    events.tell(events.INVITATION, [made.pk], at)
    return made


@transaction.atomic
def judge(brand: Brand, participation_id: int, yes: bool, at: datetime) -> Participation:
    """Let an applicant take part, or not. Raises NotOpen when there is nothing to answer, and
    flatfees.NotFunded.
    """
    row = (
        Participation.objects.select_for_update(of=("self",))
        .select_related("collaboration__brand", "creator")
        .filter(pk=participation_id, collaboration__brand=brand, asked_by_creator=True)
        .first()
    )
    if row is None or row.state != State.APPLIED or _is_late(row, at):
        raise NotOpen(f"no open application {participation_id} at {brand}")
    return _become(row, State.ACCEPTED if yes else State.DECLINED, at)


def shown_to(creator: Creator, collaboration_id: int, at: datetime) -> Collaboration | None:
    """Return an offer that she is invited to or may apply for, or None."""
    rows = Collaboration.objects.select_related("brand")
    hers = rows.filter(pk=collaboration_id, participations__creator=creator).first()
    return hers or open_for(creator, at).filter(pk=collaboration_id).first()


@transaction.atomic
def take_words_down(offer: Collaboration) -> int:
    """Empty what the brand wrote in an offer and its invitations; return how many texts."""
    invitations = offer.participations.filter(asked_by_creator=False).exclude(message="")
    own = Collaboration.objects.filter(pk=offer.pk).exclude(message="")
    return invitations.update(message="") + own.update(message="")


# ------------------------------------------------------------------ the clock


@transaction.atomic
def lapse(at: datetime) -> int:
    """Close what nobody answered in time; return how many. Both sides get a notice."""
    late = Participation.objects.filter(state__in=[State.INVITED, State.APPLIED], answer_by__lte=at)
    ids = list(late.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    rows = Participation.objects.filter(pk__in=ids)
    done = rows.update(state=State.LAPSED, tells=True, tells_brand=True)
    events.tell(events.INVITATION, ids, at)
    return done
