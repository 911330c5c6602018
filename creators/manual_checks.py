"""Checks by hand: a code in the creator's bio, seen by an admin, with the evidence kept.

The first-class road while a platform's review of our app takes weeks. The queue's length is shown
to whoever joins it.
"""

import secrets
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.core.files import File
from django.db import transaction

from creators import channels, directory, enrolment
from creators.models import Channel, Creator, ManualCheck
from creators.platforms.base import Profile

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


class NothingToCheck(Exception):
    """A check by hand was asked for a channel that is verified already."""


def new_code() -> str:
    """A code that nobody types by accident: TH-4K2M-9QXR."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
    return f"TH-{letters[:4]}-{letters[4:]}"


@transaction.atomic
def ask(
    creator: Creator, platform: str, handle: str, at: datetime, screenshot: File | None = None
) -> ManualCheck:
    """Put a channel in the queue that an admin looks at: a code in the bio, seen with her own eyes.

    Asking again while one waits returns the one that waits. Raises ChannelTaken, NothingToCheck.
    """
    handle = handle.strip().lstrip("@")
    channels.refuse_taken(creator, platform, f"{channels.MANUAL}{handle.lower()}", handle)
    if creator.channels.verified().filter(platform=platform, handle__iexact=handle).exists():
        raise NothingToCheck(f"{platform}:{handle}")
    channel, _ = Channel.objects.update_or_create(
        creator=creator,
        platform=platform,
        external_id=f"{channels.MANUAL}{handle.lower()}",
        defaults={"handle": handle, "disconnected_at": None, "verified_at": None},
    )
    check, _is_new = ManualCheck.objects.get_or_create(
        channel=channel,
        state=ManualCheck.State.ASKED,
        defaults={"code": new_code(), "asked_at": at},
    )
    if screenshot:
        check.screenshot.save(f"{check.pk}-{secrets.token_hex(8)}.png", screenshot)
    return check


@transaction.atomic
def confirm(
    check: ManualCheck, *, by: AbstractUser, followers: int, evidence: str, at: datetime
) -> Channel:
    """An admin saw the code: verify the channel with the count she saw.

    Raises ChannelTaken, enrolment.OwnAccount.
    """
    channel = check.channel
    enrolment.refuse_own(channel.creator, by)
    channels.refuse_taken(channel.creator, channel.platform, channel.external_id, channel.handle)
    _close(check, ManualCheck.State.CONFIRMED, by, evidence, at, followers)
    channel.verified_at = channel.checked_at = at
    channel.save(update_fields=["verified_at", "checked_at"])
    seen = Profile(channel.external_id, channel.handle, channel.url, followers)
    channels.record_reading(channel, seen, at)
    if channel.creator.status not in (Creator.Status.SUSPENDED, Creator.Status.CLOSED):
        enrolment.apply_decision(channel.creator, at)
    directory.record([channel.creator_id])
    return channel


@transaction.atomic
def refuse(check: ManualCheck, *, by: AbstractUser, evidence: str, at: datetime) -> None:
    """An admin did not find the code; the creator may ask again."""
    _close(check, ManualCheck.State.REFUSED, by, evidence, at, None)
    check.channel.problem = "code_not_found"
    check.channel.save(update_fields=["problem"])


def _close(
    check: ManualCheck,
    state: str,
    by: AbstractUser,
    evidence: str,
    at: datetime,
    followers: int | None,
) -> None:
    if not evidence.strip():
        raise ValueError("a check by hand needs its evidence")
    check.state, check.evidence, check.followers_seen = state, evidence.strip(), followers
    check.decided_by, check.decided_at = by, at
    check.save()


def waiting() -> int:
    """How many checks by hand wait for us: shown to those who ask for one."""
    return ManualCheck.objects.filter(state=ManualCheck.State.ASKED).count()
