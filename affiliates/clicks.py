"""From the stream into PostgreSQL: each click once, whatever is killed when.

A batch is one transaction: COPY into the month's partition, the day's sums, and the id
of the stream's last entry. The entries are trimmed after the commit, so a drain that
dies begins again behind its last commit and finds nothing lost and nothing twice.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import redis
from django.db import IntegrityError, connection, transaction

from affiliates import clickstream, clock, linkcache
from affiliates.clickbuffer import STREAM
from affiliates.clickstream import Entry
from affiliates.models import ClickFinding, ClickScan, ClickStream

NAME = "clicks"
EPOCH = "clicks:epoch"  # lost with Redis's data; then the stream is read from its beginning
START = "0-0"
BATCH = 5_000
MONTHS_KEPT, MONTHS_AHEAD = 13, 3
COPY = """
    COPY affiliates_click
        (uid, link_id, clicked_at, visitor, referrer_host, device, seen_platform, paid, counted)
    FROM STDIN
"""
KNOWN = """
    SELECT s.day, s.link_id, encode(s.visitor, 'hex'), s.hours
    FROM affiliates_clickseen s
    JOIN (
        SELECT day, link_id, decode(who, 'hex') AS visitor
        FROM unnest(%s::date[], %s::bigint[], %s::text[]) AS t (day, link_id, who)
    ) asked USING (day, link_id, visitor)
"""
SEE = """
    INSERT INTO affiliates_clickseen (day, link_id, visitor, hours)
    SELECT day, link_id, decode(who, 'hex'), hours
    FROM unnest(%s::date[], %s::bigint[], %s::text[], %s::int[]) AS t (day, link_id, who, hours)
    ON CONFLICT (day, link_id, visitor) DO UPDATE
        SET hours = affiliates_clickseen.hours | excluded.hours
"""
FORGET = """
    DELETE FROM affiliates_clickseen WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM affiliates_clickseen WHERE day < %s LIMIT %s))
"""
SEEN_AT_ONCE = 50_000
SUM = """
    INSERT INTO affiliates_linkday (link_id, day, clicks, uniques, orders, income)
    SELECT link_id, day, clicks, uniques, 0, 0
    FROM unnest(%s::bigint[], %s::date[], %s::int[], %s::int[]) AS t (link_id, day, clicks, uniques)
    ORDER BY link_id, day
    ON CONFLICT (link_id, day) DO UPDATE
        SET clicks = affiliates_linkday.clicks + excluded.clicks,
            uniques = affiliates_linkday.uniques + excluded.uniques
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the drain is behind; `seconds` None: Redis does not answer."""

    waiting: int
    seconds: float | None


def drain_once(server: redis.Redis, size: int = BATCH, block_ms: int | None = None) -> int:
    """Move up to `size` entries into PostgreSQL; return how many were read.

    Only one drain works at a time: the command holds an advisory lock.
    """
    epoch = _epoch(server)
    mark, _made = ClickStream.objects.get_or_create(name=NAME, defaults={"epoch": epoch})
    last_id = mark.last_id if mark.epoch == epoch else START
    newest, raw = clickstream.waiting(server, last_id, size, block_ms)
    if raw:
        _keep(raw, newest, epoch, again=mark.epoch != epoch)
        server.xtrim(STREAM, minid=_after(newest), approximate=False)
    return len(raw)


def _epoch(server: redis.Redis) -> str:
    server.set(EPOCH, secrets.token_hex(8), nx=True)
    return server.get(EPOCH).decode()


def _after(entry_id: str) -> str:
    ms, n = entry_id.split("-")
    return f"{ms}-{int(n) + 1}"


@transaction.atomic
def _keep(raw: Sequence[bytes], newest: str, epoch: str, *, again: bool) -> None:
    """Store a batch; `again`: some of it may be stored already, under an earlier epoch."""
    entries = clickstream.read(raw)
    try:
        with transaction.atomic():
            _store(_without_copied(entries) if again else entries)
    except IntegrityError:  # the redirect asked Redis twice when a connection ended
        _store(_without_copied(entries))
    ClickStream.objects.filter(name=NAME).update(
        last_id=newest, epoch=epoch, moved_at=datetime.now(UTC)
    )


def _store(entries: Sequence[Entry]) -> None:
    if entries:
        _copy(entries, _first_of_hour(entries))


def _without_copied(entries: Sequence[Entry]) -> list[Entry]:
    """Leave out what is stored already, by the clicks' own ids."""
    if not entries:
        return []
    moments = [entry.at for entry in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid FROM affiliates_click"
            " WHERE uid = ANY(%s::uuid[]) AND clicked_at BETWEEN %s AND %s",
            [_array(entry.uid for entry in entries), min(moments), max(moments)],
        )
        stored = {uid.hex for (uid,) in cursor.fetchall()}
    return [entry for entry in entries if entry.uid not in stored]


def _first_of_hour(entries: Iterable[Entry]) -> set[str]:
    """Return the ids that count: the first per link, visitor and hour; keeps the day's sums."""
    people = [((e.day, e.link_id, e.visitor), e.hour, e.uid) for e in entries if e.counts]
    if not people:
        return set()
    changed: dict[tuple[date, int, str], int] = {}
    counted: set[str] = set()
    clicks: Counter[tuple[int, date]] = Counter()
    uniques: Counter[tuple[int, date]] = Counter()
    with connection.cursor() as cursor:
        asked = zip(*{key for key, _hour, _uid in people}, strict=True)
        cursor.execute(KNOWN, [_array(column) for column in asked])
        seen = {(day, link, who): hours for day, link, who, hours in cursor.fetchall()}
        for key, hour, uid in people:
            before = seen.get(key, 0)
            if before & hour:
                continue
            seen[key] = changed[key] = before | hour
            counted.add(uid)
            day = (key[1], key[0])
            clicks[day] += 1
            uniques[day] += not before
        if counted:
            rows = [(*key, hours) for key, hours in sorted(changed.items())]
            cursor.execute(SEE, [_array(column) for column in zip(*rows, strict=True)])
            sums = [(link, day, n, uniques[link, day]) for (link, day), n in clicks.items()]
            cursor.execute(SUM, [_array(column) for column in zip(*sums, strict=True)])
    return counted


def _array(values: Iterable[object]) -> str:
    """Return numbers, dates or hex as PostgreSQL writes an array.

    Nothing in them needs quoting, which is most of what a driver's own arrays cost.
    """
    return "{" + ",".join(map(str, values)) + "}"


def _copy(entries: Iterable[Entry], counted: set[str]) -> None:
    lines = [
        f"{uid}\t{link}\t{at}\t\\\\x{who}\t{host}\t{device}\t{seen}\t{paid}"
        f"\t{'t' if uid in counted else 'f'}\n"
        for uid, link, at, _day, _hour, who, _counts, host, device, seen, paid in entries
    ]
    # Django wraps the errors of statements, and leaves those of a COPY to us.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.write("".join(lines))


def lag(server: redis.Redis | None = None) -> Lag:
    """Return how many clicks wait in the stream, and how old the oldest of them is."""
    server = server or linkcache.client()
    try:
        waiting = server.xlen(STREAM)
        first = server.xrange(STREAM, count=1) if waiting else []
    except redis.RedisError:
        return Lag(0, None)
    if not first:
        return Lag(0, 0.0)
    born_ms = int(first[0][0].split(b"-")[0])
    return Lag(waiting, max(0.0, datetime.now(UTC).timestamp() - born_ms / 1_000))


def make_partitions(at: datetime) -> int:
    """Make the partitions of the months ahead and drop the oldest; return how many are made.

    The application's role owns no table, so both are functions of the database.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT make_click_partitions(%s, %s)", [at, MONTHS_AHEAD])
        made = cursor.fetchone()[0]
        cursor.execute("SELECT drop_click_partitions(%s)", [MONTHS_KEPT])
        while True:  # a day may have millions: no statement takes them all
            cursor.execute(FORGET, [clock.local_day(at) - timedelta(days=2), SEEN_AT_ONCE])
            if cursor.rowcount < SEEN_AT_ONCE:
                break
    oldest = clock.local_day(at) - timedelta(days=MONTHS_KEPT * 31)
    ClickFinding.objects.filter(day__lt=oldest).delete()
    ClickScan.objects.filter(day__lt=oldest).delete()
    return made


ROLLUP = """
    WITH touched AS (
        SELECT DISTINCT c.link_id, (o.paid_at AT TIME ZONE %(zone)s)::date AS day
        FROM affiliates_commission c
        JOIN shop_orderline l ON l.id = c.order_line_id
        JOIN shop_brandorder b ON b.id = l.brand_order_id
        JOIN shop_order o ON o.id = b.order_id
        WHERE c.link_id IS NOT NULL AND c.created_at >= %(since)s AND o.paid_at IS NOT NULL
    ), sums AS (
        SELECT c.link_id, t.day, count(DISTINCT o.id) AS orders, sum(c.amount) AS income
        FROM touched t
        JOIN affiliates_commission c ON c.link_id = t.link_id AND c.state <> 'void'
        JOIN shop_orderline l ON l.id = c.order_line_id
        JOIN shop_brandorder b ON b.id = l.brand_order_id
        JOIN shop_order o ON o.id = b.order_id
            AND (o.paid_at AT TIME ZONE %(zone)s)::date = t.day
        GROUP BY c.link_id, t.day
    )
    INSERT INTO affiliates_linkday (link_id, day, clicks, uniques, orders, income)
    SELECT link_id, day, 0, 0, orders, income FROM sums ORDER BY link_id, day
    ON CONFLICT (link_id, day) DO UPDATE SET orders = excluded.orders, income = excluded.income
"""


def rollup_orders(since: datetime) -> int:
    """Write orders and income of the days whose commissions came since; return how many days.

    A reversal counts on the day of its sale. Summed anew each time, so it may run twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(ROLLUP, {"zone": str(clock.zone()), "since": since})
        return cursor.rowcount
