"""A platform goes dark for a whole market: clocks moved and put back, links that stand in, letters.

Each beside a bare statement that writes the same rows in one transaction, which logs and moves
without looking at anything and is rolled back. Putting back must restore every clock exactly.
"""

import sys
import time
from datetime import datetime, timedelta

import django

from tests.benchmarks import lib

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from affiliates import standins, switchclocks, switchwork  # noqa: E402
from affiliates.models import Link, PlatformSwitch, SwitchChange, SwitchLetter  # noqa: E402
from tests.benchmarks import due, market_of_links  # noqa: E402

CREATORS = 100_000 if lib.FULL else 20_000
ROUNDS = 3
OUTAGE = timedelta(days=28)
DIGEST = """
    SELECT md5(string_agg(v::text, ' ' ORDER BY k, id)) FROM (
        SELECT 'l' AS k, id, rate_locked_until AS v FROM affiliates_link WHERE platform <> 'page'
        UNION ALL SELECT 's', id, act_by FROM affiliates_samplerequest
        UNION ALL SELECT 'p', id, pilot_since FROM creators_creator
    ) clocks
"""
LOG = """
    INSERT INTO affiliates_switchchange (switch_id, kind, object_id, clock, act, old_value,
        new_value, shift, note, at)
    SELECT switch_id, kind, object_id, clock, act, old_value, new_value, shift, note, at
    FROM affiliates_switchchange WHERE switch_id = %(switch)s AND act = 'moved'
"""
MOVED = """
    UPDATE {table} t SET {column} = t.{column} + interval '28 days'
    FROM affiliates_switchchange c
    WHERE c.switch_id = %(switch)s AND c.act = 'moved' AND c.kind = '{kind}' AND c.object_id = t.id
"""
PAGES = f"""
    INSERT INTO affiliates_link (code, creator_id, collaboration_id, product_id, platform,
        destination, alias, on_storefront, position, is_active, taken_bp, created_at)
    SELECT {market_of_links.DIGITS.format("(k.id + 100000000)")}, k.creator_id, k.collaboration_id,
           k.product_id, 'page', k.destination, '', false, 0, true, k.taken_bp, now()
    FROM affiliates_link k WHERE k.platform = 'tiktok'
    ON CONFLICT DO NOTHING
"""  # noqa: S608
FORGET = """
    DELETE FROM affiliates_link WHERE id > {last};
    TRUNCATE affiliates_switchletter
"""
HELD: list[float] = []  # seconds that each batch held its rows locked


def timing(work):
    """Return `work`, noting how long each call took."""

    def timed(*arguments, **named):
        begun = time.perf_counter()
        try:
            return work(*arguments, **named)
        finally:
            HELD.append(time.perf_counter() - begun)

    return timed


def switched_off(at: datetime) -> PlatformSwitch:
    return PlatformSwitch.objects.create(
        platform="tiktok", off_from=at - timedelta(hours=1), state="agreed", agreed_at=at,
        reason="bench",
    )  # fmt: skip


def digest() -> str:
    with connection.cursor() as cursor:
        cursor.execute(DIGEST)
        return cursor.fetchone()[0]


def bare(*statements: str, **values: object) -> float:
    """Return the seconds of statements in a transaction that is rolled back."""
    with due.owner() as owner:
        owner.execute("BEGIN")
        spent = lib.timed(lambda: [owner.execute(sql, values) for sql in statements])
        owner.execute("ROLLBACK")
    return spent


def one_round(at: datetime, last: int) -> dict[str, float]:
    row, before, never = switched_off(at), digest(), float("inf")
    row.off_until = row.off_from + OUTAGE
    found = {"move": lib.timed(lambda: switchclocks.move(row, row.off_until, at))}
    moved = [
        MOVED.format(table=table, column=column, kind=kind)
        for kind, (table, column) in switchclocks.TABLES.items()
    ]
    found["move_bare"] = bare(*moved, LOG, switch=row.pk)
    found["tick"] = lib.timed(lambda: switchclocks.move(row, row.off_until, at))
    found["pages_bare"] = bare(PAGES)
    found["pages"] = lib.timed(lambda: standins.make(row, at, never))
    found["letters"] = lib.timed(lambda: switchwork._letters(row, "off", switchwork.CONCERNED))
    found["back"] = lib.timed(lambda: switchclocks.restore(row, at))
    if digest() != before:
        raise AssertionError("putting back did not restore every clock")
    counts = {
        "clocks": SwitchChange.objects.filter(switch=row, act="moved").count(),
        "restored": SwitchChange.objects.filter(switch=row, act="restored").count(),
        "page_links": Link.objects.filter(pk__gt=last).count(),
        "letters_to": SwitchLetter.objects.count(),
    }
    if not all(counts.values()) or counts["clocks"] != counts["restored"]:
        raise AssertionError(f"not everything was done: {counts}")
    COUNTS.update(counts)
    with due.owner() as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(FORGET.format(last=last))
        owner.execute("VACUUM ANALYZE")
    return found


COUNTS: dict[str, int] = {}


def main() -> int:
    at = timezone.now()
    market_of_links.fill(CREATORS, 0, at)
    last = Link.objects.order_by("-pk").values_list("pk", flat=True)[0]
    standins._batch = timing(standins._batch)
    switchclocks._batch = timing(switchclocks._batch)
    rounds = []
    for n in range(ROUNDS):
        rounds.append(one_round(at, last))
        lib.say(f"round {n + 1}: " + ", ".join(f"{k} {v:.1f} s" for k, v in rounds[-1].items()))
    best = {name: min(one[name] for one in rounds) for name in rounds[0]}
    return lib.report(
        "switch", ROUNDS,
        {"creators": CREATORS, **COUNTS, **{f"{name}_s": round(v, 1) for name, v in best.items()}},
        {"move_of_bare": best["move"] / best["move_bare"],
         "pages_of_bare": best["pages"] / best["pages_bare"],
         "longest_lock_s": max(HELD), "tick_s": best["tick"]},
        {"move_of_bare": {"max": 5}, "pages_of_bare": {"max": 25}, "longest_lock_s": {"max": 2},
         "tick_s": {"max": 10}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
