"""`manage.py drill tiktok --country NL`: a platform is gone. What that costs, and what helps."""

import json
import re
from datetime import datetime, time

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from affiliates import clock, drill
from config.lib import money
from creators.models import Platform
from shop.models import Brand

HELPS = {
    "channel": "creators to ask for a second channel",
    "links": "creators with a second channel, to ask for their links there",
    "invite": "creators on other platforms to invite",
}
FALLS_BACK = {
    "link": "the same thing's link on another channel",
    "channel": "another channel, without that link yet",
    "page": "the creator's own page only",
}


class Command(BaseCommand):
    help = "Rehearse that a platform is gone: what it costs, what is left. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("platform", choices=Platform.values)
        parser.add_argument("--country", default="", help="of the creators, for example NL")
        parser.add_argument("--brand", default="", help="slug; without it, the whole market")
        parser.add_argument("--start", default="", help="YYYY-MM-DD; tomorrow without it")
        parser.add_argument("--days", type=int, default=drill.LENGTH)
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, **options) -> None:
        now = timezone.now()
        country = options["country"].upper()
        if country and not re.fullmatch("[A-Z]{2}", country):
            raise CommandError("--country is two letters, for example NL.", returncode=2)
        if not 1 <= options["days"] <= drill.LONGEST:
            raise CommandError(f"--days is 1 to {drill.LONGEST}.", returncode=2)
        brand = None
        if options["brand"]:
            brand = Brand.objects.filter(slug=options["brand"]).first()
            if brand is None:
                raise CommandError(f"There is no brand {options['brand']}.", returncode=2)
        asked = drill.Asked(
            options["platform"], country, self._start(options["start"]), options["days"], brand
        )
        found = drill.run(asked, now)
        if options["as_json"]:
            self.stdout.write(json.dumps(drill.plain(found), sort_keys=True))
        else:
            self._tell(found)

    def _start(self, day: str) -> datetime | None:
        if not day:
            return None
        try:
            return datetime.combine(datetime.fromisoformat(day).date(), time.min, clock.zone())
        except ValueError as wrong:
            raise CommandError("--start is a day, YYYY-MM-DD.", returncode=2) from wrong

    def _tell(self, found: drill.Drill) -> None:
        asked, say = found.asked, self.stdout.write
        where = f" in {asked.country}" if asked.country else ""
        day = clock.local_day(found.start).isoformat()
        say(f"{Platform(asked.platform).label} gone{where} from {day}, {asked.days} days.")
        for one in found.money:
            lost = money.display(one.weekly(one.at_risk), one.currency, "en")
            in_all = money.display(one.over(asked.days), one.currency, "en")
            say(f"{one.risk_bp / 100:.1f}% of income at risk: {lost} a week, {in_all} in all.")
        say(f"{sum(found.links.values()):,} links would die; they fall back to")
        for key, words in FALLS_BACK.items():
            say(f"{found.links[key]:>9,} {words}")
        say(f"{sum(found.creators.values()):,} creators hit; still reached on")
        for name, (count, followers) in found.reach.items():
            say(f"{count:>9,} {Platform(name).label}, {followers:,} followers")
        say(f"{found.creators['page']:>9,} their own page only")
        say(
            f"Clocks touched: {found.samples:,} samples, {found.pilots:,} pilots,"
            f" {found.rate_locks:,} promised rates."
        )
        say(f"Score {found.score} of 100; {found.score_after} once all of this is done:")
        for step in found.steps:
            say(f"{step.creators:>9,} {HELPS[step.kind]} (alone: {step.score})")
