"""Bring schema, translations, static files and the demo market up to date (`up` calls it)."""

import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config import prepare


class Command(BaseCommand):
    help = "Bring schema, translations, static files and the demo market up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave an empty market empty")

    def handle(self, *, no_demo: bool, **options: object) -> None:
        try:
            prepare.prepare(self.stdout.write, demo=settings.DEMO and not no_demo)
        except prepare.NotPrepared as error:
            self.stderr.write(str(error))
            sys.exit(1)
