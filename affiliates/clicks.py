"""From the stream into PostgreSQL: each click once, whatever is killed when.

A batch is one transaction: COPY into the month's partition, the day's sums, and the id
of the stream's last entry. The entries are trimmed after the commit, so a drain that
dies begins again behind its last commit and finds nothing lost and nothing twice.
"""

from __future__ import annotations

import logging
import re
import secrets
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import redis
from django.db import connection, transaction

from affiliates import clock, linkcache
from affiliates.models import ClickFinding, ClickScan, ClickStream, Link
from affiliates.redirect import STREAM

logger = logging.getLogger(__name__)

NAME = "clicks"
EPOCH = "clicks:epoch"  # lost with Redis's data; then the stream is read from its beginning
START = "0-0"
BATCH = 5_000
MONTHS_KEPT, MONTHS_AHEAD = 13, 3
ENTRY = re.compile(
    rb"([a-z0-9]{10})\|([\w-]{22})\|([\w-]{22})\|([01])\|([a-z0-9.-]{0,100})\|(\w{0,10})\|(\w{0,10})"
    rb"(?:\|(\w{0,10}))?"  # entries written before advertisements were looked for have none
)

COPY = """
    COPY affiliates_click
        (uid, link_id, clicked_at, visitor, referrer_host, device, seen_platform, paid, counted)
    FROM STDIN
"""
KNOWN = """
    SELECT s.day, s.link_id, s.visitor, s.hours
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
class Entry:
    """One click of the stream, with its link found."""

    uid: bytes
    link_id: int
    at: datetime
    day: date
    hour: int
    visitor: bytes
    counts: bool  # a person's, on a link that is on
    host: str
    device: str
    platform: str
    paid: str  # the network of the paid advertisement that it came from


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
    answer = server.xread({STREAM: last_id}, count=size, block=block_ms)
    if not answer:
        return 0
    rows = answer[0][1]
    newest = rows[-1][0].decode()
    _keep([fields.get(b"d", b"") for _id, fields in rows], newest, epoch)
    server.xtrim(STREAM, minid=_after(newest), approximate=False)
    return len(rows)


def _epoch(server: redis.Redis) -> str:
    server.set(EPOCH, secrets.token_hex(8), nx=True)
    return server.get(EPOCH).decode()


def _after(entry_id: str) -> str:
    ms, n = entry_id.split("-")
    return f"{ms}-{int(n) + 1}"


@transaction.atomic
def _keep(raw: Sequence[bytes], newest: str, epoch: str) -> None:
    entries = _read(raw)
    if entries:
        entries = _without_copied(entries)
        counted = _first_of_hour(entries)
        _copy(entries, counted)
    ClickStream.objects.filter(name=NAME).update(
        last_id=newest, epoch=epoch, moved_at=datetime.now(UTC)
    )


def _read(raw: Sequence[bytes]) -> list[Entry]:
    matches = [match.groups() for text in raw if (match := ENTRY.fullmatch(text))]
    if len(matches) < len(raw):
        logger.warning("left out %d entries that are no clicks", len(raw) - len(matches))
    codes = {groups[0].decode() for groups in matches}
    links = {
        code.encode(): (pk, is_on)
        for pk, code, is_on in Link.objects.filter(code__in=codes).values_list(
            "pk", "code", "is_active"
        )
    }
    return [_entry(groups, *links[groups[0]]) for groups in matches if groups[0] in links]


def _entry(groups: tuple[bytes, ...], link_id: int, is_on: bool) -> Entry:
    _code, click, visitor, counts, host, device, platform, paid = groups
    uid = urlsafe_b64decode(click + b"==")
    ms = int.from_bytes(uid[:6], "big")
    day, hour = _local(ms // 3_600_000)
    return Entry(
        uid=uid,
        link_id=link_id,
        at=datetime.fromtimestamp(ms // 1_000, UTC) + timedelta(milliseconds=ms % 1_000),
        day=day,
        hour=hour,
        visitor=urlsafe_b64decode(visitor + b"=="),
        counts=counts == b"1" and is_on,
        host=host.decode(),
        device=device.decode(),
        platform=platform.decode(),
        paid=(paid or b"").decode(),
    )


@lru_cache(maxsize=256)
def _local(hours: int) -> tuple[date, int]:
    """Return the market's date and hour of an hour since 1970."""
    local = datetime.fromtimestamp(hours * 3_600, clock.zone())
    return local.date(), local.hour


def _without_copied(entries: list[Entry]) -> list[Entry]:
    """Leave out what an earlier epoch copied already, by the clicks' own ids."""
    unique = {entry.uid: entry for entry in entries}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid FROM affiliates_click"
            " WHERE uid = ANY(%s::uuid[]) AND clicked_at BETWEEN %s AND %s",
            [
                _array(uid.hex() for uid in unique),
                min(entry.at for entry in entries),
                max(entry.at for entry in entries),
            ],
        )
        for (uid,) in cursor.fetchall():
            del unique[uid.bytes]
    return list(unique.values())


def _first_of_hour(entries: Iterable[Entry]) -> set[bytes]:
    """Return the ids that count: the first per link, visitor and hour; keeps the day's sums."""
    keys = {(e.day, e.link_id, e.visitor) for e in entries if e.counts}
    seen: dict[tuple[date, int, bytes], int] = {}
    counted: set[bytes] = set()
    clicks: Counter[tuple[int, date]] = Counter()
    uniques: Counter[tuple[int, date]] = Counter()
    with connection.cursor() as cursor:
        if keys:
            days, ids, people = zip(*keys, strict=True)
            asked = [_array(days), _array(ids), _array(who.hex() for who in people)]
            cursor.execute(KNOWN, asked)
            seen = {(d, link, bytes(who)): hours for d, link, who, hours in cursor.fetchall()}
        for entry in entries:
            if not entry.counts:
                continue
            key, bit = (entry.day, entry.link_id, entry.visitor), 1 << entry.hour
            before = seen.get(key, 0)
            if before & bit:
                continue
            seen[key] = before | bit
            counted.add(entry.uid)
            clicks[entry.link_id, entry.day] += 1
            uniques[entry.link_id, entry.day] += not before
        if counted:
            rows = [(*key[:2], key[2].hex(), hours) for key, hours in sorted(seen.items())]
            cursor.execute(SEE, [_array(column) for column in zip(*rows, strict=True)])
            sums = [(link, day, n, uniques[link, day]) for (link, day), n in clicks.items()]
            cursor.execute(SUM, [_array(column) for column in zip(*sums, strict=True)])
    return counted


def _array(values: Iterable[object]) -> str:
    """Return numbers, dates or hex as PostgreSQL writes an array.

    Nothing in them needs quoting, which is most of what a driver's own arrays cost.
    """
    return "{" + ",".join(map(str, values)) + "}"


def _copy(entries: Iterable[Entry], counted: set[bytes]) -> None:
    lines = [
        f"{e.uid.hex()}\t{e.link_id}\t{e.at.isoformat()}\t\\\\x{e.visitor.hex()}\t{e.host}"
        f"\t{e.device}\t{e.platform}\t{e.paid}\t{'t' if e.uid in counted else 'f'}\n"
        for e in entries
    ]
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
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
        cursor.execute(
            "DELETE FROM affiliates_clickseen WHERE day < %s",
            [clock.local_day(at) - timedelta(days=2)],
        )
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
