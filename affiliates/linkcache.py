"""Links as the redirect reads them: one string per code in the clicks' Redis.

`l:<code>` is `link|brand|rate_bp|letter|destination`. PostgreSQL stays the truth: a
record lapses after an hour, at the next change of its rate, or when its offer ends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

import redis
from django.conf import settings
from django.utils.encoding import iri_to_uri

from affiliates.models import Link
from affiliates.rates import Rates, next_change_at
from affiliates.referral import LETTERS, PROGRAMMES

logger = logging.getLogger(__name__)
LIFE = timedelta(hours=1)


@cache
def client() -> redis.Redis:
    """Return this process's client of the clicks' Redis (not for the redirect itself)."""
    return redis.Redis.from_url(
        settings.CLICKS_REDIS_URL, socket_timeout=5, socket_connect_timeout=1
    )


def key(code: str) -> str:
    return f"l:{code}"


def record(link: Link, promised_bp: int) -> str:
    """Return the record of `link`; a brand of 0 says that its clicks attribute nothing."""
    offer = link.collaboration
    brand, letter = (offer.brand_id, LETTERS[offer.other_programme]) if offer else (0, "t")
    return f"{link.pk}|{brand}|{promised_bp}|{letter}|{absolute(link.destination)}"


def absolute(destination: str) -> str:
    """Return where a link leads: built from SITE_URL, never from a request."""
    whole = settings.SITE_URL + destination if destination.startswith("/") else destination
    return "".join(c for c in iri_to_uri(whole) if c.isprintable()).replace(
        "%7Bclick%7D", "{click}"
    )


def parse(raw: bytes) -> tuple[int, int, int, str, str]:
    """Return link id, brand id, promised rate, programme and destination of a record."""
    link, brand, rate, letter, destination = raw.decode().split("|", 4)
    return int(link), int(brand), int(rate), PROGRAMMES[letter], destination


def lapses_at(link: Link, rates: Rates | None, at: datetime) -> datetime:
    """Return until when a record written at `at` may be believed."""
    ends = [at + LIFE, link.rate_locked_until, link.collaboration and link.collaboration.ends_at]
    if rates:
        ends.append(next_change_at(rates.changes, at))
    return min(moment for moment in ends if moment and moment > at)


def store(link: Link, promised_bp: int, rates: Rates | None, at: datetime) -> str:
    """Cache `link` and return its record; without Redis only the record."""
    text = record(link, promised_bp)
    lasts = max(1, int((lapses_at(link, rates, at) - at).total_seconds()))
    try:
        client().set(key(link.code), text, ex=lasts)
    except redis.RedisError as away:
        logger.warning("the clicks' Redis does not answer: %s", away)
    return text


def forget(codes: Iterable[str]) -> None:
    """Drop records; what Redis misses of this lapses within the hour."""
    names = [key(code) for code in codes]
    try:
        for start in range(0, len(names), 1_000):
            client().delete(*names[start : start + 1_000])
    except redis.RedisError as away:
        logger.warning("the clicks' Redis does not answer: %s", away)


def forget_of(collaboration_id: int) -> None:
    """Drop the records of every link of one collaboration."""
    links = Link.objects.active().filter(collaboration=collaboration_id)
    forget(links.values_list("code", flat=True).iterator())
