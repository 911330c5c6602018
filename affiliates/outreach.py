"""How many creators a brand may write to first in a week: more when they answer, fewer when they
block it, and never by what it sells.

A creator who answered, took a link or takes part is no stranger any more and is not counted.
Source: docs/together.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from affiliates.models import Link, Participation, SampleRequest, Thread
from shop.models import Brand

START, LEAST, MOST = 100, 20, 1_000
PER_ANSWER, PER_BLOCK = 2, 20
WEEK, LOOKED_AT = timedelta(days=7), timedelta(days=90)


class QuotaReached(Exception):
    """More strangers than the brand may still write to this week; `left` says how many it may."""

    def __init__(self, left: int, limit: int) -> None:
        super().__init__(f"{left} of {limit} left")
        self.left, self.limit = left, limit


def quota(answers: int, blocks: int) -> int:
    """Return how many strangers a brand may write to in seven days.

    `answers` and `blocks` are of the last 90 days; a no is an answer.
    """
    return max(LEAST, min(MOST, START + PER_ANSWER * answers - PER_BLOCK * blocks))


@dataclass(frozen=True, slots=True)
class Standing:
    """What the quota is made of, and what is used of it."""

    answers: int
    blocks: int
    used: int

    @property
    def limit(self) -> int:
        return quota(self.answers, self.blocks)

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


def known(brand: Brand, creator_ids: Iterable[int] | None = None) -> set[int]:
    """Return the creators (of these, or all) who are no strangers to a brand; four queries."""
    rows = (
        Participation.objects.filter(collaboration__brand=brand).exclude(
            state__in=[Participation.State.INVITED, Participation.State.LAPSED],
            asked_by_creator=False,
        ),
        Thread.objects.filter(brand=brand).exclude(started_by_brand=True, answered_at=None),
        Link.objects.filter(collaboration__brand=brand),
        SampleRequest.objects.filter(collaboration__brand=brand),
    )
    if creator_ids is not None:
        ids = list(creator_ids)
        rows = tuple(found.filter(creator__in=ids) for found in rows)
    first, *more = (found.order_by().values_list("creator_id", flat=True) for found in rows)
    return set(first.union(*more))


def standing(brand: Brand, at: datetime) -> Standing:
    """Return a brand's quota and what is used of it."""
    answers, blocks = _answers(brand, at - LOOKED_AT)
    used = _written_to(brand, at - WEEK) - known(brand)
    return Standing(answers, blocks, len(used))


def _answers(brand: Brand, since: datetime) -> tuple[int, int]:
    invited = Participation.objects.filter(
        collaboration__brand=brand, asked_by_creator=False, answered_at__gt=since
    )
    threads = Thread.objects.filter(brand=brand)
    answered = threads.filter(started_by_brand=True, answered_at__gt=since)
    blocks = threads.filter(blocked_by_creator_at__gt=since).count()
    return invited.count() + answered.count(), blocks


def _written_to(brand: Brand, since: datetime) -> set[int]:
    invited = Participation.objects.filter(
        collaboration__brand=brand, asked_by_creator=False, asked_at__gt=since
    ).values_list("creator_id", flat=True)
    threads = Thread.objects.filter(brand=brand, started_by_brand=True, started_at__gt=since)
    return set(invited.union(threads.order_by().values_list("creator_id", flat=True)))


def take(brand: Brand, creator_ids: Iterable[int], at: datetime) -> None:
    """Check that a brand may write to these creators now; its row is locked until the transaction
    ends, so that two of a team do not use the same places. Raises QuotaReached.
    """
    Brand.objects.select_for_update().get(pk=brand.pk)
    ids = set(creator_ids)
    strangers = ids - known(brand, ids) - _written_to(brand, at - WEEK)
    if not strangers:
        return
    now = standing(brand, at)
    if len(strangers) > now.left:
        raise QuotaReached(now.left, now.limit)
