"""What a switch makes to be done: clocks moved, letters to write, links that stand in.

Each step finds its work in the database, so a call that is killed is finished by the next, and
one that nobody made while the clock ran is caught up with. `PlatformSwitch.worked` says which
phase is done; while the platform is off, what is new is looked for again.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime

from django.db import connection, transaction

from affiliates import drill, linkcache, standins, switchclocks, switches
from affiliates.locks import Lock
from affiliates.models import Link, PlatformSwitch
from config.lib import locks

logger = logging.getLogger(__name__)
SECONDS = 180  # of one call, well before its worker is told to stop; the next goes on
CONCERNED = """
    INSERT INTO affiliates_switchletter (switch_id, about, creator_id, brand_id, mailed)
    SELECT DISTINCT %(switch)s::bigint, %(about)s, k.creator_id, NULL::bigint, false
    FROM affiliates_link k JOIN creators_creator p ON p.id = k.creator_id
    WHERE k.is_active AND k.platform = %(gone)s AND k.collaboration_id IS NOT NULL
      AND p.user_id IS NOT NULL AND p.erased_at IS NULL {country}
    UNION
    SELECT %(switch)s, %(about)s, s.creator_id, NULL, false
    FROM affiliates_samplerequest s JOIN creators_creator p ON p.id = s.creator_id
    JOIN creators_channel h ON h.id = s.channel_id
    WHERE s.closed_at IS NULL AND h.platform = %(gone)s AND p.user_id IS NOT NULL {country}
    UNION
    SELECT %(switch)s, %(about)s, NULL, o.brand_id, false
    FROM affiliates_link k JOIN affiliates_collaboration o ON o.id = k.collaboration_id
    JOIN creators_creator p ON p.id = k.creator_id JOIN shop_brand b ON b.id = o.brand_id
    WHERE k.is_active AND k.platform = %(gone)s AND b.status = 'active' {country}
    ON CONFLICT DO NOTHING
"""
TOLD = """
    INSERT INTO affiliates_switchletter (switch_id, about, creator_id, brand_id, mailed)
    SELECT switch_id, %(about)s, creator_id, brand_id, false FROM affiliates_switchletter
    WHERE switch_id = %(switch)s AND about = 'off' AND (told_at IS NULL OR mailed)
    ON CONFLICT DO NOTHING
"""


def run(at: datetime, seconds: float = SECONDS) -> int:
    """Do what agreed switches ask for by `at`; return how many clocks moved. Safe to repeat."""
    ends = time.monotonic() + seconds
    try:
        with locks.alone(Lock.SWITCH):
            rows = PlatformSwitch.objects.filter(state__in=["agreed", "withdrawn"])
            moved = 0
            for row in rows.order_by("id"):
                if time.monotonic() < ends:
                    moved += _work(row, at, ends)
            _rehearse(at)
            return moved
    except locks.Busy:
        return 0


def _rehearse(at: datetime) -> None:
    """Compute what proposed switches would do, for the admin who decides."""
    rows = PlatformSwitch.objects.filter(state="proposed", rehearsal__isnull=True)
    for row in rows.order_by("id"):
        row.rehearsal, row.rehearsed_at = rehearse(row, at), at
        row.save(update_fields=["rehearsal", "rehearsed_at"])


def rehearse(row: PlatformSwitch, at: datetime) -> dict[str, object]:
    """Return what a switch would do, as JSON values; nothing else is written."""
    ends = row.off_until or switchclocks.target(row, at)
    days = min(drill.LONGEST, max(1, -(-(ends - row.off_from) // drill.A_DAY)))
    found = drill.run(drill.Asked(row.platform, row.country, row.off_from, days), at)
    return drill.plain(found) | {
        "clocks": switchclocks.count(row, at), "brands": switches.brands_of(row).count(),
    }  # fmt: skip


def _work(row: PlatformSwitch, at: datetime, ends: float) -> int:
    phase = row.phase(at)
    if phase == row.worked and phase != "off":
        return 0
    moved = 0
    if phase == "ahead":
        _letters(row, "off", CONCERNED)
        return 0
    first = row.worked != phase
    if first:
        _forget(row)
    if phase == "off":
        moved = switchclocks.move(row, switchclocks.target(row, at), at, ends)
        if first:
            _letters(row, "off", CONCERNED)
        if not standins.make(row, at, ends) or time.monotonic() >= ends:
            return moved  # the next call goes on
    elif phase == "back":
        moved = switchclocks.move(row, row.off_until, at, ends)
        if time.monotonic() >= ends:
            return moved
        if not row.worked:  # it came and went while nothing ran
            _letters(row, "back", CONCERNED)
        _letters(row, "back", TOLD)
    elif phase == "withdrawn":
        moved = switchclocks.restore(row, at, ends)
        if time.monotonic() >= ends:
            return moved  # the next call goes on
        _letters(row, "withdrawn", TOLD)
    if first:
        _forget(row)  # their promised rates ran on
        _done(row, phase)
        logger.info("%s: the work of phase %r is done, %d clocks moved", row, phase, moved)
    return moved


@transaction.atomic
def _done(row: PlatformSwitch, phase: str) -> None:
    """Note the phase, unless two admins said something else meanwhile."""
    known = PlatformSwitch.objects.select_for_update().get(pk=row.pk)
    if (known.state, known.off_until) == (row.state, row.off_until):
        known.worked = phase
        known.save(update_fields=["worked"])


def _values(row: PlatformSwitch) -> dict[str, object]:
    return {"switch": row.pk, "gone": row.platform, "country": row.country}


def _scoped(sql: str, row: PlatformSwitch) -> str:
    return sql.replace("{country}", "AND p.country = %(country)s" if row.country else "")


def _letters(row: PlatformSwitch, about: str, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_scoped(sql, row), _values(row) | {"about": about})


def _forget(row: PlatformSwitch) -> None:
    """Let the redirect ask anew where these links lead, and what those beside them promise."""
    hit = Link.objects.filter(platform=row.platform)
    hit = hit.filter(creator__country=row.country) if row.country else hit
    found = Link.objects.active().filter(creator__in=hit.values("creator"))
    linkcache.forget(found.values_list("code", flat=True).iterator())
