"""`manage.py restore DIR`: a backup put back, brought up to date, and its books checked."""

import time
from datetime import datetime
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from affiliates import erasure, invariants
from config import backups

IN_THE_WAY = {  # of an account that is closed again
    "owed": "money that it was owed: the backup does not know where to pay it",
    "owner": "a brand that has no owner in the backup",
    "staff": "its work as staff",
}


class Command(BaseCommand):
    help = "Put a backup into the empty database and the data directory. The site must stand still."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", type=Path, help="one backup: a directory that `backup` made")
        parser.add_argument(
            "--replace", action="store_true", help="what is in the database now goes first"
        )

    def handle(self, *, dir: Path, replace: bool, **_options: object) -> None:
        begun = time.monotonic()
        try:
            manifest = backups.restore(dir, replace=replace)
        except backups.Failed as error:
            raise CommandError(str(error), returncode=2) from error
        made_at = datetime.fromisoformat(manifest["made_at"])
        rows = sum(manifest["rows"].values())
        self.stdout.write(f"{rows:,} rows of {made_at:%Y-%m-%d %H:%M:%S} UTC are back.")
        call_command("migrate", verbosity=0, interactive=False)
        again = erasure.again(made_at)
        if again:
            self.stdout.write(f"Erased again: {', '.join(map(str, again))}.")
        for pk, reasons in again.items():
            if reasons:
                self.stdout.write(
                    f"Account {pk}: look after {', '.join(map(IN_THE_WAY.get, reasons))}."
                )
        broken = invariants.check()
        for name, ids in broken.items():
            self.stdout.write(f"broken: {name}: {', '.join(map(str, ids))}")
        if broken:
            raise CommandError(f"{len(broken)} invariants are broken.", returncode=1)
        spent = time.monotonic() - begun
        self.stdout.write(f"The books are in balance. All in {spent:.1f} s.")
