"""Thin doors to the shop's functions; each may run twice and finds its work in the database."""

import logging
import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.lib import locks, post
from shop import (
    beside,
    currencies,
    dispatches,
    documents,
    gateways,
    mails,
    movements,
    orders,
    ownorders,
    ownsales,
    payback,
    payers,
    paypages,
    pictures,
    postroom,
    products,
    pushes,
    returns,
    stockalarms,
    stocklevels,
    troubles,
)
from shop import cart as carts
from shop.feeds import addresses, importer
from shop.models import Feed, FeedRun, Image, Order, Product, Stockroom, TeamInvitation

logger = logging.getLogger(__name__)
BUSY_S = 10, 90  # until a catalogue is tried again that has to wait for another one
READERS = 7_265_004  # the advisory locks of those who read catalogues or stock, so many at once
PUSHING = 7_265_006  # the advisory lock: one tells shops of sales at a time
LOOKING = 7_265_007  # the advisory lock: one asks shops what they sent at a time
FETCHING = "pictures-are-being-fetched"


@shared_task
def release_reservations() -> int:
    """Every minute: release lapsed stock, send what is owed to shoppers, mail what is to be told.

    Before stock is given away, the provider is asked whether the order was paid after all.
    """
    now = timezone.now()
    paypages.ask_lapsing(now)
    released = orders.release_lapsed(now)
    payback.send_back(now)
    _tell(mails.payment_news(), mails.tell_payment)
    _tell(mails.unconfirmed(now - timedelta(days=1)), mails.confirm)
    return released


def _tell(rows: list[Order], tell: Callable[[Order], bool]) -> None:
    """Mail one order after another; one mail that is refused stops no other."""
    for order in rows:
        try:
            tell(order)
        except post.NotNow:
            logger.warning("the mail about order %s is taken later", order.number)
        except OSError:
            logger.exception("the mail server is away; mails about orders wait")
            return


@shared_task
def issue_documents() -> int:
    """Issue the invoices and credit notes that are missing."""
    return documents.issue_missing(timezone.now())


@shared_task
def confirm_order(order_id: int) -> int:
    """Mail the confirmation of one paid order."""
    return int(mails.confirm(Order.objects.get(pk=order_id)))


@shared_task
def mail_payment_news(order_id: int) -> int:
    """Mail what a bank is doing with the payment of one order."""
    return int(mails.tell_payment(Order.objects.get(pk=order_id)))


@shared_task
def close_pages(order_id: int) -> int:
    """Close the payment pages of an order that was cancelled; by themselves they take half an hour."""
    try:
        return paypages.close(Order.objects.get(pk=order_id))
    except (gateways.NoAnswer, LookupError) as error:
        logger.warning("the payment pages of order %s stay open: %s", order_id, error)
        return 0


@shared_task
def send_back() -> int:
    """Ask the payment providers to pay refunds that were just booked."""
    return payback.send_back(timezone.now())


@shared_task
def ask_fees() -> int:
    """Ask the payment providers for fees that their messages only named."""
    return movements.ask_fees(timezone.now())


@shared_task
def collect_own_fees() -> int:
    """Book what the payment provider took for no payment."""
    return movements.collect_own_fees(timezone.now())


@shared_task
def ask_payers() -> int:
    """Ask the payment providers which card or account paid, where their messages left it out."""
    return payers.ask(timezone.now())


@shared_task
def mail_orders() -> int:
    """Post the letters about orders that wait: withdrawals, troubles, parcels, refunds."""
    return postroom.send_waiting(timezone.now())


@shared_task
def run_trouble_clocks() -> int:
    """Take over what a brand did not answer in time; close what its shopper let rest."""
    return troubles.run_clocks(timezone.now())


@shared_task
def remind_of_returns() -> int:
    """Write to brands whose money for returns is due soon, or late."""
    return returns.remind(timezone.now())


@shared_task
def forget_trouble_pictures() -> int:
    """Delete the pictures of troubles that are long closed."""
    return troubles.forget_pictures(timezone.now())


@shared_task
def forget_bags() -> int:
    """Delete bags that nobody has touched for long, and whose unpaid orders were; return how many."""
    now = timezone.now()
    return carts.forget(now) + orders.forget_unpaid(now)


@shared_task
def mail_team_invitation(invitation_id: int) -> int:
    """Mail somebody that a brand asks her into its team."""
    rows = TeamInvitation.objects.select_related("brand", "invited_by")
    mails.team_invitation(rows.get(pk=invitation_id))
    return 1


@shared_task
def import_feed(run_id: int) -> int:
    """Import the file of a feed run, or of its address; the page reads the progress in the cache.

    One that a worker left in the middle is gone on with.
    """
    run = FeedRun.objects.select_related("feed__brand__category").get(pk=run_id)
    if not run.is_open:
        return 0
    try:
        with locks.place(READERS, settings.CATALOGUES_AT_ONCE):
            _import(run)
    except locks.Busy:
        FeedRun.objects.filter(pk=run_id).update(seen_at=timezone.now())
        import_feed.apply_async([run_id], countdown=random.randint(*BUSY_S))
        return 0
    except SoftTimeLimitExceeded:
        run.refresh_from_db()
        logger.warning("feed run %s is longer than a task may be; now it is %s", run_id, run.state)
        if run.is_open and run.file:  # it was writing: the rest in the next
            import_feed.delay(run_id)
        return 0
    stocklevels.ring_for(run.feed.brand_id, timezone.now())
    fetch_pictures.delay()
    return run.rows_read


def _import(run: FeedRun) -> None:
    now, feed = timezone.now(), run.feed
    with translation.override(feed.language):
        if addresses.overtaken(run):
            importer.refuse(run, _("A newer file of this catalogue is in already."), now)
        elif run.attempts >= importer.MOST_ATTEMPTS or not (run.file or feed.url):
            importer.cut_off(run, now)
            if run.from_address:
                addresses.close(feed, run, now)
        elif run.file and not run.from_address:
            path = Path(run.file.path)
            importer.import_file(run, path, at=now, progress=_progress_of(run))
        else:
            addresses.read(feed, now, run=run, progress=_progress_of(run))


def _progress_of(run: FeedRun) -> importer.Progress:
    key = progress_key(run.pk)
    return lambda rows, percent: cache.set(key, (rows, percent), 600)


@shared_task
def read_addresses() -> int:
    """Ring for each catalogue whose address is due, and for readings whose worker is gone."""
    now = timezone.now()
    for run in addresses.stale(now):
        import_feed.delay(run.pk)
    due = addresses.claim(now)
    for feed_id in due:
        read_address.delay(feed_id)
    for feed in addresses.failing():
        mails.feed_fails(feed, now)
    return len(due)


@shared_task
def read_address(feed_id: int) -> int:
    """Read the address of one catalogue and import what it gives."""
    feed = Feed.objects.select_related("brand__category").get(pk=feed_id)
    try:
        with locks.place(READERS, settings.CATALOGUES_AT_ONCE):
            run = addresses.read(feed, timezone.now())
    except locks.Busy:
        read_address.apply_async([feed_id], countdown=random.randint(*BUSY_S))
        return 0
    except SoftTimeLimitExceeded:
        rest = addresses.cut_off(feed)
        logger.warning("catalogue %s is longer than a task may be; left: %s", feed_id, rest)
        if rest:  # it was writing
            read_address.delay(feed_id)
        return 0
    stocklevels.ring_for(feed.brand_id, timezone.now())
    fetch_pictures.delay()
    return run.rows_read


@shared_task
def look_again(brand_id: int = 0, category_id: int = 0, after: int = 0) -> int:
    """Publish or take back a brand's or a shelf's products after its settings changed."""
    wanted = {"brand": brand_id} if brand_id else {"category": category_id}
    if rest := products.look_again(Product.objects.filter(**wanted), after):
        look_again.delay(brand_id, category_id, rest)
    return rest


@shared_task
def set_currencies_aside(brand_id: int = 0) -> int:
    """Make drafts of what is priced in another currency than its brand sells in; tell the brand."""
    return currencies.set_aside(timezone.now(), brand_id)


@shared_task
def assume_delivered() -> int:
    """Call parcels that own shops sent delivered when the days that the brand states are over."""
    now = timezone.now()
    return ownsales.assume_delivered(now) + dispatches.assume_arrived(now)


@shared_task
def apply_own_message(event_id: int) -> int:
    """Apply one message of a brand's own shop; the sweep does what this one leaves."""
    try:
        ownorders.apply_one(event_id)
    except ownorders.Busy:
        logger.warning("message %s of an own shop waits", event_id)
        return 0
    return 1


@shared_task
def apply_own_messages() -> int:
    """Apply messages of brands' own shops that wait."""
    return ownorders.apply_waiting(timezone.now())


@shared_task
def push_orders() -> int:
    """Tell shops that keep stock what was sold here, and what of it was given back."""
    try:
        with locks.alone(PUSHING):
            return pushes.send_due(timezone.now())
    except locks.Busy:
        return 0


@shared_task
def look_at_parcels() -> int:
    """Ask shops that keep stock what they sent of our sales."""
    try:
        with locks.alone(LOOKING):
            return dispatches.look_due(timezone.now())
    except locks.Busy:
        return 0


@shared_task
def mail_stock_alarms() -> int:
    """Tell brands of sales that did not get to their shop, and of shops that do not answer."""
    now = timezone.now()
    return stockalarms.tell_dead(now) + stockalarms.tell_silent(now)


@shared_task
def read_stockrooms() -> int:
    """Ring for each shop whose stock is due; show as sold out what nobody told for a day."""
    now = timezone.now()
    due = stocklevels.claim(now)
    for room_id in due:
        read_stock.delay(room_id)
    for brand_id in beside.left_behind():
        move_products.delay(brand_id)
    stocklevels.hide_stale(now)
    return len(due)


@shared_task
def move_products(brand_id: int) -> int:
    """Bring a brand's products to where it sells now; ring again for the rest."""
    done = beside.follow(brand_id)
    if not done:
        move_products.delay(brand_id)
    return int(done)


@shared_task
def read_stock(room_id: int) -> int:
    """Read the stock of one shop, for a minute; the rest when it is rung for again."""
    room = Stockroom.objects.select_related("integration").get(pk=room_id)
    if not beside.follow(room.integration.brand_id):
        stocklevels.ring(room, timezone.now())
        return 0
    try:
        with locks.place(READERS, settings.CATALOGUES_AT_ONCE):
            done = stocklevels.read(room, timezone.now())
    except locks.Busy:
        stocklevels.ring(room, timezone.now())
        return 0
    beside.look(room, timezone.now())
    return done


@shared_task
def test_stockroom(room_id: int, name: str) -> int:
    """Prove that a shop can be sold from: a test order, and its stock."""
    room = Stockroom.objects.select_related("integration__brand").get(pk=room_id)
    if not beside.follow(room.integration.brand_id):
        test_stockroom.delay(room_id, name)
        return 0
    try:
        with locks.place(READERS, settings.CATALOGUES_AT_ONCE):
            return int(beside.test(room, name, timezone.now()))
    except locks.Busy:
        test_stockroom.apply_async([room_id, name], countdown=random.randint(*BUSY_S))
        return 0


@shared_task
def fetch_pictures() -> int:
    """Fetch pictures of feeds for a minute, in one worker at a time; ring again for the rest."""
    if not cache.add(FETCHING, True, 120):
        return 0
    try:
        got = pictures.fetch(timezone.now(), seconds=60)
    finally:
        cache.delete(FETCHING)
    if Image.objects.due(timezone.now()).exists():
        fetch_pictures.delay()
    return got


@shared_task
def sweep_pictures() -> int:
    """Delete picture files that no product has any more."""
    return pictures.sweep(time.time())


def progress_key(run_id: int) -> str:
    """Return the cache key under which a running import counts its rows."""
    return f"feed-run-{run_id}"
