"""Settle every night that is over, here and now; the same code as the night's tasks."""

import json as jsonlib
import logging
from dataclasses import asdict
from datetime import date, datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser
from kombu.exceptions import OperationalError
from tqdm import tqdm

from affiliates import night as nights
from affiliates import settlement, tasks
from affiliates.models.commissions import SHARDS
from config.lib import arguments

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Settle every night that is over, oldest first. Exit 0 when nothing is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--night", type=arguments.day, help="only this one: YYYY-MM-DD")
        parser.add_argument(
            "--as-of", type=arguments.moment, help="the moment that says what is over (ISO 8601)"
        )
        parser.add_argument("--json", action="store_true", help="the result as JSON")

    def handle(
        self, *, night: date | None, as_of: datetime | None, json: bool, **_o: object
    ) -> None:
        try:
            with Bar(hidden=json) as bar:
                done = nights.run(as_of, night, bar.show)
        except (settlement.NotOver, settlement.InTheFuture) as error:
            raise CommandError(str(error), returncode=2) from error
        result = done.settled
        ring_for_mails(result.nights)
        if json:
            facts = asdict(result) | {"offences": done.offences, "payouts": done.payouts}
            self.stdout.write(jsonlib.dumps(facts, default=str))
        else:
            self.stdout.write(
                f"{len(result.nights)} nights, {result.commissions} commissions, "
                f"{result.lines} lines, {result.amounts or 'nothing'} settled, "
                f"{done.payouts} payouts built."
            )
            if result.set_aside:
                self.stdout.write(f"{result.set_aside} commissions were held: settlement_error.")
            for name, ids in done.offences.items():
                self.stderr.write(f"check_books: {name}: {ids}")
        if result.left:
            raise CommandError(f"{result.left} shards are left; run it again.", returncode=1)
        if done.offences:
            raise CommandError("The books do not balance; nothing is paid out.", returncode=1)


def ring_for_mails(settled: list[date]) -> None:
    """Let a worker mail the last night's creators; without a queue they see it on the site."""
    try:
        for night in settled[-7:]:
            tasks.mail_settlement.delay(night.isoformat())
    except OperationalError as error:
        logger.warning("no mails were queued: %s", error)


class Bar:
    """A progress bar over the shards of each night."""

    def __init__(self, hidden: bool) -> None:
        self.bar = tqdm(total=SHARDS, unit=" shards", disable=True if hidden else None, leave=False)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def show(self, night: str, done: int, total: int) -> None:
        self.bar.set_description(night)
        self.bar.total, self.bar.n = total, done
        self.bar.refresh()
