"""Letters about taking part: invitations, answers, what was not answered in time, fees.

To a creator one letter for each; to a brand one letter an hour with all of its answers.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter, day, each_in, send_all
from affiliates.models import Collaboration, FlatFee, Participation
from config.lib import money
from creators import profiles
from creators.models import Creator
from shop import readers
from shop.models import Brand

logger = logging.getLogger(__name__)
AT_ONCE = 500
State = Participation.State
SECOND = timedelta(seconds=1)  # clocks end at midnight: the last whole day is meant


def send_waiting() -> int:
    """Mail what waits about participations and fees; return how many changes were told."""
    return _participations() + _fees()


def _participations() -> int:
    hers = Participation.objects.filter(tells=True).order_by("pk").values_list("pk", flat=True)
    told = sum(safely(lambda pk=pk: _to_creator(pk)) for pk in list(hers[:AT_ONCE]))
    rows = Participation.objects.filter(tells_brand=True).order_by("pk")
    answers: dict[int, list[int]] = defaultdict(list)
    for pk, brand_id in list(rows.values_list("pk", "collaboration__brand")[:AT_ONCE]):
        answers[brand_id].append(pk)
    return told + sum(safely(lambda b=b, i=i: _to_brand(b, i)) for b, i in answers.items())


def safely(tell: Callable[[], int]) -> int:
    try:
        return tell()
    except OSError:  # this address or the server refused it; the next call tries again
        logger.exception("somebody could not be told of a participation")
        return 0


def mail_of(creator: Creator) -> str:
    """Return the address of a creator who is to be mailed, or nothing."""
    return "" if creator.user is None or creator.is_demo else creator.user.email


@transaction.atomic
def _to_creator(pk: int) -> int:
    rows = Participation.objects.select_for_update(of=["self"], skip_locked=True)
    row = rows.select_related("creator__user", "collaboration__brand").filter(pk=pk, tells=True)
    row = row.first()
    if row is None:
        return 0
    row.tells = False
    row.save(update_fields=["tells"])
    if address := mail_of(row.creator):
        with translation.override(profiles.mail_language(row.creator)):
            _creator_letter(row, address, timezone.now()).send()
    return 1


def _creator_letter(row: Participation, address: str, at: datetime) -> Letter:
    offer, brand = row.collaboration, row.collaboration.brand
    facts = {"brand": brand.name, "name": offer.name}
    lines = []
    if row.state == State.INVITED:
        title = _("%(brand)s invites you to %(name)s.") % facts
        rate = f"{money.decimal(offer.rate_bp, 'EUR').normalize():f}"
        lines += [row.message, _("It pays %s %% of each sale.") % rate]
        if offer.flat_fee:
            fee = money.display(offer.flat_fee, brand.currency, translation.get_language() or "en")
            lines.append(_("Beside that %s for one post, paid after the brand approves it.") % fee)
        lines += _dates(offer, at)
        lines.append(_("Answer by %s: one tap, yes or no.") % day(row.answer_by - SECOND))
    elif row.state == State.ACCEPTED:
        title = _("%(brand)s takes you in: %(name)s.") % facts
        lines += _dates(offer, at)
    elif row.state == State.DECLINED:
        title = _("%(brand)s does not take you in for %(name)s.") % facts
    else:
        title = _("%(name)s of %(brand)s is closed: nobody answered in time.") % facts
    return Letter(
        to=address, subject=title.rstrip("."), title=title,
        paragraphs=[line for line in lines if line],
        url=settings.SITE_URL + reverse("affiliates:invitations"), button=_("See your invitations"),
        why=_("You get this mail because you are a creator on Thousand."),
    )  # fmt: skip


def _dates(offer: Collaboration, at: datetime) -> list[str]:
    """Say from when and until when an offer runs, where that is not from now on without an end."""
    lines = []
    if offer.starts_at > at:
        lines.append(_("It begins on %s; links can be taken from then on.") % day(offer.starts_at))
    if offer.ends_at:
        last = day(offer.ends_at - SECOND)
        lines.append(
            _("It runs up to and including %s. What is bought later earns nothing.") % last
        )
    return lines


@transaction.atomic
def _to_brand(brand_id: int, ids: list[int]) -> int:
    rows = Participation.objects.select_for_update(of=["self"], skip_locked=True)
    found = list(
        rows.select_related("creator", "collaboration")
        .filter(pk__in=ids, tells_brand=True)
        .order_by("pk")
    )
    Participation.objects.filter(pk__in=[row.pk for row in found]).update(tells_brand=False)
    brand = Brand.objects.get(pk=brand_id)
    if not found or brand.is_demo:
        return 0
    send_all(each_in(readers.readers(brand), lambda address: _brand_letter(brand, found, address)))
    return len(found)


def _brand_letter(brand: Brand, found: Sequence[Participation], address: str) -> Letter:
    lines = [
        (f"{row.creator.display_name}, {row.collaboration.name}", str(row.get_state_display()))
        for row in found
    ]
    return Letter(
        to=address,
        subject=_("Answers of creators to %s") % brand.name,
        title=_("Creators have answered, or were not answered."),
        paragraphs=[_("Who applied waits for your answer for seven days.")],
        rows=lines[:50],
        url=settings.SITE_URL + reverse("affiliates:collaborations", args=[brand.slug]),
        button=_("See your collaborations"),
        why=_("You get this because you are a member of %(brand)s.") % {"brand": brand.name},
    )


# ------------------------------------------------------------------ fees


def _fees() -> int:
    ids = list(FlatFee.objects.filter(tells=True).values_list("pk", flat=True)[:AT_ONCE])
    return sum(safely(lambda pk=pk: _fee(pk)) for pk in ids)


@transaction.atomic
def _fee(pk: int) -> int:
    rows = FlatFee.objects.select_for_update(of=["self"], skip_locked=True).select_related(
        "commission", "participation__creator__user", "participation__collaboration__brand"
    )
    row = rows.filter(pk=pk, tells=True).first()
    if row is None:
        return 0
    row.tells = False
    row.save(update_fields=["tells"])
    creator, offer = row.participation.creator, row.participation.collaboration
    if row.state == FlatFee.State.POSTED:
        team = [] if offer.brand.is_demo else readers.readers(offer.brand)
        send_all(each_in(team, lambda address: _fee_letter(row, address, for_brand=True)))
    elif address := mail_of(creator):
        with translation.override(profiles.mail_language(creator)):
            _fee_letter(row, address).send()
    return 1


def _fee_letter(row: FlatFee, address: str, *, for_brand: bool = False) -> Letter:
    offer, creator = row.participation.collaboration, row.participation.creator
    language = translation.get_language() or "en"
    facts = {
        "fee": money.display(row.commission.amount, row.commission.currency, language),
        "brand": offer.brand.name, "creator": creator.display_name,
    }  # fmt: skip
    titles = {
        FlatFee.State.POSTED: _("%(creator)s has posted: look, and %(fee)s is paid."),
        FlatFee.State.APPROVED: _("Your post is approved: %(fee)s of %(brand)s clears tonight."),
        FlatFee.State.RESERVED: _("%(brand)s does not see what was agreed in your post."),
        FlatFee.State.REFUSED: _("%(brand)s said no to a second post: %(fee)s is not paid."),
        FlatFee.State.LAPSED: _("No post in time: %(fee)s of %(brand)s went back."),
        FlatFee.State.VOID: _("%(fee)s of %(brand)s is not paid: a person at Thousand decided so."),
    }
    if row.state == FlatFee.State.RESERVED and not row.refusals:
        titles[row.state] = _("%(brand)s promises %(fee)s for a post again.")
    path = reverse("affiliates:invitations")
    if for_brand:
        path = reverse("affiliates:collaboration", args=[offer.brand.slug, offer.pk])
    lines = [row.post_url if for_brand else row.reason]
    if for_brand:
        last = day(row.act_by - SECOND)
        lines.append(_("Without an answer by %s it counts as approved.") % last)
    if row.state == FlatFee.State.RESERVED:
        lines.append(_("Paste the address of your post by %s.") % day(row.act_by - SECOND))
    if row.state in {FlatFee.State.REFUSED, FlatFee.State.VOID}:
        lines.append(_("You can contest that on the page of your invitations: a person decides."))
    title = titles[row.state] % facts
    return Letter(
        to=address, subject=title.rstrip("."), title=title,
        paragraphs=[line for line in lines if line], url=settings.SITE_URL + path,
        button=_("See it"), why=_("You get this mail because you agreed on a fee for a post."),
    )  # fmt: skip
