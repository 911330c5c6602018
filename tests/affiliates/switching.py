"""Platforms that are switched off, as two admins do it."""

from datetime import datetime, timedelta

from affiliates import switches, switchwork
from affiliates.models import PlatformSwitch, SwitchWord
from tests.affiliates.factories import make_user

DAY = timedelta(days=1)


def propose(at: datetime, *, start=None, until=None, platform="tiktok", country="", by=None):
    row = switches.propose(
        platform, country, start or at, until, "It went dark.", by or make_user(), at
    )
    switchwork.run(at)  # rehearses
    row.refresh_from_db()
    return row


def agree(row: PlatformSwitch, at: datetime, by=None, yes=True) -> PlatformSwitch:
    word = SwitchWord.objects.get(switch=row, answer="")
    return switches.answer(word, yes, by or make_user(), at, "Seen in the news.")


def switch_off(at: datetime, **facts) -> PlatformSwitch:
    """Return an agreed switch whose work up to `at` is done."""
    row = agree(propose(at, **facts), at)
    switchwork.run(at)
    row.refresh_from_db()
    return row


def end(row: PlatformSwitch, at: datetime, kind="back", moment=None) -> PlatformSwitch:
    """Say that it is back from `moment` (`at`), or an error, and do the work."""
    switches.say(row, kind, "Seen again.", make_user(), at, moment or at)
    agree(row, at)
    switchwork.run(at)
    row.refresh_from_db()
    return row
