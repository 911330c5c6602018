"""Doors for the queue: each may be run twice, and finds its work in the database."""

from celery import shared_task
from django.utils import timezone, translation

from config.lib.sealed import unseal
from creators import channels, directory, enrolment, letters, manual_checks, profiles, seen
from creators.models import Creator
from creators.platforms.base import Token

READINGS = 20_000  # in an hour; 1,300,000 channels that are read weekly are 7,700
TOGETHER = 25  # channels that one task reads, one after the other
RINGS_S = 3_600  # config/schedule.py: what nobody read by then is rung for anew
BUILD_S = 1_800  # a million creators take half a minute on an idle machine


@shared_task
def read_channels(limit: int = READINGS) -> int:
    """Ring for the channels that are due, a few a task, so that every worker reads some."""
    ids = channels.due_ids(timezone.now(), limit)
    for first in range(0, len(ids), TOGETHER):
        read_some.apply_async([ids[first : first + TOGETHER]], expires=RINGS_S)
    return len(ids)


@shared_task
def read_some(channel_ids: list[int]) -> int:
    """Read those of these channels that are still due, then look again at who of them waits."""
    now = timezone.now()
    done = channels.read_due(now, among=channel_ids)
    if done:
        enrolment.redecide_waiting(now, [read.channel_id for read in done])
    return len(done)


@shared_task
def redecide_waiting() -> int:
    """Decide again on everyone who waits; those who are in now get a mail."""
    return len(enrolment.redecide_waiting(timezone.now()))


@shared_task
def check_codes() -> int:
    """Look for codes in bios where a platform's own API tells them."""
    return manual_checks.look(timezone.now())


@shared_task
def forget_screenshots() -> int:
    """Delete the screenshots that no decision needs any more."""
    return manual_checks.forget(timezone.now())


@shared_task(soft_time_limit=BUILD_S, time_limit=BUILD_S + 30)
def number_directory() -> int:
    """Build the index of the search anew if enough has changed; return how many it numbers.

    The queue gives it to a second worker when it takes longer than others may: that one finds
    the lock taken and leaves. Cut short, it leaves the index as it was for the next call.
    """
    return directory.number(timezone.now())


@shared_task
def roll_up_seen() -> int:
    """Write down how often brands saw each creator this week and last; return how many rows."""
    return seen.roll_up(timezone.now())


@shared_task
def mail_decision(creator_id: int) -> int:
    """Tell a creator what was decided, in her language."""
    creator = Creator.objects.select_related("user", "decision").get(pk=creator_id)
    if creator.user is None or creator.decision is None or not creator.user.email:
        return 0
    with translation.override(profiles.mail_language(creator)):
        letters.decision(creator, creator.decision).send()
    return 1


@shared_task
def withdraw_token(platform: str, access: str, refresh: str) -> int:
    """Tell a platform that we no longer want access to a channel; tokens come sealed."""
    channels.withdraw(platform, Token(unseal(access), unseal(refresh)))
    return 1
