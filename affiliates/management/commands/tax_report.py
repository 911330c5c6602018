"""What the tax office is told of one year."""

import csv
import io
import json as jsonlib
import os
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from affiliates import clock, identities, taxreports
from config.lib.sheets import safe_cell

FIRST_YEAR = 2023  # of DAC7


class Command(BaseCommand):
    help = "Write the DAC7 or UBD report of a year; who lacks what goes to stderr."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--kind", choices=sorted(taxreports.KINDS), required=True)
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="the default")
        form.add_argument("--csv", action="store_true")
        parser.add_argument(
            "--out", type=Path, help="file, readable by its owner only; default: stdout"
        )

    def handle(
        self, *, year: int, kind: str, csv: bool, out: Path | None, **_options: object
    ) -> None:
        now = clock.now()
        if not FIRST_YEAR <= year <= taxreports.latest_year(now):
            last = taxreports.latest_year(now)
            raise CommandError(f"--year is one of {FIRST_YEAR} to {last}", returncode=2)
        if out and not out.parent.is_dir():
            raise CommandError(f"{out.parent} is no folder", returncode=2)
        identities.note_report(kind, year, now)
        report = taxreports.KINDS[kind](year)
        text = as_csv(report) if csv else jsonlib.dumps(report.as_json(), indent=2)
        if out:
            self.write(out, text)
            self.stdout.write(f"{len(report.rows)} rows in {out}")
        else:
            self.stdout.write(text)
        for who, facts in report.missing().items():
            self.stderr.write(f"{who} lacks {', '.join(facts)}")

    def write(self, out: Path, text: str) -> None:
        try:
            handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(text)
        except OSError as error:
            raise CommandError(f"cannot write {out}: {error.strerror}", returncode=2) from error


def as_csv(report: taxreports.Report) -> str:
    file = io.StringIO()
    rows = csv.writer(file)
    for row in report.as_table():
        rows.writerow([safe_cell(cell) for cell in row])
    return file.getvalue()
