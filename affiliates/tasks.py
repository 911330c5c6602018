"""Doors for the queue: each may be run twice, and finds its work in the database."""

from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from affiliates import clicks, mails, night, settlement, sweeping
from affiliates.models import SettlementRun

# ------------------------------------------------------------ money
FEW = 4  # shards that one worker settles by itself rather than ringing for others


@shared_task
def settle_nights(as_of: str | None = None) -> int:
    """Settle what is over; a full night is spread over the workers, shard by shard."""
    at = settlement.moment(datetime.fromisoformat(as_of) if as_of else None)
    nights = []
    for run in settlement.runs_to_do(at):
        shards = settlement.open_shards(run)
        if len(shards) > FEW:
            for shard in shards:
                settle_shard.delay(run.pk, shard, as_of)
            break  # the last of them calls again
        for shard in shards:
            settlement.settle_shard(run.pk, shard)
        if not settlement.complete(run):
            break
        nights.append(run.night)
    done = night.Done(settlement.Result(nights=nights))
    night.follow(at, done)
    for day in nights:
        mail_settlement.delay(day.isoformat())
    return len(nights)


@shared_task
def settle_shard(run_id: int, shard: int, as_of: str | None = None) -> int:
    """Settle one shard; whoever finishes the night goes on with what follows it."""
    done = settlement.settle_shard(run_id, shard)
    run = SettlementRun.objects.get(pk=run_id)
    if run.completed_at is None and not run.shards.filter(done_at=None).exists():
        settlement.complete(run)
        at = settlement.moment(datetime.fromisoformat(as_of) if as_of else None)
        night.follow(at, night.Done(settlement.Result(nights=[run.night])))
        mail_settlement.delay(run.night.isoformat())
        settle_nights.delay(as_of)
    return done.commissions if done else 0


@shared_task
def mail_settlement(night_iso: str) -> int:
    """Tell creators what one night brought them."""
    return mails.settlement(datetime.fromisoformat(night_iso).date())


@shared_task
def sweep() -> int:
    """Book what a signal missed in the last days."""
    now = timezone.now()
    return sweeping.sweep(now, now - sweeping.BACK)


# ------------------------------------------------------------ links
CLICKS_BACK = timedelta(days=2)


@shared_task
def rollup_links() -> int:
    """Sum what links earned on the days that changed lately."""
    return clicks.rollup_orders(timezone.now() - CLICKS_BACK)


@shared_task
def make_partitions() -> int:
    """Make the months of clicks ahead, drop those past their time."""
    return clicks.make_partitions(timezone.now())
