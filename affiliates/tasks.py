"""Doors for the queue: each may be run twice, and finds its work in the database."""

import random
from datetime import date, datetime, timedelta

from celery import shared_task
from django.utils import timezone

from affiliates import (
    bankreplies,
    books,
    brandinvoices,
    brandletters,
    brandweeks,
    budgetletters,
    caseletters,
    clicks,
    clickwatch,
    closedmonths,
    deliveries,
    elsewhere,
    endpointletters,
    erasure,
    evidence,
    exports,
    flatfees,
    holds,
    linkletters,
    mails,
    messageletters,
    night,
    nightshards,
    offerletters,
    participationletters,
    participations,
    passports,
    payouts,
    programmeletters,
    sampleclocks,
    sampleletters,
    samplerecords,
    savedsearches,
    settlement,
    shopletters,
    solvency,
    sweeping,
    switchletters,
    switchwork,
    termsletters,
    trackrecord,
    vatnumbers,
)
from affiliates.locks import Lock
from affiliates.models import SettlementRun
from config.lib import locks

# ------------------------------------------------------------ money
BUSY_S = 10, 90  # until a file is tried again that has to wait for another one
FEW = 4  # shards that one worker settles by itself rather than ringing for others


@shared_task
def lift_holds(as_of: str | None = None) -> int:
    """Lift the cases and flags that nobody decided in time; return how many."""
    done = holds.lift(_moment(as_of))
    return done.cases + done.flags + done.creators


@shared_task
def run_sample_clocks(as_of: str | None = None) -> int:
    """Do what silence does to samples, remind, count records anew; return how many were silent."""
    at = _moment(as_of)
    done = sampleclocks.resolve(at)
    sampleclocks.remind(at)
    samplerecords.expire(at)
    return done


@shared_task
def close_unanswered(as_of: str | None = None) -> int:
    """Close invitations and applications that nobody answered, and fees by their clocks."""
    at = _moment(as_of)
    return participations.lapse(at) + flatfees.resolve(at)


@shared_task
def mail_participations() -> int:
    """Mail invitations, answers, fees, budgets that are spent, and offers that change."""
    told = participationletters.send_waiting() + budgetletters.send_waiting()
    return told + offerletters.send_waiting(timezone.now())


@shared_task
def check_posts() -> int:
    """Ask platforms again about posts that they could say nothing of."""
    return sampleclocks.check_again(timezone.now())


@shared_task
def mail_samples() -> int:
    """Mail the steps of samples to those whom they concern."""
    return sampleletters.send_waiting()


@shared_task
def mail_messages() -> int:
    """Mail people what they have not read, each once a day at the most."""
    return messageletters.send(timezone.now())


@shared_task
def expire_closed_accounts() -> int:
    """Erase what was kept for the tax office of accounts that were closed, when its years end."""
    return erasure.expire(timezone.now())


@shared_task
def mail_cases() -> int:
    """Mail what happened in cases to those whom it concerns."""
    return caseletters.send_waiting()


@shared_task
def mail_silent_shops() -> int:
    """Tell creators and brands of own shops that tell us of no sales any more."""
    return shopletters.tell(timezone.now())


@shared_task
def mail_terms() -> int:
    """Tell those whom announced terms concern, each once."""
    return termsletters.send_waiting(timezone.now())


@shared_task
def settle_nights(as_of: str | None = None) -> int:
    """Settle what is over; a full night is spread over the workers, shard by shard."""
    at = _moment(as_of)
    nights = []
    for run in settlement.runs_to_do(at):
        shards = nightshards.open_shards(run)
        if len(shards) > FEW:
            for shard in shards:
                settle_shard.delay(run.pk, shard, as_of)
            break  # the last of them calls again
        for shard in shards:
            nightshards.try_shard(run.pk, shard)
        if not settlement.complete(run):
            break
        nights.append(run.night)
    done = night.Done(settlement.Result(nights=nights))
    night.follow(at, done)
    _ring(nights, as_of)
    return len(nights)


@shared_task
def settle_shard(run_id: int, shard: int, as_of: str | None = None) -> int:
    """Settle one shard; whoever finishes the night goes on with what follows it."""
    done = nightshards.try_shard(run_id, shard)
    run = SettlementRun.objects.get(pk=run_id)
    if run.completed_at is None and not run.shards.filter(done_at=None).exists():
        settlement.complete(run)
        night.follow(_moment(as_of), night.Done(settlement.Result(nights=[run.night])))
        _ring([run.night], as_of)
        settle_nights.delay(as_of)
    return done.commissions if done else 0


def _ring(nights: list[date], as_of: str | None) -> None:
    """Queue what follows the money of these nights."""
    for day in nights:
        mail_settlement.delay(day.isoformat())
    if nights:
        refresh_lights.delay()
        lift_holds.delay(as_of)
        redecide.delay(as_of)
        refresh_directory.delay(as_of)


@shared_task
def mail_settlement(night_iso: str) -> int:
    """Tell creators what one night brought them: some a task, so that every worker mails some."""
    day = date.fromisoformat(night_iso)
    ids = mails.settled(day)
    for first in range(mails.AT_ONCE, len(ids), mails.AT_ONCE):
        mail_settlement_to.delay(night_iso, ids[first : first + mails.AT_ONCE])
    return mails.settlement(day, timezone.now(), ids[: mails.AT_ONCE])


@shared_task
def mail_settlement_to(night_iso: str, creator_ids: list[int]) -> int:
    """Tell some of the creators what one night brought them."""
    return mails.settlement(date.fromisoformat(night_iso), timezone.now(), creator_ids)


REFRESH_S = 120  # of one task; what is left is for the next one


@shared_task
def redecide(as_of: str | None = None) -> int:
    """Decide again on those who wait and on pilots; return how many came in or rose."""
    return sum(trackrecord.redecide(_moment(as_of)))


@shared_task
def refresh_directory(as_of: str | None = None) -> bool:
    """Show what creators sold, and their scores, as of today; rings again while any is behind."""
    done = trackrecord.refresh(_moment(as_of), REFRESH_S)
    if not done:
        refresh_directory.delay(as_of)
    return done


@shared_task
def mail_saved_searches() -> int:
    """Tell who fits newly in searches that brands saved; each search once a day."""
    return savedsearches.tell(timezone.now())


def _moment(as_of: str | None) -> datetime:
    return settlement.moment(datetime.fromisoformat(as_of) if as_of else None)


@shared_task
def refresh_lights() -> int:
    """Look at every brand's money anew, for the light on its offers."""
    return solvency.refresh(timezone.now())


@shared_task
def sweep() -> int:
    """Book what a signal missed in the last days; close the month that is over."""
    now = timezone.now()
    closedmonths.close(now)
    return sweeping.sweep(now, now - sweeping.BACK)


@shared_task
def check_books() -> int:
    """Run every invariant; return how many are broken."""
    return len(books.check(timezone.now()))


# ------------------------------------------------------------ payouts
VAT_NUMBERS = 20  # asked per call: each may take ten seconds
REPLIES = 500  # lines of bank files per call; the next beat goes on


@shared_task
def book_bank_replies() -> int:
    """Book the lines of uploaded bank files that still wait."""
    return bankreplies.book(timezone.now(), most=REPLIES)


@shared_task
def send_payouts() -> int:
    """Call the rails for what waits to be sent or to be asked about."""
    return payouts.send_due(timezone.now())


@shared_task
def invoice_brands() -> int:
    """Invoice the newest month that is over, once."""
    return brandinvoices.issue(timezone.now())


@shared_task
def mail_payouts_back() -> int:
    """Tell creators whose payouts came to nothing, and why."""
    return mails.payouts_back(timezone.now())


@shared_task
def mail_accounts_changed() -> int:
    """Tell creators that the bank account of their payouts was changed."""
    return mails.accounts_changed(timezone.now())


@shared_task
def mail_brands() -> int:
    """Tell owners of brands of a changed payout account and of fees to come."""
    return brandletters.send_waiting(timezone.now())


@shared_task
def check_names() -> int:
    """Ask again for the accounts whose name nobody could check."""
    return payouts.check_names(timezone.now())


@shared_task
def check_vat_numbers() -> int:
    """Ask VIES about the VAT numbers that are due."""
    return vatnumbers.check_due(timezone.now(), VAT_NUMBERS)


@shared_task
def mail_links() -> int:
    """Tell creators of links that we switched off or freed."""
    return linkletters.send_waiting(timezone.now())


# ------------------------------------------------------------ platforms that are off
@shared_task
def run_switches() -> int:
    """Do what agreed switches of platforms ask for by now; return how many clocks moved."""
    return switchwork.run(timezone.now())


@shared_task
def mail_switches() -> int:
    """Tell creators and brands of platforms that go off or are back."""
    return switchletters.send_waiting(timezone.now())


# ------------------------------------------------------------ webhooks
@shared_task
def send_events() -> int:
    """Send what endpoints wait for; return how many requests were made."""
    return deliveries.send()


@shared_task
def mail_endpoints() -> int:
    """Tell whose endpoint was paused."""
    return endpointletters.send_waiting()


@shared_task
def tidy_events() -> int:
    """Delete messages to endpoints that are older than 30 days."""
    return deliveries.tidy(timezone.now())


# ------------------------------------------------------------ passports
@shared_task
def sweep_passports() -> int:
    """Withdraw passports of channels that are gone; ask again whether brought ones still hold."""
    now = timezone.now()
    return passports.sweep(now) + evidence.recheck(now)


# ------------------------------------------------------------ tables to take along
@shared_task
def make_export(pk: int) -> int:
    """Make one file that somebody waits for; return its rows, 0 if another worker has it.

    One at a time in the whole market: mails and the night keep their places.
    """
    try:
        with locks.alone(Lock.EXPORT):
            return exports.make(pk, timezone.now())
    except locks.Busy:
        exports.wait(pk, timezone.now())
        make_export.apply_async([pk], countdown=random.randint(*BUSY_S))
        return 0


@shared_task
def sweep_exports() -> int:
    """Make what a worker lost, mail what is ready, delete what is too old."""
    now = timezone.now()
    exports.purge(now)
    for pk in exports.lost(now):
        make_export.delay(pk)
    return exports.tell(now)


# ------------------------------------------------------------ links
@shared_task
def watch_clicks(as_of: str | None = None) -> int:
    """Look through the clicks of the days that are over; return how many commissions are held."""
    return clickwatch.run(_moment(as_of)).held


@shared_task
def mail_claims() -> int:
    """Tell brands which orders of the month that is over their own programme claimed too."""
    return programmeletters.send(timezone.now())


CLICKS_BACK = timedelta(days=2)


@shared_task
def rollup_links() -> int:
    """Sum what links earned on the days that changed lately."""
    return clicks.rollup_orders(timezone.now() - CLICKS_BACK)


@shared_task
def gather_elsewhere() -> int:
    """Write down the clicks that were seen on another platform than their link says."""
    return elsewhere.gather(timezone.now())


@shared_task
def sum_weeks(weeks: int = brandweeks.WEEKS_KEPT) -> int:
    """Sum what brands sold in weeks that changed, or are over and were never summed."""
    return brandweeks.refresh(timezone.now(), weeks)


@shared_task
def make_partitions() -> int:
    """Make the months of clicks ahead, drop those past their time."""
    return clicks.make_partitions(timezone.now())
