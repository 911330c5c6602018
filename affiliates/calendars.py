"""The dates of a creator or a brand as a calendar (iCalendar, RFC 5545), at a secret address.

    make(at, creator=… | membership=…) -> str     the secret, to be shown once
    find(token) -> CalendarFeed | None             written(feed, at) -> bytes

Payouts and days that end at midnight are whole days of the market; other moments are in UTC. The
name of an event stays the same when its day moves, so that calendars move it along.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from icalendar import Calendar, Event

from affiliates import clock, payday, sampleletters
from affiliates.models import CalendarFeed, Link, Payout, SampleRequest, SettlementLine
from affiliates.samplerules import TURN, Side, State
from config.lib import money
from creators.models import Creator
from shop.models import Brand, Membership

BACK, FORTH = timedelta(days=60), timedelta(days=400)
MOST = 1_000  # events of one kind
SEEN = timedelta(hours=1)  # how exactly it is kept when an address was last read


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: a stable name, its day or moment, words, and the page where it is told."""

    name: str
    when: date | datetime
    words: str
    path: str
    more: str = ""


# ------------------------------------------------------------------ addresses


def make(
    at: datetime, *, creator: Creator | None = None, membership: Membership | None = None
) -> str:
    """Give out a new secret; the one before is worth nothing from now on."""
    token = secrets.token_urlsafe(24)
    facts = {"token_hash": _hash(token), "language": translation.get_language() or "en",
             "made_at": at, "read_at": None}  # fmt: skip
    CalendarFeed.objects.update_or_create(creator=creator, membership=membership, defaults=facts)
    return token


def revoke(*, creator: Creator | None = None, membership: Membership | None = None) -> int:
    """Take the address away; return how many there were."""
    rows = CalendarFeed.objects.filter(creator=creator, membership=membership)
    return rows.delete()[0]


def find(token: str, at: datetime) -> CalendarFeed | None:
    """Return the calendar of a secret, and note that it was read.

    None while its person's account is off, or the creator or brand is suspended or closed.
    """
    rows = CalendarFeed.objects.select_related(
        "creator__user", "membership__brand", "membership__user"
    )
    feed = rows.filter(token_hash=_hash(token)).first()
    if feed is None or _is_stopped(feed):
        return None
    if feed.read_at is None or feed.read_at < at - SEEN:
        CalendarFeed.objects.filter(pk=feed.pk).update(read_at=at)
    return feed


def _is_stopped(feed: CalendarFeed) -> bool:
    if feed.creator is not None:
        return feed.creator.is_stopped
    return not feed.membership.user.is_active or feed.membership.brand.is_stopped


def url_of(token: str) -> str:
    return settings.SITE_URL + reverse("affiliates:calendar", args=[token])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# ------------------------------------------------------------------ what is in it


def written(feed: CalendarFeed, at: datetime) -> bytes:
    """Return the calendar, in the language in which its address was made."""
    with translation.override(feed.language):
        if feed.creator is not None:
            name, entries = feed.creator.display_name, of_creator(feed.creator, at)
        else:
            name, entries = feed.membership.brand.name, of_brand(feed.membership.brand, at)
        found = Calendar()
        found.add("prodid", "-//Thousand//Calendar//EN")
        found.add("version", "2.0")
        found.add("method", "PUBLISH")
        found.add("x-wr-calname", _("Thousand: %(name)s") % {"name": name})
        found.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
        found.add("x-published-ttl", "PT6H")
        for entry in entries:
            found.add_component(_event(entry, at))
    return found.to_ical()


def _event(entry: Entry, at: datetime) -> Event:
    event = Event()
    event.add("uid", f"{entry.name}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", at)
    event.add("dtstart", entry.when)
    if not isinstance(entry.when, datetime):
        event.add("dtend", entry.when + timedelta(days=1))
    event.add("summary", entry.words)
    event.add("url", settings.SITE_URL + entry.path)
    event.add("transp", "TRANSPARENT")  # it keeps nobody busy
    if entry.more:
        event.add("description", entry.more)
    return event


def of_creator(creator: Creator, at: datetime) -> Iterator[Entry]:
    """Yield her payouts, the ends of promised rates, and the clocks of her samples."""
    path = reverse("affiliates:payouts")
    yield from _payouts(Payout.objects.filter(creator=creator), path, at)
    lines = SettlementLine.objects.filter(creator=creator).order_by("currency")
    for currency in lines.values_list("currency", flat=True).distinct():
        next_one = payday.of(creator, currency, at)
        if next_one.hurdle in {"", payday.Hurdle.OPEN}:
            amount = money.display(next_one.amount, currency)
            words = _("Payout to come: %(amount)s so far") % {"amount": amount}
            yield Entry(f"payday-{creator.pk}-{currency}", next_one.on, words, path)
    locks = creator.links.active().filter(rate_locked_until__range=(at - BACK, at + FORTH))
    locks = locks.select_related("product", "collaboration__brand").order_by("rate_locked_until")
    for link in locks[:MOST]:
        facts = {
            "thing": link.product.title if link.product else link.collaboration.brand.name,
            "platform": link.get_platform_display(),
        }
        words = _("The promised rate of %(thing)s on %(platform)s ends") % facts
        path = reverse("affiliates:link", args=[link.pk])
        yield Entry(f"rate-{link.pk}", _whole(link.rate_locked_until), words, path)
    samples = SampleRequest.objects.filter(creator=creator)
    yield from _samples(samples, Side.CREATOR)


def of_brand(brand: Brand, at: datetime) -> Iterator[Entry]:
    """Yield a brand's payouts, days on which promised rates end, and the clocks of its samples."""
    path = reverse("affiliates:balance", args=[brand.slug])
    yield from _payouts(Payout.objects.filter(brand=brand), path, at)
    ends: dict[tuple[date, int, str], int] = {}
    locks = Link.objects.active().filter(
        collaboration__brand=brand, rate_locked_until__range=(at - BACK, at + FORTH)
    )
    for moment, pk, name in locks.order_by("rate_locked_until").values_list(
        "rate_locked_until", "collaboration", "collaboration__name"
    )[: 50 * MOST]:
        key = (clock.local_day(moment), pk, name)
        ends[key] = ends.get(key, 0) + 1
    for (day, pk, name), n in list(ends.items())[:MOST]:
        words = ngettext(
            "%(name)s: the promised rate of %(n)d link ends",
            "%(name)s: the promised rates of %(n)d links end",
            n,
        ) % {"name": name, "n": n}
        path = reverse("affiliates:collaboration", args=[brand.slug, pk])
        yield Entry(f"rates-{pk}-{day:%Y%m%d}", day, words, path)
    yield from _samples(SampleRequest.objects.filter(collaboration__brand=brand), Side.BRAND)


def _payouts(rows, path: str, at: datetime) -> Iterator[Entry]:
    rows = rows.filter(batch__pay_on__gte=clock.local_day(at - BACK))
    for row in rows.select_related("batch").order_by("pk")[:MOST]:
        facts = {
            "amount": money.display(row.amount + row.vat, row.currency),
            "state": row.get_state_display(),
        }
        words = _("Payout of %(amount)s: %(state)s") % facts
        yield Entry(f"payout-{row.pk}", row.batch.pay_on, words, path)


def _samples(rows, side: str) -> Iterator[Entry]:
    rows = rows.open().select_related(
        "variant__product", "collaboration__brand", "creator", "channel"
    )
    for row in rows.order_by("act_by", "pk")[:MOST]:
        turn = TURN[State(row.state)]
        other = row.creator.display_name if side == Side.BRAND else row.collaboration.brand.name
        facts = {"product": row.variant.product.title, "who": other}
        mine = _("Sample of %(product)s: your last day") % facts
        words = mine if turn == side else _("Sample of %(product)s: last day of %(who)s") % facts
        more = sampleletters.to_do(row) if turn == side else ""
        path = sampleletters.path_of(row, side)
        yield Entry(f"sample-{row.pk}", _whole(row.act_by), words, path, more)


def _whole(moment: datetime) -> date | datetime:
    """Return the last whole day of what ends at a midnight of the market, else the moment."""
    day = clock.local_day(moment)
    return day - timedelta(days=1) if clock.midnight(day) == moment else moment
