"""Sending what waits for endpoints: at least once, in order per subject, and nobody waits for the
slow.

    send(at)      one round after the other until nothing is due or the time is up
    tidy(at)      what is old goes

A round claims a few messages of each endpoint under a lease, asks the endpoints side by side
without a transaction, and writes down what came of it; a process that dies in between leaves
messages whose lease ends. One endpoint has one request at a time, a failing one a single message
per round, after those that work. Ten tries in 72 hours; after them the message is a dead letter,
and an endpoint that took nothing meanwhile is paused.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from affiliates import clock, endpoints, events
from affiliates.locks import Lock
from affiliates.models import Delivery, Endpoint
from config.lib import locks, outbound

logger = logging.getLogger(__name__)
TRIES = 10
# Seconds after the first, second, … failure: the tenth try comes 72 hours after the first.
BACK_OFF = (30, 120, 600, 1_800, 7_200, 18_000, 36_000, 72_000, 123_450)
JITTER = 0.1  # of each wait, either way
TOTAL_S = 10  # of one request, from the name's look-up to the last header
BUDGET_S = 20  # of one call: no request begins later
EACH = 20  # messages of one endpoint in one round
ENDPOINTS = 100  # in one round
THREADS = 16
LEASE = timedelta(seconds=BUDGET_S + 3 * TOTAL_S)
KEEP = timedelta(days=30)
State = Delivery.State
GONE = 410

# What became of the last try, in words.
WHY = {
    "ok": gettext_noop("taken"),
    "answer": gettext_noop("the answer was no 2xx"),
    "redirect": gettext_noop("a redirect, which we do not follow"),
    "silent": gettext_noop("no answer within 10 seconds"),
    "address": gettext_noop("the address leads into a private network"),
    "paused": gettext_noop("the endpoint was paused"),
    "off": gettext_noop("the endpoint was off"),
    "old": gettext_noop("waited for 30 days"),
}

CLAIM_SQL = """
    WITH due AS MATERIALIZED (
        SELECT d.id
        FROM affiliates_endpoint e
        LEFT JOIN shop_brand b ON b.id = e.brand_id
        LEFT JOIN creators_creator k ON k.id = e.creator_id
        CROSS JOIN LATERAL (
            SELECT w.id FROM affiliates_delivery w
            WHERE w.endpoint_id = e.id AND w.state = 'waiting' AND w.next_at <= %(at)s
              AND NOT EXISTS (
                  SELECT 1 FROM affiliates_delivery before
                  WHERE before.endpoint_id = w.endpoint_id AND before.subject = w.subject
                    AND before.state = 'waiting' AND before.id < w.id)
            ORDER BY w.next_at, w.id
            LIMIT CASE WHEN e.failing_since IS NULL THEN %(each)s ELSE 1 END) d
        WHERE e.state = 'on' AND NOT e.id = ANY(%(seen)s::bigint[])
          AND coalesce(b.status, k.status) NOT IN ('suspended', 'closed')
          AND (e.brand_id IS NULL OR EXISTS (  -- its keeper is an owner still
              SELECT 1 FROM shop_membership m JOIN auth_user u ON u.id = m.user_id
              WHERE m.brand_id = e.brand_id AND m.user_id = e.kept_by_id AND m.role = 'owner'
                AND u.is_active))
        ORDER BY e.failing_since IS NOT NULL, e.served_at NULLS FIRST, e.id
        LIMIT %(most)s
    )
    UPDATE affiliates_delivery d SET tries = d.tries + 1, next_at = %(lease)s
    FROM due WHERE d.id = due.id
    RETURNING d.id
"""


@dataclass(slots=True)
class Outcome:
    """What one request came to; status None: no answer."""

    delivery: Delivery
    note: str
    status: int | None = None

    @property
    def ok(self) -> bool:
        return self.note == "ok"


@dataclass(slots=True)
class Job:
    """What one endpoint gets in one round, one after the other."""

    endpoint: Endpoint
    keys: list[str]
    letters: list[Delivery] = field(default_factory=list)


def send(at: datetime | None = None) -> int:
    """Send what is due; return how many requests were made. One caller at a time.

    `at` is the moment that says what is due; without it, the clock's.
    """
    end = time.monotonic() + BUDGET_S
    done, failed = 0, set[int]()
    try:
        with locks.alone(Lock.WEBHOOKS):
            while time.monotonic() < end:
                now = at or datetime.now(UTC)
                jobs = claim(now, failed)
                if not jobs:
                    break
                with ThreadPoolExecutor(min(THREADS, len(jobs))) as pool:
                    for job, found in zip(
                        jobs, pool.map(lambda job: _work(job, end), jobs), strict=True
                    ):
                        done += len(found)
                        if not record(job, found, now):
                            failed.add(job.endpoint.pk)
    except locks.Busy:
        return 0
    return done


@transaction.atomic
def claim(at: datetime, seen: Iterable[int] = ()) -> list[Job]:
    """Take what is due for a while, by endpoint, oldest first; not of the endpoints `seen`."""
    values = {
        "at": at, "lease": at + LEASE, "each": EACH, "most": ENDPOINTS * EACH, "seen": list(seen),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(CLAIM_SQL, values)
        ids = [row[0] for row in cursor.fetchall()]
    jobs: dict[int, Job] = {}
    for row in Delivery.objects.filter(pk__in=ids).select_related("endpoint").order_by("pk"):
        if row.endpoint_id not in jobs:
            keys = endpoints.secrets_of(row.endpoint, at)
            jobs[row.endpoint_id] = Job(row.endpoint, keys)
        jobs[row.endpoint_id].letters.append(row)
    return sorted(jobs.values(), key=lambda job: _turn(job.endpoint))


def _turn(row: Endpoint) -> tuple[bool, datetime, int]:
    """Return its place in a round: those that fail come last, and who waited longest first."""
    return row.failing_since is not None, row.served_at or row.created_at, row.pk


def _work(job: Job, end: float) -> list[Outcome]:
    """Send one endpoint its messages until one fails or the time is up. No database here."""
    found = []
    for row in job.letters:
        if time.monotonic() > end:
            break
        found.append(_post(job, row))
        if not found[-1].ok:
            break
    return found


def is_by_day(endpoint: Endpoint, kind: str) -> bool:
    """Say whether a message tells its day alone: creators read no hour of a shopper."""
    return endpoint.creator_id is not None and kind in events.BY_DAY


def body_of(row: Delivery) -> bytes:
    """Return what is sent, the same bytes at each try."""
    moment = row.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    by_day = is_by_day(row.endpoint, row.kind)
    told = {
        "type": row.kind,
        "timestamp": clock.local_day(row.created_at).isoformat() if by_day else moment,
        "data": row.data,
    }
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def _post(job: Job, row: Delivery) -> Outcome:
    url, body, uid, now_s = job.endpoint.url, body_of(row), str(row.uid), int(time.time())
    ours = settings.PRIVATE_WEBHOOKS_TO
    headers = {
        "Content-Type": "application/json",
        "webhook-id": uid,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(endpoints.sign(key, uid, now_s, body) for key in job.keys),
    }
    try:
        answer = outbound.request(
            "POST", url, headers=headers, body=body, total_s=TOTAL_S, read_body=False,
            allow_private=bool(ours) and url.startswith(f"{ours}/"),
        )  # fmt: skip
    except outbound.NotPublic:
        return Outcome(row, "address")
    except outbound.OutboundError as error:
        logger.info("endpoint %s did not take %s: %s", job.endpoint.pk, row.pk, error)
        return Outcome(row, "silent")
    if 200 <= answer.status < 300:
        return Outcome(row, "ok", answer.status)
    redirect = answer.status in outbound.REDIRECTS
    return Outcome(row, "redirect" if redirect else "answer", answer.status)


@transaction.atomic
def record(job: Job, found: list[Outcome], at: datetime) -> bool:
    """Write down what came of one endpoint's messages; return whether all were taken.

    What was claimed and not tried waits again, its try not counted.
    """
    pk = job.endpoint.pk
    tried = {one.delivery.pk for one in found}
    untried = [row.pk for row in job.letters if row.pk not in tried]
    if untried:
        _give_back(untried, at)
    ends: dict[tuple, list[int]] = defaultdict(list)
    for one in found:
        ends[_end_of(one, at)].append(one.delivery.pk)
    for (state, next_at, status, note), ids in ends.items():
        done_at = None if state == State.WAITING else at
        Delivery.objects.waiting().filter(pk__in=ids).update(
            state=state, next_at=next_at, done_at=done_at, status=status, note=note
        )
    ok = all(one.ok for one in found)
    row = Endpoint.objects.filter(pk=pk)
    if any(one.ok for one in found):
        row.update(last_ok_at=at, failing_since=None, served_at=at)
    elif found:
        row.update(served_at=at)
    if not ok:
        row.filter(failing_since=None).update(failing_since=at)
        last = found[-1]
        was_failing = job.endpoint.failing_since is not None and len(found) == 1
        if last.status == GONE or (last.delivery.tries >= TRIES and was_failing):
            endpoints.pause(pk, at)
    return ok


def _give_back(ids: list[int], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE affiliates_delivery SET tries = greatest(tries - 1, 0), next_at = %s"
            " WHERE id = ANY(%s) AND state = 'waiting'",
            [at, ids],
        )


def _end_of(one: Outcome, at: datetime) -> tuple[str, datetime | None, int | None, str]:
    if one.ok:
        return State.DELIVERED, None, one.status, one.note
    if one.delivery.tries >= TRIES:
        return State.DEAD, None, one.status, one.note
    return State.WAITING, at + wait(one.delivery.tries), one.status, one.note


def wait(tries: int) -> timedelta:
    """Return how long to wait after the try of that number failed, with some chance in it."""
    return timedelta(seconds=BACK_OFF[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER))


# ------------------------------------------------------------------ what is old


def tidy(at: datetime) -> int:
    """Delete what is older than 30 days, give up what waited for so long, and switch off what was
    paused for as long; return how many messages went.
    """
    old = Delivery.objects.old(at - KEEP)
    old.waiting().update(state=State.DEAD, next_at=None, done_at=at, note="old")
    gone, _each = old.exclude(state=State.WAITING).exclude(done_at__gt=at - KEEP).delete()
    long_paused = Endpoint.objects.filter(state=Endpoint.State.PAUSED, paused_at__lt=at - KEEP)
    long_paused.update(state=Endpoint.State.OFF, tells=False)
    return gone
