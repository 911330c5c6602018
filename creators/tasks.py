"""Doors for the queue: each may be run twice, and finds its work in the database."""

from celery import shared_task
from django.utils import timezone, translation

from config.lib.sealed import unseal
from creators import channels, directory, enrolment, letters, manual_checks, profiles, seen
from creators.models import Creator
from creators.platforms.base import Token

BUILD_S = 1_800  # a million creators take half a minute on an idle machine


@shared_task
def read_channels(limit: int = 500) -> int:
    """Read the channels that are due, then look again at those who wait."""
    done = channels.read_due(timezone.now(), limit)
    if done:
        redecide_waiting()
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
