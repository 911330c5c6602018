"""Checks by hand: a code in the creator's bio, seen by an admin, with the evidence kept.

The first-class road while a platform's review of our app takes weeks. The queue's length is shown
to whoever joins it, and so is when she has her answer. Only where a platform's own API tells the
bio of an account (YouTube, with a key) a machine looks first; no page is ever scraped.
"""

import hashlib
import logging
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q

from config.lib import images
from config.lib.privatefiles import private_files
from creators import channels, directory, enrolment
from creators.models import Channel, Creator, ManualCheck
from creators.platforms import registry
from creators.platforms.base import PlatformError, Profile, RateLimited

log = logging.getLogger(__name__)
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
FOLDER = "checks"
KEEP = timedelta(days=30)  # a screenshot after the decision: as long as one may object to it
LOOK_AGAIN = timedelta(minutes=30)  # between two looks of a machine at one bio
COUNT_AGAIN = timedelta(days=7)  # after a check by hand


class NothingToCheck(Exception):
    """A check by hand was asked for a channel that is verified already."""


class NotAsked(Exception):
    """The check was decided, or taken back, a moment ago."""


def new_code() -> str:
    """A code that nobody types by accident: TH-4K2M-9QXR."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
    return f"TH-{letters[:4]}-{letters[4:]}"


# ------------------------------------------------------------------ asked


@transaction.atomic
def ask(
    creator: Creator, platform: str, handle: str, at: datetime, picture: bytes = b""
) -> ManualCheck:
    """Put a channel in the queue that an admin looks at: a code in the bio, seen with her own eyes.

    Asking again while one waits returns the one that waits. A channel that was checked by hand is
    counted again after COUNT_AGAIN. Raises ChannelTaken, NothingToCheck, images.NotAPicture.
    """
    handle = handle.strip().lstrip("@")
    by_hand = f"{channels.MANUAL}{handle.lower()}"
    channels.refuse_taken(creator, platform, by_hand, handle)
    known = creator.channels.verified().filter(platform=platform, handle__iexact=handle).first()
    if known is not None and not may_count_again(known, at):
        raise NothingToCheck(f"{platform}:{handle}")
    channel = known
    if channel is None:
        channel, _ = Channel.objects.update_or_create(
            creator=creator,
            platform=platform,
            external_id=by_hand,
            defaults={
                "handle": handle, "disconnected_at": None, "verified_at": None, "problem": "",
            },
        )  # fmt: skip
    check, _is_new = ManualCheck.objects.get_or_create(
        channel=channel,
        state=ManualCheck.State.ASKED,
        defaults={"code": new_code(), "asked_at": at},
    )
    if picture:
        show(check, picture)
    return check


def may_count_again(channel: Channel, at: datetime) -> bool:
    """Say whether a channel that no API reads may be looked at by hand once more."""
    if channel.token_state != Channel.Token.NONE:
        return False
    return channel.checked_at is None or channel.checked_at <= at - COUNT_AGAIN


@transaction.atomic
def show(check: ManualCheck, picture: bytes) -> None:
    """Keep a screenshot for the admin who looks: made anew from its pixels, and private.

    Raises images.NotAPicture, NotAsked.
    """
    made = images.encode(picture).large
    row = _locked(check)
    old = row.screenshot.name
    row.screenshot_sha256 = hashlib.sha256(made).hexdigest()
    row.screenshot.save(f"{row.pk}-{secrets.token_hex(8)}.webp", ContentFile(made), save=False)
    row.save(update_fields=["screenshot", "screenshot_sha256"])
    check.screenshot, check.screenshot_sha256 = row.screenshot, row.screenshot_sha256
    if old:
        transaction.on_commit(lambda: private_files().delete(old))


# ------------------------------------------------------------------ decided


@transaction.atomic
def confirm(
    check: ManualCheck, *, by: AbstractUser | None, followers: int, evidence: str, at: datetime
) -> Channel:
    """The code was seen: verify the channel with the count that stood beside it.

    `by` None: a platform's own API showed both. Raises ChannelTaken, NotAsked,
    enrolment.OwnAccount.
    """
    check = _locked(check)
    channel = check.channel
    if by is not None:
        enrolment.refuse_own(channel.creator, by)
    channels.refuse_taken(channel.creator, channel.platform, channel.external_id, channel.handle)
    _close(check, ManualCheck.State.CONFIRMED, by, evidence, at, followers)
    channel.verified_at = channel.checked_at = at
    channel.problem = ""
    channel.save(update_fields=["verified_at", "checked_at", "problem"])
    seen = Profile(channel.external_id, channel.handle, channel.url, followers)
    channels.record_reading(channel, seen, at)
    enrolment.reconsider(channel.creator, at)
    directory.record([channel.creator_id])
    return channel


@transaction.atomic
def refuse(check: ManualCheck, *, by: AbstractUser, evidence: str, at: datetime) -> None:
    """An admin did not find the code; the creator may ask again. Raises NotAsked, OwnAccount."""
    check = _locked(check)
    enrolment.refuse_own(check.channel.creator, by)
    _close(check, ManualCheck.State.REFUSED, by, evidence, at, None)
    check.channel.problem = "code_not_found"
    check.channel.save(update_fields=["problem"])


def _locked(check: ManualCheck) -> ManualCheck:
    rows = ManualCheck.objects.select_for_update(of=("self",)).select_related("channel__creator")
    row = rows.filter(pk=check.pk, state=ManualCheck.State.ASKED).first()
    if row is None:
        raise NotAsked(f"check {check.pk} is not waiting")
    return row


def _close(
    check: ManualCheck,
    state: str,
    by: AbstractUser | None,
    evidence: str,
    at: datetime,
    followers: int | None,
) -> None:
    if not evidence.strip():
        raise ValueError("a check by hand needs its evidence")
    check.state, check.evidence, check.followers_seen = state, evidence.strip(), followers
    check.decided_by, check.decided_at, check.automated = by, at, by is None
    check.save()


# ------------------------------------------------------------------ looked at by a machine


def look(at: datetime, limit: int = 50) -> int:
    """Ask the platforms that tell a bio by handle for codes; return how many were found.

    What is not found stays in the queue for a person: a machine refuses nobody.
    """
    tells = [key for key, platform in registry.PLATFORMS.items() if platform.tells_bios]
    rows = ManualCheck.objects.waiting().filter(channel__platform__in=tells)
    rows = rows.filter(Q(looked_at=None) | Q(looked_at__lte=at - LOOK_AGAIN))
    found, resting = 0, channels.resting(at)
    for check in rows.select_related("channel").order_by("asked_at")[:limit]:
        if check.channel.platform in resting:
            continue
        ManualCheck.objects.filter(pk=check.pk).update(looked_at=at)
        try:
            found += _look_at(check, at)
        except RateLimited as error:
            channels.rest(check.channel.platform, error, at)
            resting.add(check.channel.platform)
        except (PlatformError, channels.ChannelTaken, NotAsked) as error:
            log.info("check %s: %s", check.pk, error)
    return found


def _look_at(check: ManualCheck, at: datetime) -> bool:
    channel = check.channel
    profile = registry.get(channel.platform).look_up(channel.handle)
    if profile is None or profile.followers is None or check.code not in (profile.bio or ""):
        return False
    if profile.handle.lower() != channel.handle.lower():
        return False
    channels.refuse_taken(channel.creator, channel.platform, profile.external_id, profile.handle)
    evidence = f"{channel.get_platform_display()} API, {profile.external_id}: code in the bio"
    confirm(check, by=None, followers=profile.followers, evidence=evidence, at=at)
    return True


# ------------------------------------------------------------------ forgotten


def forget(at: datetime) -> int:
    """Delete screenshots whose decision nobody objected to in time, and files that no check
    names; their SHA-256 and the words of the evidence stay. Return how many files went.
    """
    storage = private_files()
    done = ManualCheck.objects.exclude(screenshot="").filter(
        Q(decided_at__lte=at - KEEP) | Q(channel__disconnected_at__isnull=False)
    )
    gone = done.drop_pictures()
    if not storage.exists(FOLDER):
        return gone
    named = set(ManualCheck.objects.exclude(screenshot="").values_list("screenshot", flat=True))
    for file in storage.listdir(FOLDER)[1]:
        name = f"{FOLDER}/{file}"
        if name not in named and storage.get_modified_time(name) < at - timedelta(days=1):
            storage.delete(name)
            gone += 1
    return gone


# ------------------------------------------------------------------ the queue


def waiting() -> int:
    """How many checks by hand wait for us: shown to those who ask for one."""
    return ManualCheck.objects.waiting().count()
