"""A platform is off: one admin says so, another agrees; and what follows for links.

    propose(...) -> PlatformSwitch    say(switch, kind, ...)    answer(word, yes, ...)
    off(platform, country, at) -> PlatformSwitch | None

Whether a platform is off follows from the agreed rows and the moment alone, so nothing has to
run for it. What has to (clocks, letters): switchwork.py. Source: docs/platform-loss.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from affiliates.locks import Lock
from affiliates.models import Collaboration, Link, PlatformSwitch, SwitchWord
from creators.models import Creator
from shop.models import Brand

State, Kind, Answer = PlatformSwitch.State, SwitchWord.Kind, SwitchWord.Answer
EARLIEST = timedelta(days=30)  # how far back an outage that nobody noted may have begun


class NotAllowed(Exception):
    """A step out of order, by the same person, or by whom it concerns; its message is shown."""


# ------------------------------------------------------------------ what is off


def off(platform: str, country: str, at: datetime) -> PlatformSwitch | None:
    """Return the switch by which `platform` is off for creators of `country`, if it is."""
    return PlatformSwitch.objects.on(at).of(platform, country).order_by("off_from").first()


def platforms_off(country: str, at: datetime) -> dict[str, PlatformSwitch]:
    """Return what is off for creators of `country`, by platform. One query."""
    return by_platform(around(country, at), at)


def around(country: str, at: datetime) -> Sequence[PlatformSwitch]:
    """Return the switches that concern creators of `country` now or later. One query."""
    rows = PlatformSwitch.objects.ahead_or_on(at).filter(country__in=["", country])
    return list(rows.order_by("-off_from"))


def by_platform(around: Sequence[PlatformSwitch], at: datetime) -> dict[str, PlatformSwitch]:
    """Return of `around` those whose platform is off at `at`; the first to go off counts."""
    return {row.platform: row for row in around if row.off_from <= at}


def stops_clicks(
    switches: Sequence[PlatformSwitch], link: Link, clicked_at: datetime
) -> datetime | None:
    """Return since when clicks of `link` earned nothing at `clicked_at`; None: they earned."""
    since = [
        row.earns_until
        for row in switches
        if row.state == State.AGREED
        and row.platform == link.platform
        and row.country in ("", link.creator.country)
        and row.earns_until <= clicked_at
        and (row.off_until is None or clicked_at < row.off_until)
    ]
    return min(since, default=None)


def off_at(ever: Sequence[PlatformSwitch], country: str, at: datetime) -> dict[str, PlatformSwitch]:
    """Return what of `ever` was known at `at` to be off there, errors too; by platform."""
    return {
        row.platform: row
        for row in ever
        if row.country in ("", country)
        and max(row.off_from, row.agreed_at) <= at
        and all(ends is None or at < ends for ends in (row.off_until, row.withdrawn_at))
    }


def holds_samples(at: datetime) -> Q:
    """Return which samples stand still: their platform is off, or came back and their clocks
    were not moved yet.
    """
    rows = PlatformSwitch.objects.agreed().filter(off_from__lte=at).exclude(worked="back")
    found = Q(pk__in=[])
    for row in rows:
        one = Q(channel__platform=row.platform) & ~Q(state="posted")
        found |= one & Q(creator__country=row.country) if row.country else one
    return found


# ------------------------------------------------------------------ two admins


@transaction.atomic
def propose(
    platform: str, country: str, off_from: datetime, off_until: datetime | None, reason: str,
    by: AbstractBaseUser, at: datetime,
) -> PlatformSwitch:  # fmt: skip
    """Write down that a platform is to be off; nothing happens until another admin agrees.

    Raises NotAllowed.
    """
    row = PlatformSwitch(
        platform=platform, country=country.upper(), off_from=off_from, off_until=off_until,
        reason=reason.strip()[:300],
    )  # fmt: skip
    check(row, by, at)
    row.save(force_insert=True)
    _word(row, Kind.OFF, reason, by, at)
    return row


def check(row: PlatformSwitch, by: AbstractBaseUser, at: datetime) -> None:
    """Say what stands against proposing a switch. Raises NotAllowed."""
    _check_times(row, at)
    _alone(row)
    _refuse_own(row, by)


@transaction.atomic
def say(
    switch: PlatformSwitch, kind: str, reason: str, by: AbstractBaseUser, at: datetime,
    moment: datetime | None = None,
) -> SwitchWord:  # fmt: skip
    """Propose that it is back from `moment` on, or that it was an error. Raises NotAllowed."""
    row = _locked(switch)
    if kind not in (Kind.BACK, Kind.WITHDRAW) or row.state != State.AGREED:
        raise NotAllowed(_("It is %(state)s.") % {"state": row.get_state_display()})
    _refuse_over(row, at)
    if row.words.filter(answer="").exists():
        raise NotAllowed(_("Something is proposed already: another admin answers that first."))
    if kind == Kind.BACK:
        _check_back(row, moment)
    _refuse_own(row, by)
    return _word(row, kind, reason, by, at, moment if kind == Kind.BACK else None)


@transaction.atomic
def answer(
    word: SwitchWord, yes: bool, by: AbstractBaseUser, at: datetime, reason: str
) -> PlatformSwitch:
    """Agree with what another admin said, or refuse it; who said it may take it back herself.

    Raises NotAllowed.
    """
    row = _locked(word.switch)
    known = SwitchWord.objects.select_for_update(of=["self"]).get(pk=word.pk)
    if known.answer:
        raise NotAllowed(_("It is decided already: %s.") % known.get_answer_display())
    if not reason.strip():
        raise NotAllowed(_("Type the reason."))
    if yes and known.said_by_id == by.pk:
        raise NotAllowed(_("Whoever proposed it does not decide it."))
    _refuse_own(row, by)
    known.answer = Answer.AGREED if yes else Answer.REFUSED
    known.answered_by, known.answered_at = by, at
    known.answer_reason = reason.strip()[:300]
    known.save()
    if yes:
        _follow(row, known, at)
    elif known.kind == Kind.OFF:
        row.state = State.REFUSED
    row.save(update_fields=["state", "agreed_at", "off_until"])
    return row


def _follow(row: PlatformSwitch, word: SwitchWord, at: datetime) -> None:
    if word.kind == Kind.OFF:
        if row.rehearsal is None:
            raise NotAllowed(_("It is not rehearsed yet. Look at it again in a minute."))
        _check_times(row, word.said_at)
        _alone(row)
        row.state, row.agreed_at = State.AGREED, at
    elif word.kind == Kind.BACK:
        _refuse_over(row, at)
        row.off_until = word.moment
        _alone(row)
    else:
        _refuse_over(row, at)
        row.state = State.WITHDRAWN


def _locked(switch: PlatformSwitch) -> PlatformSwitch:
    with connection.cursor() as cursor:  # two that overlap are not agreed with at one moment
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.SWITCH])
    return PlatformSwitch.objects.select_for_update().get(pk=switch.pk)


def _word(
    row: PlatformSwitch, kind: str, reason: str, by: AbstractBaseUser, at: datetime,
    moment: datetime | None = None,
) -> SwitchWord:  # fmt: skip
    if not reason.strip():
        raise NotAllowed(_("Type the reason."))
    return row.words.create(
        kind=kind, reason=reason.strip()[:300], said_by=by, said_at=at, moment=moment
    )


def _check_times(row: PlatformSwitch, at: datetime) -> None:
    if row.off_from < at - EARLIEST:
        raise NotAllowed(_("It may have begun 30 days ago at the most."))
    if row.off_until and row.off_until <= row.off_from:
        raise NotAllowed(_("It is back after it went off."))


def _check_back(row: PlatformSwitch, moment: datetime | None) -> None:
    if moment is None or moment <= row.off_from:
        raise NotAllowed(_("It is back after it went off."))


def _refuse_over(row: PlatformSwitch, at: datetime) -> None:
    """An outage that ended is history: clocks were moved by it, and people were told."""
    if row.worked == "back" or row.phase(at) == "back":
        raise NotAllowed(_("It is over: the platform has been back. Propose a new one."))


def _alone(row: PlatformSwitch) -> None:
    """Refuse a second switch of the same place and time: clocks would move twice."""
    others = PlatformSwitch.objects.agreed().exclude(pk=row.pk).filter(platform=row.platform)
    if row.country:
        others = others.filter(country__in=["", row.country])
    others = others.filter(Q(off_until=None) | Q(off_until__gt=row.off_from))
    if row.off_until:
        others = others.filter(off_from__lt=row.off_until)
    if found := others.first():
        raise NotAllowed(_("It is off then already: %s.") % found)


def _refuse_own(row: PlatformSwitch, by: AbstractBaseUser) -> None:
    """Nobody decides who sells there herself, as a creator or for a brand."""
    hers = Creator.objects.filter(user=by.pk, channels__platform=row.platform)
    offers = Collaboration.objects.filter(brand__memberships__user=by.pk)
    mine = links_on(row)
    if (
        hers.exists()
        or mine.filter(creator__user=by.pk).exists()
        or mine.filter(collaboration__in=offers).exists()
    ):
        raise NotAllowed(_("You have links on it yourself: another admin does this."))


# ------------------------------------------------------------------ whom it concerns


def links_on(row: PlatformSwitch):
    """Return the working links that a switch concerns."""
    found = Link.objects.active().filter(platform=row.platform, collaboration__isnull=False)
    return found.filter(creator__country=row.country) if row.country else found


def brands_of(row: PlatformSwitch):
    """Return the brands whose creators have working links on it."""
    return Brand.objects.filter(pk__in=links_on(row).values("collaboration__brand"))
