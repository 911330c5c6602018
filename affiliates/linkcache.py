"""Links as the redirect reads them: one string per code in the clicks' Redis.

`l:<code>` is `link|brand|rate_bp|letter|destination`. PostgreSQL stays the truth: a
record lapses after an hour, at the next change of its rate, when its offer ends, or when a
platform of hers goes off or comes back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import islice

import redis
from django.conf import settings
from django.utils.encoding import iri_to_uri

from affiliates.models import Link, PlatformSwitch
from affiliates.referral import LETTERS, PROGRAMMES
from creators.models import Creator

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


def record(link: Link, promised_bp: int, *, is_off: bool = False) -> str:
    """Return the record of `link`; a brand of 0 says that its clicks attribute nothing.

    While its platform is off it leads to the creator's page, which names what it led to.
    """
    offer = link.collaboration
    brand, letter = (offer.brand_id, LETTERS[offer.other_programme]) if offer else (0, "t")
    where = link.destination
    if is_off and link.creator.status in Creator.HAS_PAGE:
        where = f"{link.creator.get_absolute_url()}?from={link.code}"
    return f"{link.pk}|{brand}|{promised_bp}|{letter}|{absolute(where)}"


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


def lapses_at(
    changes_at: datetime | None, switches: Iterable[PlatformSwitch], at: datetime
) -> datetime:
    """Return until when a record written at `at` may be believed."""
    ends = [at + LIFE, changes_at]
    for switch in switches:
        ends += [switch.off_from, switch.off_until]
    return min(moment for moment in ends if moment and moment > at)


def store(
    link: Link, promised_bp: int, changes_at: datetime | None,
    switches: Sequence[PlatformSwitch], at: datetime,
) -> str:  # fmt: skip
    """Cache `link` and return its record; without Redis only the record.

    `changes_at`: when its promise may be another. `switches`: of her country, now or later.
    """
    is_off = any(one.platform == link.platform and one.off_from <= at for one in switches)
    text = record(link, promised_bp, is_off=is_off)
    lasts = max(1, int((lapses_at(changes_at, switches, at) - at).total_seconds()))
    try:
        client().set(key(link.code), text, ex=lasts)
    except redis.RedisError as away:
        logger.warning("the clicks' Redis does not answer: %s", away)
    return text


def forget(codes: Iterable[str]) -> None:
    """Drop records; what Redis misses of this lapses within the hour."""
    names = (key(code) for code in codes)
    try:
        while some := list(islice(names, 1_000)):
            client().delete(*some)
    except redis.RedisError as away:
        logger.warning("the clicks' Redis does not answer: %s", away)


def forget_of(collaboration_id: int) -> None:
    """Drop the records of every link of one collaboration."""
    links = Link.objects.active().filter(collaboration=collaboration_id)
    forget(links.values_list("code", flat=True).iterator())
