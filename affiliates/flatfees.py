"""Flat fees: a sum for a post, set aside when she says yes, paid after the brand approves the post.

    reserve ─▶ hand_in ─▶ approve ─▶ settled with the next night
    on yes     her post   the brand, within 7 days; its silence counts for her

The money is an adjustment that is written at once and waits: the brand's funds cover it from then
on, and nobody spends it twice. It goes back (void) when she does not post within 30 days, or when
the brand says no to two posts, which she may contest; the brand may promise it `again`. Where a
person at Thousand makes its commission void, `commissions.void` ends the fee too. Source:
docs/together.md.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from affiliates import commissions, earnings, events, funding, ledger, tax
from affiliates.clock import PAUSED, local_day
from affiliates.models import Collaboration, Commission, FlatFee, Participation
from affiliates.samplerules import AGAIN_DAYS, CONFIRM_DAYS, REFUSALS, until
from config.lib.money import half_up
from creators import cases, posts, profiles
from creators.models import Creator
from shop.models import Brand

POST_DAYS = 30
State = FlatFee.State
BATCH = 500


class NotFunded(Exception):
    """The brand's money does not cover the fee: nothing is promised that is not there."""


class OutOfOrder(Exception):
    """The fee is at another step, or it is not this side's turn."""


class NotHers(Exception):
    """The platform says that somebody else published the post."""


class Contested(OutOfOrder):
    """She contested the refusal: until that is decided the fee could be paid twice."""


def needed(brand: Brand, amount: int, at: datetime) -> int:
    """Return what a fee takes of a brand's money: with the VAT that we invoice on it."""
    home_bp = tax.home_vat_bp(local_day(at))
    return amount + half_up(amount, tax.vat_bp_of(brand, home_bp))


def covers(brand: Brand, amount: int, count: int, at: datetime) -> bool:
    """Say whether a brand's money covers `count` fees; lock its account first to act on it."""
    return funding.of(brand, at=at).payable >= needed(brand, amount, at) * count


@transaction.atomic
def reserve(row: Participation, at: datetime) -> FlatFee:
    """Set the fee of a participation aside, all of it or (NotFunded) nothing."""
    return FlatFee.objects.create(
        participation=row, commission=_set_aside(row, at), act_by=until(at, POST_DAYS),
        reserved_at=at,
    )  # fmt: skip


def _set_aside(row: Participation, at: datetime) -> Commission:
    offer, brand = row.collaboration, row.collaboration.brand
    ledger.lock(ledger.brand(brand.pk), brand.currency)
    if not covers(brand, offer.flat_fee, 1, at):
        raise NotFunded(f"{brand} has no {offer.flat_fee} for {row}")
    with override(profiles.mail_language(row.creator)):
        reason = _("Fee for a post: %(name)s") % {"name": offer.name}
    made = Commission.objects.create(
        kind=Commission.Kind.ADJUSTMENT, creator=row.creator, brand=brand, collaboration=offer,
        amount=offer.flat_fee, currency=brand.currency, reason=reason, due_at=PAUSED,
        created_at=at,
    )  # fmt: skip
    events.tell(events.BORN, [made.pk], at)
    return made


def _locked(pk: int, *states: str, **whose) -> FlatFee:
    rows = FlatFee.objects.select_for_update(of=("self",)).filter(pk=pk, **whose)
    row = rows.select_related(
        "commission", "participation__collaboration__brand", "participation__creator"
    ).first()
    if row is None or row.state not in states:
        raise OutOfOrder(f"fee {pk} is none of {states}")
    return row


def hand_in(creator: Creator, pk: int, url: str, at: datetime) -> FlatFee:
    """Take the address of her post; the brand has seven days. Raises OutOfOrder, NotHers,
    posts.NotAPost, posts.NoChannel, posts.NoPost.
    """
    found = posts.look(creator, url, at)  # before the lock: a platform may take its time
    if found.verdict == posts.NOT_HERS:
        raise NotHers(found.author)
    with transaction.atomic():
        row = _locked(pk, State.RESERVED, participation__creator=creator)
        row.state, row.post_url, row.act_by = State.POSTED, found.url, until(at, CONFIRM_DAYS)
        row.is_checked, row.tells = found.verdict == posts.HERS, True
        row.save()
    return row


@transaction.atomic
def approve(brand: Brand, pk: int, at: datetime) -> FlatFee:
    """Let a fee be settled with the next night. Raises OutOfOrder."""
    row = _locked(pk, State.POSTED, participation__collaboration__brand=brand)
    return _pay(row, at)


@transaction.atomic
def refuse(brand: Brand, pk: int, reason: str, at: datetime) -> FlatFee:
    """Say that a post is not what was agreed: she has seven days for another; the second no ends
    it. Raises OutOfOrder, ValueError without a reason.
    """
    row = _locked(pk, State.POSTED, participation__collaboration__brand=brand)
    if not reason.strip():
        raise ValueError("a no needs a reason")
    row.refusals, row.reason, row.tells = row.refusals + 1, reason.strip()[:1_000], True
    if row.refusals >= REFUSALS:
        return _give_back(row, State.REFUSED, at)
    row.state, row.act_by = State.RESERVED, until(at, AGAIN_DAYS)
    row.save()
    return row


@transaction.atomic
def again(brand: Brand, pk: int, at: datetime) -> FlatFee:
    """Promise a fee once more that is over: set aside anew, with a new clock.

    The commission that is void stays as it was. Raises OutOfOrder: also where the offer or her
    part in it is over; NotFunded.
    """
    over = (State.REFUSED, State.LAPSED, State.VOID)
    row = _locked(pk, *over, participation__collaboration__brand=brand)
    taken = row.participation
    runs = Collaboration.objects.running(at).filter(pk=taken.collaboration_id).exists()
    if not (runs and taken.state == Participation.State.ACCEPTED and taken.creator.is_enrolled):
        raise OutOfOrder(f"fee {pk}: nobody is there to post for it")
    mine = cases.contests(taken.creator, [earnings.subject_of(row.commission)])
    if any(case.decided_at is None for case in mine.values()):
        raise Contested(f"fee {pk}: a person still decides on the refusal")
    row.commission = _set_aside(row.participation, at)
    row.state, row.post_url, row.is_checked, row.reason = State.RESERVED, "", False, ""
    row.refusals, row.decided_at, row.tells = 0, None, True
    row.act_by, row.reserved_at = until(at, POST_DAYS), at
    row.save()
    return row


def resolve(at: datetime) -> int:
    """Do what silence does: an unseen post is paid, an unkept promise goes back; how many."""
    silent = FlatFee.objects.filter(state__in=[State.RESERVED, State.POSTED], act_by__lte=at)
    done = 0
    for pk in list(silent.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        done += _resolve(pk, at)
    return done


@transaction.atomic
def _resolve(pk: int, at: datetime) -> bool:
    row = FlatFee.objects.select_for_update(of=("self",)).select_related("commission").get(pk=pk)
    if row.act_by > at:
        return False
    if row.state == State.POSTED:
        _pay(row, at)
    elif row.state == State.RESERVED:
        row.tells = True
        _give_back(row, State.LAPSED, at)
    return True


def _pay(row: FlatFee, at: datetime) -> FlatFee:
    due_at = commissions.late(at)
    Commission.objects.filter(pk=row.commission_id, due_at=PAUSED).update(due_at=due_at)
    row.state, row.decided_at, row.tells = State.APPROVED, at, True
    row.save()
    return row


def _give_back(row: FlatFee, state: str, at: datetime) -> FlatFee:
    commissions.void([row.commission_id])
    row.state, row.decided_at = state, at
    row.save()
    return row


def note_unfunded(participation_id: int, at: datetime) -> int:
    """Remember that a yes found no money, for the brand to see; the invitation stays open."""
    return Participation.objects.filter(pk=participation_id).update(unfunded_at=at)
