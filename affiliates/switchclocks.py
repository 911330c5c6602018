"""Clocks that stand still while their platform is off: each moved by the outage, once.

    move(switch, until, at) -> int      the whole outage; what was moved already is corrected
    restore(switch, at) -> int          as if the switch had never been
    count(switch, at) -> dict           how many would move, by kind

A clock that ran when the platform went off moves by the whole outage, one that began during it by
the rest of it. Each batch is one transaction: rows are locked, then read again, moved, and
written down with old and new value, so that a call which is killed is finished by the next.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection, transaction

from affiliates.dashboards.query import rows_of
from affiliates.models import PlatformSwitch, SwitchChange

Kind = SwitchChange.Kind
BATCH = 1_000
NEVER = float("inf")
# How far ahead clocks are moved while nobody knows when it ends: so far, and again in time.
STRETCH, AHEAD = timedelta(days=28), timedelta(days=14)

# Each kind: its table and column, and a SELECT of the clocks (id, value, born, clock, inside).
# `inside` says that the switch concerns it; `born`, when this clock began to run.
TABLES = {
    Kind.SAMPLE: ("affiliates_samplerequest", "act_by"),
    Kind.RATE_LOCK: ("affiliates_link", "rate_locked_until"),
    Kind.PILOT: ("creators_creator", "pilot_since"),
}
CLOCKS = {
    Kind.SAMPLE: """
        SELECT t.id, t.act_by AS value, coalesce(e.at, t.asked_at) AS born,
               coalesce(e.id, 0) AS clock, h.platform = %(gone)s {country} AS inside
        FROM affiliates_samplerequest t
        JOIN creators_creator p ON p.id = t.creator_id
        JOIN creators_channel h ON h.id = t.channel_id
        LEFT JOIN LATERAL (
            SELECT e.id, e.at FROM affiliates_sampleevent e
            WHERE e.sample_id = t.id AND e.kind IN
                ('asked', 'accepted', 'shipped', 'delivered', 'arrived_silent', 'refused')
            ORDER BY e.id DESC LIMIT 1
        ) e ON true
        WHERE t.closed_at IS NULL AND t.state <> 'posted'""",
    Kind.RATE_LOCK: """
        SELECT t.id, t.rate_locked_until AS value, t.created_at AS born, 0::bigint AS clock,
               true {country} AS inside
        FROM affiliates_link t JOIN creators_creator p ON p.id = t.creator_id
        WHERE t.platform = %(gone)s AND t.rate_locked_until IS NOT NULL""",
    # pilots with working links whom no other channel reaches; what moves is when it began
    Kind.PILOT: """
        SELECT t.id, t.pilot_since AS value, NULL::timestamptz AS born, 0::bigint AS clock,
               true {country}
               AND EXISTS (SELECT 1 FROM affiliates_link k
                           WHERE k.creator_id = t.id AND k.is_active
                             AND k.collaboration_id IS NOT NULL)
               AND EXISTS (SELECT 1 FROM creators_channel h WHERE h.creator_id = t.id
                           AND h.verified_at IS NOT NULL AND h.disconnected_at IS NULL
                           AND h.platform = %(gone)s)
               AND NOT EXISTS (SELECT 1 FROM creators_channel h WHERE h.creator_id = t.id
                               AND h.verified_at IS NOT NULL AND h.disconnected_at IS NULL
                               AND h.platform <> %(gone)s) AS inside
        FROM creators_creator t JOIN creators_creator p ON p.id = t.id
        WHERE t.status = 'pilot' AND t.pilot_since IS NOT NULL""",
}
LAST = """
    LEFT JOIN LATERAL (
        SELECT c.shift FROM affiliates_switchchange c
        WHERE c.switch_id = %(switch)s AND c.kind = %(kind)s AND c.object_id = r.id
          AND c.clock = r.clock
        ORDER BY c.id DESC LIMIT 1
    ) last ON true"""
# What of the outage each clock should have in it, where it has not.
DUE = """
    SELECT r.id, r.value, r.clock, r.had, r.target FROM (
        SELECT r.id, r.value, r.clock, coalesce(last.shift, '0') AS had,
               greatest(interval '0', %(until)s::timestamptz - greatest(
                   %(from)s::timestamptz, coalesce(r.born, r.value - coalesce(last.shift, '0'))
               )) AS target
        FROM ({clocks}) r {last}
        WHERE (r.inside OR last.shift IS NOT NULL) {ran}
    ) r WHERE r.had <> r.target"""
RAN = "AND r.value - coalesce(last.shift, '0') > %(from)s"  # else it had run out before
MOVE = """
    WITH due AS ({due}), moved AS (
        UPDATE {table} t SET {column} = t.{column} + (due.target - due.had)
        FROM due WHERE t.id = due.id RETURNING t.id
    )
    INSERT INTO affiliates_switchchange
        (switch_id, kind, object_id, clock, act, old_value, new_value, shift, at)
    SELECT %(switch)s, %(kind)s, due.id, due.clock, 'moved', due.value,
           due.value + (due.target - due.had), due.target, %(at)s
    FROM due JOIN moved ON moved.id = due.id
"""
TOUCHED = """
    SELECT DISTINCT object_id FROM affiliates_switchchange
    WHERE switch_id = %(switch)s AND kind = %(kind)s AND object_id > %(after)s
    ORDER BY object_id LIMIT %(size)s
"""
RESTORE = """
    WITH held AS (
        SELECT * FROM (
            SELECT DISTINCT ON (object_id, clock) object_id, clock, new_value, shift
            FROM affiliates_switchchange
            WHERE switch_id = %(switch)s AND kind = %(kind)s AND object_id = ANY(%(ids)s)
            ORDER BY object_id, clock, id DESC
        ) c WHERE c.shift <> '0'
    ), same AS (
        SELECT held.object_id, held.clock, held.shift, r.value
        FROM held JOIN ({clocks}) r ON r.id = held.object_id AND r.clock = held.clock
    ), moved AS (
        UPDATE {table} t SET {column} = t.{column} - same.shift
        FROM same WHERE t.id = same.object_id RETURNING t.id
    )
    INSERT INTO affiliates_switchchange
        (switch_id, kind, object_id, clock, act, old_value, new_value, shift, at)
    SELECT %(switch)s, %(kind)s, held.object_id, held.clock,
           CASE WHEN moved.id IS NULL THEN 'left' ELSE 'restored' END,
           coalesce(same.value, held.new_value), same.value - same.shift, '0', %(at)s
    FROM held
    LEFT JOIN same USING (object_id, clock)
    LEFT JOIN moved ON moved.id = same.object_id
"""


def move(switch: PlatformSwitch, until: datetime, at: datetime, ends: float = NEVER) -> int:
    """Let every clock have the outage until `until` in it; return how many moved.

    No batch begins after `ends` (of the monotonic clock): the next call goes on.
    """
    return sum(_move(switch, kind, until, at, ends) for kind in TABLES)


def _move(switch: PlatformSwitch, kind: str, until: datetime, at: datetime, ends: float) -> int:
    values = _values(switch, kind) | {"until": until, "at": at}
    due, moved, after = _due(switch, kind), 0, 0
    find = f"SELECT id FROM ({due}) d WHERE id > %(after)s ORDER BY id LIMIT %(size)s"  # noqa: S608
    while time.monotonic() < ends and (
        ids := [pk for (pk,) in rows_of(find, values | {"after": after, "size": BATCH})]
    ):
        moved += _batch(MOVE.replace("{due}", _due(switch, kind, chosen=True)), kind, values, ids)
        after = ids[-1]
    return moved


def restore(switch: PlatformSwitch, at: datetime, ends: float = NEVER) -> int:
    """Take back what it moved; return how many. Clocks that went on since are left, and named.

    No batch begins after `ends`, as in `move`.
    """
    done = 0
    for kind in TABLES:
        values, after = _values(switch, kind) | {"at": at}, 0
        clocks = f"{_clocks(switch, kind)} AND t.id = ANY(%(ids)s)"
        while time.monotonic() < ends and (
            ids := [pk for (pk,) in rows_of(TOUCHED, values | {"after": after, "size": BATCH})]
        ):
            done += _batch(RESTORE.replace("{clocks}", clocks), kind, values, ids)
            after = ids[-1]
    return done


@transaction.atomic
def _batch(sql: str, kind: str, values: dict[str, object], ids: list[int]) -> int:
    """Lock the rows, then do one statement on what they are now; return how many it wrote down."""
    table, column = TABLES[kind]
    lock = f"SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR UPDATE"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(lock, [ids])
        cursor.execute(
            sql.replace("{table}", table).replace("{column}", column), values | {"ids": ids}
        )
        return cursor.rowcount


def count(switch: PlatformSwitch, at: datetime) -> dict[str, int]:
    """Return how many clocks would move now, by kind; nothing is written."""
    until = target(switch, at)
    sql = "SELECT count(*) FROM ({due}) d"
    return {
        kind: rows_of(
            sql.replace("{due}", _due(switch, kind)), _values(switch, kind) | {"until": until}
        )[0][0]
        for kind in TABLES
    }


def target(switch: PlatformSwitch, at: datetime) -> datetime:
    """Return the end of the outage that clocks are moved by at `at`.

    While nobody knows it: whole stretches of 28 days, always 14 days ahead.
    """
    if switch.off_until is not None:
        return switch.off_until
    gone = max(at, switch.off_from) + AHEAD - switch.off_from
    return switch.off_from + STRETCH * -(-gone // STRETCH)


def _values(switch: PlatformSwitch, kind: str) -> dict[str, object]:
    return {
        "switch": switch.pk or 0, "kind": kind, "gone": switch.platform,
        "country": switch.country, "from": switch.off_from,
    }  # fmt: skip


def _clocks(switch: PlatformSwitch, kind: str) -> str:
    country = "AND p.country = %(country)s" if switch.country else ""
    return CLOCKS[kind].replace("{country}", country)


def _due(switch: PlatformSwitch, kind: str, *, chosen: bool = False) -> str:
    clocks = _clocks(switch, kind) + (" AND t.id = ANY(%(ids)s)" if chosen else "")
    ran = "" if kind == Kind.PILOT else RAN
    sql = DUE.replace("{clocks}", clocks).replace("{last}", LAST)
    return sql.replace("{ran}", ran)
