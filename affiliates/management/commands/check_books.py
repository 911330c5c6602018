"""Check every invariant of the books."""

import json as jsonlib

from django.core.management.base import BaseCommand, CommandError, CommandParser

from affiliates import books, clock, invariants


class Command(BaseCommand):
    help = "Check every invariant of the books. Exit 1 with the ids that offend."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="the result as JSON")

    def handle(self, *, json: bool, **_options: object) -> None:
        offences = books.check(clock.now())
        if json:
            rows = [
                {"name": name, "ids": offences.get(name, []), "ok": name not in offences}
                for name in invariants.INVARIANTS
            ]
            self.stdout.write(jsonlib.dumps({"ok": not offences, "invariants": rows}))
        else:
            for name, ids in offences.items():
                self.stdout.write(f"broken: {name}: {', '.join(map(str, ids))}")
            if not offences:
                self.stdout.write(f"{len(invariants.INVARIANTS)} invariants hold.")
        if offences:
            raise CommandError(f"{len(offences)} invariants are broken.", returncode=1)
