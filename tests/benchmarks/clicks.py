"""Pages of links above few and above many clicks: the 95th percentile beside each other.

The clicks lie in their monthly partitions over a year, and the sums of the days are made from
them, all in sets. The links, the creators and the days are the same: only clicks are more.
"""

import statistics
import sys
from datetime import timedelta

import django
import psycopg

from tests.benchmarks import lib

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from affiliates import linkreports  # noqa: E402
from affiliates.models import Link  # noqa: E402
from creators.models import Creator  # noqa: E402
from tests.benchmarks import people  # noqa: E402
from tests.benchmarks.redirect import LINKS, Bench  # noqa: E402

FEW, MANY = 1_000_000, 50_000_000 if lib.FULL else 5_000_000
REQUESTS, ROUNDS = 60, 5
CREATORS, DAYS = 50, 365
UNLOGGED = """
    do $$ declare one text; begin
        for one in select inhrelid::regclass::text from pg_inherits
            where inhparent = 'affiliates_click'::regclass
        loop execute format('alter table %s set unlogged', one); end loop;
    end $$
"""
FILL = """
    insert into affiliates_click
        (uid, link_id, clicked_at, visitor, referrer_host, device, seen_platform, paid, counted)
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || substr(word, 1, 20))::uuid,
        1 + n %% %(links)s, at, decode(word, 'hex'), 'www.tiktok.com', 'phone',
        (array['tiktok', 'instagram', 'youtube', ''])[1 + n / %(links)s %% 4], '', true
    from (select n, md5(n::text || %(salt)s) as word,
            %(since)s::timestamptz + n * (interval '1 day' * %(days)s / %(clicks)s) as at
        from generate_series(0, %(clicks)s - 1) n) made
"""
SUM = """
    truncate affiliates_linkday;
    insert into affiliates_linkday (link_id, day, clicks, uniques, orders, income)
    select link_id, (clicked_at at time zone %(zone)s)::date, count(*), count(*), 0, 0
    from affiliates_click group by 1, 2
"""


class Clicks(Bench):
    def __init__(self) -> None:
        super().__init__()
        people.make(CREATORS, 1)
        with self.owner() as owner:
            owner.execute(UNLOGGED)
            share = LINKS // CREATORS
            owner.execute(f"update affiliates_link set creator_id = 1 + (id - 1) / {share}")
        user = get_user_model().objects.create_user("posts", "posts@example.com")
        Creator.objects.filter(pk=1).update(user=user)
        self.browser = Client(
            headers={"host": settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"}
        )
        self.browser.force_login(user)
        self.link = Link.objects.filter(creator=1).earliest("pk")
        self.stored = 0

    def fill(self, clicks: int) -> None:
        """Add clicks until there are so many, and sum the days anew."""
        facts = {
            "links": LINKS, "days": DAYS, "clicks": clicks - self.stored, "salt": str(clicks),
            "since": timezone.now() - timedelta(days=DAYS), "zone": settings.TIME_ZONE,
        }  # fmt: skip
        with self.owner() as owner:
            asking = psycopg.ClientCursor(owner)
            for name, statement in (("clicks", FILL), ("days", SUM)):
                spent = lib.timed(lambda s=statement: asking.execute(s, facts))
                lib.say(f"{clicks:,} clicks: {name} filled in {spent:.0f} s")
            owner.execute("vacuum analyze affiliates_click, affiliates_linkday")
        self.stored = clicks
        told = linkreports.report(self.link).clicks
        if not 0.9 < told * LINKS / clicks < 1.1:
            raise AssertionError(f"a link of {clicks:,} clicks on {LINKS} tells {told:,}")

    def pages(self) -> dict[str, float]:
        """Return the 95th percentile of each page in milliseconds, of the best round."""
        paths = {
            "links": "/creator/links/",
            "link": f"/creator/links/{self.link.pk}/",
        }
        return {name: min(self.p95(path) for _n in range(ROUNDS)) for name, path in paths.items()}

    def p95(self, path: str) -> float:
        spent = []
        for _n in range(REQUESTS):
            cache.clear()
            spent.append(1_000 * lib.timed(lambda: self.get(path)))
        return statistics.quantiles(spent, n=20)[-1]

    def get(self, path: str) -> None:
        answer = self.browser.get(path)
        if answer.status_code != 200:
            raise AssertionError(f"{path} answered {answer.status_code}")


def main() -> int:
    bench = Clicks()
    found = {}
    for size in (FEW, MANY):
        bench.fill(size)
        found[size] = bench.pages()
        lib.say(f"{size:,} clicks: " + ", ".join(f"{k} {v:.1f} ms" for k, v in found[size].items()))
    ratios = {f"{name}_p95": found[MANY][name] / found[FEW][name] for name in found[MANY]}
    return lib.report(
        "clicks", ROUNDS,
        {"clicks": MANY, "beside": FEW, "p95_ms": found[MANY], "p95_ms_beside": found[FEW]},
        ratios,
        {name: {"max": 1.5} for name in ratios},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
