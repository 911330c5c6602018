"""How many creators a brand may write to first in a week: more when they answer, fewer when they
block it, and never by what it sells.

A creator who answered, took a link or takes part is no stranger any more and is not counted. A
block counts of whom the brand wrote to or invited: nobody else can take anything from its quota.
Source: docs/together.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

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
    """Return the creators (of these, or all) who are no strangers to a brand; one query."""
    rows = (
        Participation.objects.filter(collaboration__brand=brand).exclude(
            state__in=[Participation.State.INVITED, Participation.State.LAPSED],
            asked_by_creator=False,
        ),
        Thread.objects.filter(
            Q(started_by_brand=False) | Q(answered_at__isnull=False), brand=brand
        ),
        Link.objects.filter(collaboration__brand=brand),
        SampleRequest.objects.filter(collaboration__brand=brand),
    )
    if creator_ids is not None:
        ids = list(creator_ids)
        rows = tuple(found.filter(creator__in=ids) for found in rows)
    first, *more = (found.order_by().values_list("creator_id", flat=True) for found in rows)
    return set(first.union(*more))


# Answers and blocks of a brand since a moment, and the strangers it wrote to this week, who are
# those that `known` does not name.
STANDING_SQL = """
    WITH asked AS (
        SELECT p.creator_id, p.state, p.asked_by_creator, p.asked_at, p.answered_at
        FROM affiliates_participation p
        JOIN affiliates_collaboration c ON c.id = p.collaboration_id
        WHERE c.brand_id = %(brand)s
    ), talks AS (SELECT * FROM affiliates_thread WHERE brand_id = %(brand)s)
    SELECT (SELECT count(*) FROM asked WHERE NOT asked_by_creator AND answered_at > %(since)s)
         + (SELECT count(*) FROM talks WHERE started_by_brand AND answered_at > %(since)s),
           (SELECT count(*) FROM talks t WHERE blocked_by_creator_at > %(since)s
              AND (started_by_brand OR answered_at IS NOT NULL
                   OR EXISTS (SELECT 1 FROM asked a WHERE a.creator_id = t.creator_id
                              AND NOT a.asked_by_creator))),
           (SELECT count(*) FROM (
                SELECT creator_id FROM asked WHERE NOT asked_by_creator AND asked_at > %(week)s
                UNION SELECT creator_id FROM talks WHERE started_by_brand AND started_at > %(week)s
            ) w
            WHERE NOT EXISTS (SELECT 1 FROM asked a WHERE a.creator_id = w.creator_id
                              AND (a.asked_by_creator OR a.state NOT IN ('invited', 'lapsed')))
              AND NOT EXISTS (SELECT 1 FROM talks t WHERE t.creator_id = w.creator_id
                              AND (NOT t.started_by_brand OR t.answered_at IS NOT NULL))
              AND NOT EXISTS (SELECT 1 FROM affiliates_link l
                              JOIN affiliates_collaboration c ON c.id = l.collaboration_id
                              WHERE l.creator_id = w.creator_id AND c.brand_id = %(brand)s)
              AND NOT EXISTS (SELECT 1 FROM affiliates_samplerequest s
                              JOIN affiliates_collaboration c ON c.id = s.collaboration_id
                              WHERE s.creator_id = w.creator_id AND c.brand_id = %(brand)s))
"""


def standing(brand: Brand, at: datetime) -> Standing:
    """Return a brand's quota and what is used of it, in one query."""
    values = {"brand": brand.pk, "since": at - LOOKED_AT, "week": at - WEEK}
    with connection.cursor() as cursor:
        cursor.execute(STANDING_SQL, values)
        return Standing(*cursor.fetchone())


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
