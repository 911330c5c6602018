"""`manage.py what_if --min-followers 1000`: who would come in, who would fall out."""

import json

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from creators import policy, what_if
from creators.models import Platform

SIDES = (
    ("come_in", "come in"),
    ("fall_out", "fall out"),
    ("rise", "rise from pilot to full"),
    ("sink", "sink from full to pilot"),
)


class Command(BaseCommand):
    help = "Show who would come in and who would fall out under another rule. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--min-followers", type=int, required=True)
        parser.add_argument("--full-followers", type=int, default=5_000)
        parser.add_argument("--min-age", type=int, default=18)
        parser.add_argument("--platform", choices=Platform.values, default="")
        parser.add_argument("--country", default="", help="two letters, for example NL")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, **options) -> None:
        least, full = options["min_followers"], options["full_followers"]
        if least < 0 or full < 0 or not 0 <= options["min_age"] <= 120:
            raise CommandError("Give numbers of 0 or more.", returncode=2)
        country = options["country"].upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise CommandError("--country is two letters, for example NL.", returncode=2)
        now = timezone.now()
        proposed = policy.Policy(
            id=None,
            platform=options["platform"],
            country=country,
            effective_from=now,
            min_followers=least,
            full_followers=max(least, full),
            min_age=options["min_age"],
        )
        found = what_if.compare(proposed, now)
        if options["as_json"]:
            self.stdout.write(json.dumps(what_if.plain(found), sort_keys=True))
            return
        self.stdout.write(f"{found.looked_at:,} creators looked at.")
        for name, words in SIDES:
            side = getattr(found, name)
            line = f"{side.creators:>9,} {words}"
            if side.creators:
                line += f"; sold EUR {side.sales_90d / 100:,.2f} in 90 days"
            self.stdout.write(line)
            for label in ("platform", "country", "size", "niche"):
                parts = getattr(side, f"by_{label}").most_common(6)
                if parts:
                    listed = ", ".join(f"{key} {count:,}" for key, count in parts)
                    self.stdout.write(f"            by {label}: {listed}")
