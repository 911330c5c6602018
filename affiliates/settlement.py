"""The night: what is due moves into creators' balances, shard by shard (`nightshards`).

State lives in the tables of runs and shards; a call may be killed, repeated, or run beside
another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Min, OuterRef, Subquery

from affiliates import clock, nightshards
from affiliates.locks import Lock
from affiliates.models import Commission, LedgerEntry, SettlementRun, SettlementShard
from affiliates.models.commissions import SHARDS

Progress = Callable[[str, int, int], None]  # night, shards done, shards in all


class NotOver(Exception):
    """The night asked for is not over yet, or an earlier one is open."""


class InTheFuture(Exception):
    """In live mode nobody settles a moment that has not come."""


@dataclass
class Result:
    """What one call did; `left` counts shards that others still hold or that failed."""

    nights: list[date] = field(default_factory=list)
    commissions: int = 0
    lines: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    set_aside: int = 0
    left: int = 0

    def add(self, shard: SettlementShard) -> None:
        self.commissions += shard.commissions
        self.lines += shard.lines
        self.set_aside += shard.set_aside
        for currency, amount in shard.amount.items():
            self.amounts[currency] = self.amounts.get(currency, 0) + amount


def settle(
    as_of: datetime | None = None, night: date | None = None, progress: Progress | None = None
) -> Result:
    """Settle every night that is over at `as_of` (default: now), oldest first, or just `night`.

    Raises InTheFuture for a moment to come in live mode, NotOver for a `night` that is not
    over or behind an open one. A second call changes nothing.
    """
    at = moment(as_of)
    result = Result()
    for run in runs_to_do(at, night):
        for shard in nightshards.open_shards(run):
            if progress:
                progress(str(run.night), SHARDS - run.shards.filter(done_at=None).count(), SHARDS)
            if done := nightshards.try_shard(run.pk, shard):
                result.add(done)
        if not complete(run):
            result.left += run.shards.filter(done_at=None).count()
            break  # the next night waits for this one
        result.nights.append(run.night)
        if progress:
            progress(str(run.night), SHARDS, SHARDS)
    return result


def moment(as_of: datetime | None) -> datetime:
    """Return the moment that says what is over; only a demo market may look ahead."""
    now = clock.now()
    if as_of is None:
        return now
    if as_of > now and not settings.DEMO:
        raise InTheFuture(f"{as_of.isoformat()} has not come yet")
    return as_of


# ------------------------------------------------------------------ runs


def runs_to_do(at: datetime, night: date | None = None):
    """Yield the run of each night that is over and not settled, oldest first.

    A run is made when its turn comes, so that earlier nights are complete by then.
    """
    last = clock.last_night_over(at)
    if night is not None and night > last:
        raise NotOver(f"the night of {night} is not over")
    for day in open_nights(last):
        if night is not None and day > night:
            return
        if night is not None and day < night:
            raise NotOver(f"the night of {day} comes first")
        yield start(day)


def open_nights(last: date) -> list[date]:
    """Return the nights up to `last` without a completed run, oldest first.

    The first night of all is that of the first commission.
    """
    unfinished = list(
        SettlementRun.objects.filter(completed_at=None)
        .order_by("night")
        .values_list("night", flat=True)
    )
    newest = SettlementRun.objects.order_by("-night").values_list("night", flat=True).first()
    if newest is None:
        first = Commission.objects.aggregate(at=Min("created_at"))["at"]
        if first is None:
            return []
        newest = clock.local_day(first) - timedelta(days=1)
    fresh = [newest + timedelta(days=n) for n in range(1, (last - newest).days + 1)]
    return [night for night in unfinished if night <= last] + fresh


SHARDS_SQL = """
    INSERT INTO affiliates_settlementshard (run_id, shard, commissions, lines, amount, set_aside)
    SELECT %s, n, 0, 0, '{}', 0 FROM generate_series(0, %s - 1) n
"""


@transaction.atomic
def start(night: date) -> SettlementRun:
    """Return the run of a night, made with its 64 shards if it is new.

    Whatever becomes pending holds the same lock shared: it is either in this night or due
    after its cutoff.
    """
    known = SettlementRun.objects.filter(night=night)
    if run := known.first():
        return run
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.RUN])
        if run := known.first():  # another one made it meanwhile
            return run
        run = SettlementRun.objects.create(
            night=night, cutoff=clock.cutoff_of(night), created_at=clock.now()
        )
        cursor.execute(SHARDS_SQL, [run.pk, SHARDS])
    return run


def complete(run: SettlementRun) -> bool:
    """Close a run whose shards are all done; return whether it is closed."""
    this = SettlementRun.objects.filter(pk=run.pk)
    left = SettlementShard.objects.filter(run=OuterRef("pk"), done_at=None)
    last = LedgerEntry.objects.order_by("-id").values("id")[:1]
    closed = this.filter(~Exists(left), completed_at=None).update(
        completed_at=clock.now(), last_entry=Subquery(last)
    )
    return bool(closed) or this.exclude(completed_at=None).exists()
