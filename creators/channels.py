"""Channels: connected over OAuth or checked by hand, read again on a rhythm, forgotten on
disconnect.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet

from creators import directory, enrolment
from creators.models import Channel, ChannelToken, Creator, PlatformStatus, Reading
from creators.platforms import registry
from creators.platforms.base import (
    NotEligible,
    PlatformError,
    Profile,
    RateLimited,
    Token,
    TokenOver,
)

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
DAY, WEEK = timedelta(days=1), timedelta(days=7)
REFRESH_BEFORE = timedelta(minutes=5)
RENEW_BEFORE = timedelta(days=10)  # Instagram renews only a token that still works
MANUAL = "manual:"  # external id of a channel that no API has named


class ChannelTaken(Exception):
    """The channel is verified by another creator; a dispute goes to a case."""


@dataclass(frozen=True, slots=True)
class Read:
    """What became of one reading: a problem code, or "" when the counts are in."""

    channel_id: int
    problem: str


def is_offered(platform: str) -> bool:
    """Whether a creator can connect this platform over OAuth: configured, and not switched off by
    us.
    """
    if not registry.get(platform).is_configured:
        return False
    off = PlatformStatus.objects.filter(platform=platform, status=PlatformStatus.Status.OFF)
    return not off.exists()


def offered() -> dict[str, bool]:
    """Return for every platform whether it can be connected; one query."""
    off = set(
        PlatformStatus.objects.filter(status=PlatformStatus.Status.OFF).values_list(
            "platform", flat=True
        )
    )
    return {
        key: platform.is_configured and key not in off
        for key, platform in registry.PLATFORMS.items()
    }


def connect(
    creator: Creator, platform: str, profile: Profile, token: Token, at: datetime
) -> Channel:
    """Verify a channel by its owner's sign-in and take the first reading.

    Raises ChannelTaken if another creator has verified it.
    """
    try:
        with transaction.atomic():
            refuse_taken(creator, platform, profile.external_id, profile.handle)
            channel, _ = Channel.objects.update_or_create(
                creator=creator,
                platform=platform,
                external_id=profile.external_id,
                defaults={
                    "handle": profile.handle,
                    "url": profile.url,
                    "verified_at": at,
                    "checked_at": at,
                    "disconnected_at": None,
                    "problem": "" if profile.followers is not None else "count_hidden",
                    "token_state": Channel.Token.OK,
                },
            )
            _keep(channel, token)
            record_reading(channel, profile, at)
            _drop_manual_twin(channel)
            directory.record([creator.pk])
    except IntegrityError as error:  # two creators at the same moment: the constraint decides
        raise ChannelTaken(f"{platform}:{profile.external_id}") from error
    return channel


def taken_by(creator: Creator, platform: str, external_id: str, handle: str) -> Channel | None:
    """Return the channel by which another creator has verified this account, or its handle where
    one of the two was checked by hand and has no id.
    """
    theirs = Channel.objects.verified().filter(platform=platform).exclude(creator=creator)
    ids = [external_id, f"{MANUAL}{handle.lower().lstrip('@')}"]
    same = Q(external_id__in=ids)
    if external_id.startswith(MANUAL):
        same |= Q(handle__iexact=handle.lstrip("@"))
    return theirs.filter(same).select_related("creator").first()


def refuse_taken(creator: Creator, platform: str, external_id: str, handle: str) -> None:
    """Raise ChannelTaken if another creator has verified this account."""
    if taken_by(creator, platform, external_id, handle) is not None:
        raise ChannelTaken(f"{platform}:{external_id}")


def _drop_manual_twin(channel: Channel) -> None:
    """A sign-in replaces the same creator's check by hand of the same handle."""
    twin = Channel.objects.filter(
        creator=channel.creator,
        platform=channel.platform,
        external_id=f"{MANUAL}{channel.handle.lower()}",
    ).exclude(pk=channel.pk)
    twin.delete()


def _keep(channel: Channel, token: Token) -> None:
    ChannelToken.objects.update_or_create(
        channel=channel,
        defaults={
            "access": token.access,
            "refresh": token.refresh,
            "expires_at": token.expires_at,
        },
    )


def record_reading(channel: Channel, profile: Profile, at: datetime) -> Reading:
    """Keep the counts as the reading of that business day; the day's last one stays."""
    reading, _ = Reading.objects.update_or_create(
        channel=channel,
        day=enrolment.market_day(at),
        defaults={
            "read_at": at,
            "followers": profile.followers,
            "likes": profile.likes,
            "views": profile.views,
            "posts": profile.posts,
        },
    )
    return reading


def disconnect(channel: Channel, at: datetime) -> Token | None:
    """Forget a channel's numbers and tokens; its decisions keep what they were made from.

    Returns the token, for the caller to withdraw it at the platform once this has been committed.
    """
    with transaction.atomic():
        held = ChannelToken.objects.filter(channel=channel).first()
        ChannelToken.objects.filter(channel=channel).delete()
        channel.readings.all().delete()
        channel.manual_checks.all().drop_pictures()
        channel.manual_checks.waiting().delete()
        channel.disconnected_at = at
        channel.token_state = Channel.Token.NONE
        channel.problem = ""
        channel.save(update_fields=["disconnected_at", "token_state", "problem"])
        creator = channel.creator
        left = creator.channels.verified().exists()
        if not left and creator.status in (*Creator.ENROLLED, Creator.Status.WAITING):
            enrolment.apply_decision(creator, at)
        directory.record([creator.pk])
    return Token(held.access, held.refresh, held.expires_at) if held else None


@transaction.atomic
def move(
    held: Channel | None, to: Creator, platform: str, external_id: str, handle: str, *,
    followers: int | None, at: datetime,
) -> Channel:  # fmt: skip
    """Make a channel another creator's by a person's decision; `held` is the one that loses it.

    The new holder starts with one reading, the last known count; the old one's are deleted, and
    the token is withdrawn at the platform. Raises ChannelTaken if a third creator has it.
    """
    url = ""
    if held is not None:
        last = held.readings.first()
        followers = last.followers if last and last.followers is not None else followers
        if external_id.startswith(MANUAL):
            external_id = held.external_id
        url, token = held.url, disconnect(held, at)
        if token is not None:
            transaction.on_commit(partial(withdraw, platform, token), robust=True)
    refuse_taken(to, platform, external_id, handle)
    known = not external_id.startswith(MANUAL)
    moved, _ = Channel.objects.update_or_create(
        creator=to,
        platform=platform,
        external_id=external_id,
        defaults={
            "handle": handle, "url": url, "verified_at": at, "checked_at": at,
            "disconnected_at": None, "problem": "token_over" if known else "",
            "token_state": Channel.Token.EXPIRED if known else Channel.Token.NONE,
        },
    )  # fmt: skip
    if followers is not None:
        record_reading(moved, Profile(external_id, handle, url, followers), at)
    enrolment.reconsider(to, at)
    directory.record([to.pk])
    return moved


def withdraw(platform: str, token: Token) -> None:
    """Tell the platform that we are done; that it fails changes nothing for us."""
    try:
        registry.get(platform).withdraw(token)
    except PlatformError as error:
        log.info("%s: token was not withdrawn: %s", platform, error)


# --- reading again


def due(
    at: datetime,
    limit: int | None = None,
    leave: Iterable[str] = (),
    among: Collection[int] | None = None,
) -> list[Channel]:
    """Return connected channels to read now, longest unread first: of those waiting once a day,
    of the others once a week. `leave`: platforms that are not asked now; `among`: their ids.
    """
    rows = _due(at, leave)
    if among is not None:
        rows = rows.filter(pk__in=among)
    return list(rows.select_related("creator", "token")[:limit])


def due_ids(at: datetime, limit: int) -> list[int]:
    """Return the ids of `due`, of each platform no more than it may be asked today."""
    left = left_today(at)
    ids = []
    for pk, platform in _due(at, _left_alone(at, left)).values_list("pk", "platform")[:limit]:
        if left.get(platform) == 0:
            continue
        if platform in left:
            left[platform] -= 1
        ids.append(pk)
    return ids


def _due(at: datetime, leave: Iterable[str]) -> QuerySet[Channel]:
    zone = enrolment.market_zone()
    midnight = datetime.combine(enrolment.market_day(at), time.min, zone)
    waiting = Q(creator__status=Creator.Status.WAITING, checked_at__lt=midnight)
    rows = Channel.objects.verified().filter(token_state=Channel.Token.OK)
    rows = rows.filter(waiting | Q(checked_at__lt=at - WEEK)).exclude(platform__in=list(leave))
    return rows.order_by("checked_at", "id")


def _left_alone(at: datetime, left: dict[str, int]) -> set[str]:
    return resting(at) | {key for key, calls in left.items() if not calls}


def resting(at: datetime) -> set[str]:
    """Return the platforms that asked us to wait until later than `at`."""
    rows = PlatformStatus.objects.filter(rest_until__gt=at)
    return set(rows.values_list("platform", flat=True))


def rest(platform: str, error: RateLimited, at: datetime) -> None:
    """Leave a platform alone for as long as it asks."""
    until = at + timedelta(seconds=error.retry_after_s)
    PlatformStatus.objects.update_or_create(platform=platform, defaults={"rest_until": until})


def left_today(at: datetime) -> dict[str, int]:
    """Return how many channels may still be read where a platform gives so many calls a day."""
    limits = {
        key: platform.calls_a_day
        for key, platform in registry.PLATFORMS.items()
        if platform.calls_a_day is not None
    }
    tried = Channel.objects.filter(
        platform__in=limits, token_state=Channel.Token.OK, checked_at__gt=at - DAY
    )
    used = dict(tried.values_list("platform").annotate(n=Count("pk")).order_by())
    return {key: max(0, limit - used.get(key, 0)) for key, limit in limits.items()}


def read_due(at: datetime, limit: int = 500, among: Collection[int] | None = None) -> list[Read]:
    """Read up to `limit` due channels, each kept by itself: a call that is killed loses nothing
    and the next one goes on. A platform that says "too often" is left alone for as long as it
    asks; one with so many calls a day gets no more than those.
    """
    done: list[Read] = []
    left = left_today(at)
    leave = _left_alone(at, left)
    for channel in due(at, limit, leave, among):
        if channel.platform in leave:
            continue
        read = read_again(channel, at)
        done.append(read)
        if channel.platform in left:
            left[channel.platform] -= 1
        if read.problem == RateLimited.code or left.get(channel.platform) == 0:
            leave.add(channel.platform)
    directory.record(list({channel.creator_id for channel in _read_well(done)}))
    return done


def _read_well(done: Iterable[Read]) -> list[Channel]:
    ids = [read.channel_id for read in done if not read.problem]
    return list(Channel.objects.filter(pk__in=ids))


def read_again(channel: Channel, at: datetime) -> Read:
    """Read one channel now. On failure the last counts stay, and the channel says what happened."""
    try:
        platform = registry.get(channel.platform)
        profile = with_token(channel, at, lambda token: platform.read(token, channel.external_id))
        if profile.external_id != channel.external_id:
            raise NotEligible("another account answered", "other_account")
    except TokenOver:
        return _failed(channel, at, TokenOver.code, token_state=Channel.Token.EXPIRED)
    except RateLimited as error:
        rest(channel.platform, error, at)
        return _failed(channel, at, RateLimited.code, tried=False)
    except PlatformError as error:
        return _failed(channel, at, error.code)
    with transaction.atomic():
        record_reading(channel, profile, at)
        channel.handle, channel.url = profile.handle, profile.url
        channel.checked_at = at
        channel.problem = "" if profile.followers is not None else "count_hidden"
        channel.save(update_fields=["handle", "url", "checked_at", "problem"])
    return Read(channel.pk, "")


def count_again(channel: Channel, at: datetime) -> Read:
    """Read one channel because its creator asks; the answer may change what she is."""
    if channel.platform in resting(at):
        return _failed(channel, at, RateLimited.code, tried=False)
    read = read_again(channel, at)
    if not read.problem:
        enrolment.reconsider(channel.creator, at)
        directory.record([channel.creator_id])
    return read


def with_token(channel: Channel, at: datetime, ask: Callable[[str], Answer]) -> Answer:
    """Return what `ask` does with the token that is held, renewed when it is nearly over or
    refused once. Raises PlatformError.
    """
    platform = registry.get(channel.platform)
    held = ChannelToken.objects.filter(channel=channel).first()
    if held is None or not held.access:
        raise TokenOver("no token is held")
    token = Token(held.access, held.refresh, held.expires_at)
    if token.expires_at and token.expires_at < at + REFRESH_BEFORE:
        token = platform.refresh(token)
        _keep(channel, token)
        return ask(token.access)
    try:
        answer = ask(token.access)
    except TokenOver:
        token = platform.refresh(token)
        _keep(channel, token)
        return ask(token.access)
    if (
        channel.platform == "instagram"
        and token.expires_at
        and token.expires_at < at + RENEW_BEFORE
    ):
        _keep(channel, platform.refresh(token))
    return answer


def _failed(
    channel: Channel, at: datetime, code: str, *, token_state: str = "", tried: bool = True
) -> Read:
    log.info("channel %s: %s", channel.pk, code)
    channel.problem = code
    channel.token_state = token_state or channel.token_state
    if tried:  # after "too often" the channel keeps its place in the queue
        channel.checked_at = at
    channel.save(update_fields=["problem", "token_state", "checked_at"])
    return Read(channel.pk, code)
