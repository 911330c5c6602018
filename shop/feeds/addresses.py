"""Catalogues behind an address: read when they are due, and the last good one kept meanwhile.

A file that was uploaded is read again when a sale in it begins or ends.
"""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.translation import gettext as _

from config.lib import locks, outbound
from shop import pictures
from shop.feeds import importer, takeover
from shop.feeds.base import UnreadableFeed
from shop.models import Brand, Feed, FeedRun

READING = 7_265_003  # the advisory lock: one address at a time
MAX_BYTES = 100 * 1024 * 1024
TIMEOUT_S = 120
KEPT = 20  # readings of an address that stay in the list
STALE = {  # without a sign of life: its worker, or the message to it, may be gone
    FeedRun.State.RUNNING: timedelta(minutes=3),
    FeedRun.State.WAITING: timedelta(minutes=30),
}
WAIT = timedelta(minutes=30)  # before an address that failed is asked again, doubled each time


def claim(at: datetime) -> list[int]:
    """Return the feeds to read by `at`, and put each off, so that nobody else takes it."""
    with transaction.atomic():
        rows = Feed.objects.due(at).exclude(brand__status=Brand.Status.CLOSED)
        found = list(rows.select_for_update(skip_locked=True, of=("self",))[:50])
        for feed in found:
            if feed.next_at and feed.next_at <= at:
                feed.next_at = at + timedelta(hours=feed.every_hours) if feed.every_hours else None
            if feed.turns_at:
                feed.turns_at = max(feed.turns_at, at + WAIT)  # the reading says when it turns next
        Feed.objects.bulk_update(found, ["next_at", "turns_at"])
    return [feed.pk for feed in found]


def read(
    feed: Feed, at: datetime, *, run: FeedRun | None = None, progress: importer.Progress | None = None
) -> FeedRun:  # fmt: skip
    """Fetch a feed's address and import what it gives; whatever fails, the catalogue stays.

    `run` is one that a person started; without it the clock did. Raises locks.Busy while
    another address is read, or the brand imports a file: however slow addresses are, they
    take one place of the worker at most.
    """
    with locks.alone(READING), locks.alone(takeover.IMPORTING, feed.brand_id):
        return _read(feed, at, run, progress)


def _read(
    feed: Feed, at: datetime, run: FeedRun | None, progress: importer.Progress | None
) -> FeedRun:
    run = run or cut_off(feed) or importer.start(feed.brand, name=feed.name, format=feed.format)
    try:
        with translation.override(feed.language):
            try:
                if not run.file and feed.url:
                    _fetch(feed, run)
                elif not run.file:
                    _take_again(feed, run)
            except UnreadableFeed as error:
                importer.refuse(run, str(error), at)
            else:
                importer.import_file(run, Path(run.file.path), at=at, progress=progress)
    finally:  # whatever it was: a reading that is over was good, or counts as a failure
        run.refresh_from_db(fields=["state"])
        if not run.is_open:
            close(feed, run, at)
    return run


def close(feed: Feed, run: FeedRun, at: datetime) -> None:
    """Clear up after a reading, and note at its feed how it went."""
    if run.state == FeedRun.State.DONE:
        _forget_file(run)
    if not run.dry_run:
        _follow_up(feed, run, at)
    if run.started_by_id is None:
        tidy(feed)


def cut_off(feed: Feed) -> FeedRun | None:
    """Return a reading of the clock that is still open with the file that it fetched: to go on."""
    rows = feed.runs.filter(state=FeedRun.State.RUNNING, from_address=True, started_by=None)
    return rows.exclude(file="").order_by("-started_at", "-id").first()


def _fetch(feed: Feed, run: FeedRun) -> None:
    """Keep what lies at the feed's address as the file of a run. Raises UnreadableFeed."""
    with tempfile.TemporaryFile() as file:
        download(feed.url, file)
        file.seek(0)
        run.from_address = True
        run.file.save(f"{run.pk}-{_name(feed.url)}", File(file))


def _take_again(feed: Feed, run: FeedRun) -> None:
    """Give a run the file that somebody uploaded last: a sale in it begins or ends."""
    rows = feed.runs.filter(state=FeedRun.State.DONE, from_address=False).exclude(file="")
    last = rows.order_by("-started_at", "-id").first()
    if last is None or not last.file.storage.exists(last.file.name):
        raise UnreadableFeed(_("The file of this catalogue is gone. Import it again."))
    with last.file.open("rb") as file:
        run.file.save(f"{run.pk}-{_name(last.file.name)}", File(file))


def _name(url: str) -> str:
    """Return a name for the file of an address, without what a disk could mind."""
    last = Path(url.partition("?")[0]).name[-60:]
    return "".join(c for c in last if c.isascii() and (c.isalnum() or c in "._-")) or "feed"


def download(url: str, into) -> None:
    """Write what lies at a foreign address into an open file. Raises UnreadableFeed."""
    try:
        answer = outbound.follow(
            url,
            private_ok=pictures.of_a_test,
            total_s=TIMEOUT_S,
            max_bytes=MAX_BYTES,
            into=into,
        )
    except outbound.TooManyRedirects as error:
        raise UnreadableFeed(_("The address leads on and on.")) from error
    except outbound.TooLarge as error:
        raise UnreadableFeed(_("The file behind the address is larger than 100 MB.")) from error
    except outbound.OutboundError as error:
        message = _("The address does not answer in time, or is not open to everybody.")
        raise UnreadableFeed(message) from error
    if answer.status != 200:
        message = _("The address answers with an error (%(status)d).")
        raise UnreadableFeed(message % {"status": answer.status})


def _forget_file(run: FeedRun) -> None:
    """What was taken over is in the shop; the address gives it again."""
    run.file.delete(save=False)
    FeedRun.objects.filter(pk=run.pk).update(file="")


def _follow_up(feed: Feed, run: FeedRun, at: datetime) -> None:
    """Count failures in a row, and ask sooner again where only the address failed."""
    good = run.state == FeedRun.State.DONE
    feed.failures = 0 if good else feed.failures + 1
    facts = {"failures": feed.failures}
    if good:
        facts["told_at"] = None
    else:
        facts["turns_at"] = None  # an address has its hours, and the same file would fail again
    if not good and feed.every_hours and not run.file:
        soon = at + WAIT * 2 ** min(feed.failures - 1, 6)
        facts["next_at"] = min(soon, at + timedelta(hours=feed.every_hours))
    Feed.objects.filter(pk=feed.pk).update(**facts)


def tidy(feed: Feed) -> int:
    """Forget readings that the clock started beyond the newest KEPT; return how many."""
    rows = feed.runs.filter(started_by=None).order_by("-started_at", "-id")
    gone = 0
    for run in rows[KEPT:]:
        run.file.delete(save=False)
        run.delete()
        gone += 1
    return gone


def failing() -> list[Feed]:
    """Return feeds that failed twice in a row, whose brand does not know it yet."""
    rows = Feed.objects.filter(failures__gte=2, told_at=None).exclude(url="")
    return list(rows.select_related("brand")[:100])


def stale(at: datetime) -> list[FeedRun]:
    """Return readings that wait or run and that no worker shows a sign of; not again for a while.

    As long as a worker reads a catalogue of a brand, it holds the brand's lock.
    """
    late = Q()
    for state, after in STALE.items():
        late |= Q(state=state, seen__lt=at - after)
    with transaction.atomic():
        rows = FeedRun.objects.open().annotate(seen=Coalesce("seen_at", "started_at"))
        rows = rows.filter(late).select_related("feed").order_by("id")
        found = list(rows.select_for_update(skip_locked=True, of=("self",))[:100])
        gone = [run for run in found if not locks.is_held(takeover.IMPORTING, run.feed.brand_id)]
        FeedRun.objects.filter(pk__in=[run.pk for run in gone]).update(seen_at=at)
    return gone


def overtaken(run: FeedRun) -> bool:
    """Say whether a newer file of the same catalogue is in the shop already."""
    rows = run.feed.runs.filter(state=FeedRun.State.DONE, started_at__gt=run.started_at)
    return not run.dry_run and rows.exclude(pk=run.pk).exists()
