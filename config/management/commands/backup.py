"""`manage.py backup DIR`: the database and the uploads, in a directory of their own."""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config import backups


class Command(BaseCommand):
    help = "Back up the database and the uploads into a new directory of DIR, while the site runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", type=Path, help="where backups are kept, better on another disk")
        parser.add_argument("--keep", type=int, help="remove all but the newest KEEP afterwards")

    def handle(self, *, dir: Path, keep: int | None, **_options: object) -> None:
        if keep is not None and keep < 1:
            raise CommandError("--keep must be 1 or more.", returncode=2)
        begun = time.monotonic()
        try:
            made = backups.make(dir, timezone.now())
        except backups.Failed as error:
            raise CommandError(str(error)) from error
        rows = sum(backups.verify(made)["rows"].values())
        size = sum(file.stat().st_size for file in made.iterdir())
        spent = time.monotonic() - begun
        self.stdout.write(f"{made}: {rows:,} rows, {size / 1e6:,.1f} MB in {spent:.1f} s.")
        for path in backups.thin_out(dir, keep) if keep else ():
            self.stdout.write(f"{path} is removed.")
