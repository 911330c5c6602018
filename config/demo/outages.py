"""A platform that was dark for a night and is back, as two admins and the worker left it."""

from datetime import timedelta

from affiliates import switchwork
from affiliates.models import PlatformSwitch, SwitchLetter, SwitchWord
from config.demo.world import World, utc

DAYS_AGO = 47
LENGTH = timedelta(hours=13, minutes=20)
COUNTRY = "BE"
Kind, Answer = SwitchWord.Kind, SwitchWord.Answer


def make(world: World) -> None:
    """Write down the switch, its words and its rehearsal, and let the worker do the rest."""
    off_from = utc(world.today - timedelta(days=DAYS_AGO), 4, 30)
    back = off_from + LENGTH
    row = PlatformSwitch(
        platform="tiktok", country=COUNTRY, off_from=off_from,
        reason="The app does not load there, and the company has confirmed it.",
    )  # fmt: skip
    row.rehearsed_at = off_from + timedelta(minutes=24)
    row.rehearsal = switchwork.rehearse(row, row.rehearsed_at)
    row.agreed_at = off_from + timedelta(minutes=41)
    row.state, row.off_until = PlatformSwitch.State.AGREED, back
    row.save(force_insert=True)
    _said(world, row, Kind.OFF, off_from + timedelta(minutes=22), row.reason,
          "Seen on three phones.")  # fmt: skip
    _said(world, row, Kind.BACK, back + timedelta(minutes=9), "It loads again.",
          "So it does here.", moment=back)  # fmt: skip
    told = back + timedelta(minutes=30)
    switchwork.run(told)
    SwitchLetter.objects.filter(switch=row).update(told_at=told)


def _said(
    world: World, row: PlatformSwitch, kind: str, at, reason: str, answer: str, moment=None
) -> None:
    first, second = world.admins
    row.words.create(
        kind=kind, reason=reason, moment=moment, said_by_id=first, said_at=at,
        answer=Answer.AGREED, answered_by_id=second, answered_at=at + timedelta(minutes=19),
        answer_reason=answer,
    )  # fmt: skip
