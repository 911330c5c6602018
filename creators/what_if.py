"""What if another rule held: who would come in, who would fall out. Reads, never writes.

Both sides are decided by the same pure function on today's facts, so the rules in force
against themselves differ in nothing.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.db import connection, transaction
from django.utils.translation import gettext as _

from creators import enrolment, policy, rulebook
from creators.models import Creator, DirectoryEntry

BATCH = 5_000
IN = (policy.Outcome.PILOT, policy.Outcome.FULL)


@dataclass(slots=True)
class Side:
    """Those who change sides; `sales_90d` is what they sold, net, in cents of EUR."""

    creators: int = 0
    sales_90d: int = 0
    by_platform: Counter[str] = field(default_factory=Counter)
    by_country: Counter[str] = field(default_factory=Counter)
    by_niche: Counter[str] = field(default_factory=Counter)
    by_size: Counter[str] = field(default_factory=Counter)

    def parts(self) -> list[tuple[str, list[tuple[str, int]]]]:
        """Return each grouping, its biggest parts first."""
        groups = {
            _("platform"): self.by_platform,
            _("country"): self.by_country,
            _("size"): self.by_size,
            _("niche"): self.by_niche,
        }
        return [(label, counts.most_common(12)) for label, counts in groups.items() if counts]


@dataclass(slots=True)
class Difference:
    looked_at: int = 0
    come_in: Side = field(default_factory=Side)
    fall_out: Side = field(default_factory=Side)
    rise: Side = field(default_factory=Side)  # pilot to full
    sink: Side = field(default_factory=Side)  # full to pilot


def plain(found: Difference) -> dict[str, object]:
    """Return it as JSON values."""
    return {
        "looked_at": found.looked_at,
        **{
            name: {
                "creators": side.creators,
                "sales_90d": side.sales_90d,
                "by_platform": dict(side.by_platform),
                "by_country": dict(side.by_country),
                "by_niche": dict(side.by_niche),
                "by_size": dict(side.by_size),
            }
            for name in ("come_in", "fall_out", "rise", "sink")
            if (side := getattr(found, name))
        },
    }


def compare(proposed: policy.Policy, at: datetime) -> Difference:
    """Decide on every creator under the rules in force, and with `proposed` added to them."""
    now = policy.newest(rulebook.rules(at), at)
    then = policy.newest([*now, proposed], at)
    found = Difference()
    with _reading_only():
        _look(found, now, then, at)
    return found


@contextmanager
def _reading_only() -> Iterator[None]:
    """Let the database refuse every write until this block ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        yield


class Judge:
    """Decides before and after; once for all who differ in nothing that a rule looks at.

    Of a single channel the rules look at which of their numbers it reaches, and of a birth date
    at the age. Between several channels the counts themselves choose: those are decided in full.
    """

    def __init__(
        self, now: Sequence[policy.Policy], then: Sequence[policy.Policy], at: datetime
    ) -> None:
        self.now, self.then, self.at, self.today = now, then, at, at.date()
        self.steps = sorted(
            {step for one in (*now, *then) for step in (one.min_followers, one.full_followers)}
        )
        self.known: dict[tuple[object, ...], tuple[str, str, str]] = {}

    def __call__(self, facts: policy.Facts) -> tuple[str, str, str]:
        """Return the outcome before, the one after, and the platform that decides after."""
        if len(facts.channels) != 1:
            return self._decide(facts)
        channel, born = facts.channels[0], facts.birth_on
        have = channel.followers
        key = (
            facts.country, born and policy.age_on(born, self.today), channel.platform,
            channel.verified, have if have is None else bisect_right(self.steps, have),
            channel.account_age_days, channel.posts_28d, facts.suspended, facts.violation_points,
            facts.pilot_since, facts.weeks_with_links, facts.quiz_passed,
        )  # fmt: skip
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._decide(facts)
        return found

    def _decide(self, facts: policy.Facts) -> tuple[str, str, str]:
        before = policy.decide(self.now, facts, self.at)
        after = policy.decide(self.then, facts, self.at)
        return before.outcome, after.outcome, after.platform


def _look(
    found: Difference, now: Sequence[policy.Policy], then: Sequence[policy.Policy], at: datetime
) -> None:
    judge = Judge(now, then, at.astimezone(enrolment.market_zone()))
    for batch in _batches():
        facts = enrolment.facts_of(batch, at)
        found.looked_at += len(batch)
        changed = []
        for creator in batch:
            before, after, platform = judge(facts[creator.pk])
            side = _side(found, before, after)
            if side is not None:
                changed.append((side, creator, platform))
        entries = _entries([creator.pk for _side, creator, _platform in changed])
        for side, creator, platform in changed:
            _count(side, creator, platform, entries.get(creator.pk))


def _entries(ids: list[int]) -> dict[int, DirectoryEntry]:
    """Return sales, subjects and size of these creators, by id, as plain rows."""
    rows = DirectoryEntry.objects.filter(creator__in=enrolment.listed(ids))
    fields = ("creator_id", "sales_90d", "niches", "followers_max")
    return {row.creator_id: row for row in rows.values_list(*fields, named=True)}


def _batches() -> Iterator[Sequence[Creator]]:
    """Yield those who are judged by rules, as plain rows: no model is made of each."""
    fields = ("pk", "country", "birth_on", "status", "pilot_since", "quiz_passed_at")
    rows = (
        Creator.objects.exclude(status__in=["draft", "suspended", "closed"])
        .filter(erased_at__isnull=True)
        .order_by("pk")
        .values_list(*fields, named=True)
        .iterator(chunk_size=BATCH)
    )
    while batch := list(islice(rows, BATCH)):
        yield batch


def _side(found: Difference, before: str, after: str) -> Side | None:
    if before == after:
        return None
    if before not in IN:
        return found.come_in if after in IN else None
    if after not in IN:
        return found.fall_out
    return found.rise if after == policy.Outcome.FULL else found.sink


def _count(side: Side, creator: Creator, platform: str, entry: DirectoryEntry | None) -> None:
    side.creators += 1
    side.by_country[creator.country] += 1
    side.by_platform[platform or "none"] += 1
    if entry is None:
        return
    side.sales_90d += entry.sales_90d
    side.by_niche.update(entry.niches)
    side.by_size[size_of(entry.followers_max)] += 1


def size_of(followers: int) -> str:
    """Name the size band of a channel."""
    for below, name in ((1_000, "under 1,000"), (5_000, "1,000-4,999"), (20_000, "5,000-19,999")):
        if followers < below:
            return name
    return "20,000 and more"
