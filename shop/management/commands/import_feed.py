"""`manage.py import_feed FILE_OR_URL --brand SLUG`: good rows in, bad rows reported by line."""

import json
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from config.lib import locks
from shop import tasks
from shop.feeds import FORMATS, UnreadableFeed, addresses, importer
from shop.models import Brand, FeedRun


class Command(BaseCommand):
    help = "Import a catalogue file (Shopify or WooCommerce CSV, Google Merchant XML or TSV) into a brand."

    def add_arguments(self, parser):
        parser.add_argument("source", metavar="FILE_OR_URL")
        parser.add_argument("--brand", required=True, metavar="SLUG")
        parser.add_argument("--format", default="auto", choices=["auto", *FORMATS])
        parser.add_argument(
            "--feed", default="", help="name of the catalogue; else the file's name"
        )
        parser.add_argument("--dry-run", action="store_true", help="tell, but change nothing")
        parser.add_argument(
            "--allow-shrink", action="store_true", help="even if half of it is gone"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args, source, brand, format, feed, dry_run, allow_shrink, **options):
        found = Brand.objects.select_related("category").filter(slug=brand).first()
        if found is None:
            raise CommandError(f"There is no brand {brand!r}.", returncode=2)
        with tempfile.TemporaryDirectory() as folder:
            path = fetch(source, Path(folder))
            name = feed or Path(urlsplit(source).path).name or "feed"
            run = importer.start(
                found, name=name, format=format, dry_run=dry_run, shrink=allow_shrink
            )
            try:
                run = importer.import_file(run, path, at=timezone.now())
            except locks.Busy as error:
                importer.refuse(run, str(error), timezone.now())
                raise CommandError(f"{error}; try again later.", returncode=1) from error
        transaction.on_commit(tasks.fetch_pictures.delay, robust=True)
        report = as_dict(run)
        self.stdout.write(dumps(report) if options["json"] else as_text(report))
        if run.state == FeedRun.State.REFUSED:
            raise CommandError(run.error, returncode=1)


def fetch(source: str, folder: Path) -> Path:
    """Return the file, fetched first if `source` is an address."""
    if urlsplit(source).scheme not in {"http", "https"}:
        path = Path(source)
        if not path.is_file():
            raise CommandError(f"There is no file {source!r}.", returncode=2)
        return path
    path = folder / "feed"
    try:
        with path.open("wb") as file:
            addresses.download(source, file)
    except UnreadableFeed as error:
        raise CommandError(str(error), returncode=2) from error
    return path


def as_dict(run: FeedRun) -> dict:
    """Return the report of a run."""
    names = ["state", "format", "rows_read", "added", "changed", "unchanged", "removed"]
    report = {name: getattr(run, name) for name in names}
    problems = run.problems.values("line", "field", "value", "reason")
    return report | {
        "problem_count": run.problem_count,
        "error": run.error,
        "problems": list(problems),
    }


def dumps(report: dict) -> str:
    return json.dumps(report, ensure_ascii=False, indent=2)


def as_text(report: dict) -> str:
    """Return the report for a terminal."""
    lines = [f"{name.replace('_', ' ')}: {report[name]}" for name in report if name != "problems"]
    lines += [
        f"  line {row['line']}, {row['field'] or 'row'}: {row['reason']} ({row['value']!r})"
        for row in report["problems"]
    ]
    return "\n".join(lines)
