"""Bringing a feed into the shop: all of a file is read before the first row is written.

A product is matched by its external id, a variant by its SKU. What the feed no longer has
is archived, never deleted: orders point at it.
"""

import gc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import locks
from shop import feeds
from shop.feeds import base, takeover
from shop.feeds.base import UnreadableFeed
from shop.feeds.book import Book, Progress, Shrunk
from shop.models import Brand, Feed, FeedRun

State = FeedRun.State
MOST_ATTEMPTS = 10  # of one run; then a person has to look


def import_file(
    run: FeedRun, path: Path, *, at: datetime, progress: Progress | None = None
) -> FeedRun:
    """Read the file of `run` and take its products over; return the run with its counts.

    With `run.dry_run` everything is computed and nothing written. A file with which more than
    half of the feed's products would go is refused unless `run.shrink`. Raises locks.Busy
    while another import of the brand runs.

    One that is cut off while it writes, by whatever, stays open where we have its file: the
    schedule takes it up, and this goes on with what is not in the shop yet.
    """
    alone = locks.alone(takeover.IMPORTING, run.feed.brand_id)
    with alone, _without_looking_back(), closing(_begun(run, at, progress)) as book:
        if not run.is_open:  # the message came twice, and the other one was faster
            return run
        run.attempts, run.seen_at, run.state = run.attempts + 1, timezone.now(), State.RUNNING
        run.save(update_fields=["attempts", "seen_at", "state"])
        try:
            run.format = feeds.detect(path) if run.format in {"", "auto"} else run.format
            with base.metered() as book.meter:
                book.read(path)
            book.find_gone()
            run.state = State.PREVIEW
            if not run.dry_run:
                book.take_over()
                run.state = State.DONE
        except UnreadableFeed as error:
            book.undo(str(error))
            run.asks_shrink = isinstance(error, Shrunk)
        except Exception:
            if book.writing and run.file and run.attempts < MOST_ATTEMPTS:
                raise
            book.undo(_("Something went wrong on our side while we read it. Import it again."))
            if book.writing:
                _say_what_is_in(run)
            book.keep()
            raise
        book.keep()
    return run


@contextmanager
def _without_looking_back() -> Iterator[None]:
    """Keep the collector from what was there before: a sixth of the work on a large file."""
    if gc.get_freeze_count():  # this process does so by itself
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _begun(run: FeedRun, at: datetime, progress: Progress | None) -> Book:
    """Return the book of a run as attempts before this one left it."""
    wrote = ["wrote_added", "wrote_changed", "wrote_removed"]
    run.refresh_from_db(fields=["attempts", "state", *wrote])
    return Book(run, at, progress)


def _say_what_is_in(run: FeedRun) -> None:
    run.refresh_from_db(fields=["wrote_added", "wrote_changed"])
    told = _(
        "Something went wrong on our side: %(written)d products are in. Import it again for the rest."
    )
    run.error = told % {"written": run.written}


def cut_off(run: FeedRun, at: datetime) -> FeedRun:
    """Close a run whose worker is gone, and with it the file; return it."""
    run = refuse(run, _("The import was cut off. Import it again."), at)
    if run.written:
        _say_what_is_in(run)
        run.save(update_fields=["error"])
    return run


def refuse(run: FeedRun, reason: str, at: datetime) -> FeedRun:
    """Close a run of which there is no file to read; return it."""
    with closing(Book(run, at, None)) as book:
        book.undo(reason)
        book.keep()
    return run


def start(
    brand: Brand,
    *,
    name: str,
    format: str = "auto",
    dry_run: bool = False,
    shrink: bool = False,
    started_by=None,
) -> FeedRun:
    """Create a run of the brand's feed called `name` (made when it is new)."""
    feed, _made = Feed.objects.get_or_create(
        brand=brand, name=name[:120], defaults={"format": format}
    )
    return FeedRun.objects.create(
        feed=feed,
        format=format,
        dry_run=dry_run,
        shrink=shrink,
        started_by=started_by,
        state=State.RUNNING,
    )
