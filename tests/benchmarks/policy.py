"""Deciding: the pure function, everyone from the database, a what-if, and the pages of joining.

pure          decisions per second of `policy.decide` alone, on one core
in_bulk       of everyone, facts read from the database in batches (what a night does)
one_by_one    the stand-in peer: each creator with queries of her own
"""

import os
import random
import time
from collections.abc import Callable
from datetime import timedelta

import django

from tests.benchmarks import lib

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from creators import enrolment, policy, rulebook, what_if  # noqa: E402
from creators.models import Channel, Creator, DirectoryEntry, Reading  # noqa: E402
from tests.benchmarks import people  # noqa: E402

CREATORS = int(os.environ.get("BENCH_CREATORS", "100000"))
PURE = 1_000_000 if lib.FULL else min(CREATORS, 200_000)
ROUNDS = 3
ALONE = 200  # creators that the peer decides on in a round
MIX = (*policy.PLATFORMS,)


def fill() -> None:
    """Make creators with one channel each, of 200 to 12,000 followers, read twice."""
    chance, now = random.Random(1), timezone.now()
    day = enrolment.market_day(now)
    people.make(CREATORS, 0)
    Creator.objects.update(birth_on=day - timedelta(days=9_000))
    for start in range(1, CREATORS + 1, people.BATCH):
        ids = range(start, min(start + people.BATCH, CREATORS + 1))
        followers = {n: chance.randrange(200, 12_000) for n in ids}
        Channel.objects.bulk_create(
            Channel(
                pk=n, creator_id=n, platform=MIX[n % 4], external_id=f"x{n}", handle=f"c{n}",
                verified_at=now, checked_at=now, token_state="ok",
            )
            for n in ids
        )  # fmt: skip
        Reading.objects.bulk_create(
            Reading(
                channel_id=n, day=day - timedelta(days=back), read_at=now,
                followers=followers[n] - back,
            )
            for n in ids for back in (0, 7)
        )  # fmt: skip
        DirectoryEntry.objects.bulk_create(
            (
                DirectoryEntry(
                    creator_id=n, followers_max=followers[n], niches=["food"], country="NL",
                    refreshed_at=now,
                )
                for n in ids
            ),
            ignore_conflicts=True,
        )  # fmt: skip
    decided = Creator.objects.order_by("pk")[:1].get()
    decision = enrolment.apply_decision(decided, now)
    Creator.objects.filter(status="draft").update(status="waiting", decision=decision)
    lib.analyze()


def per_s(work: Callable[[], int]) -> Callable[[], float]:
    def target() -> float:
        begun = time.process_time()
        count = work()
        return count / (time.process_time() - begun)

    return target


def pure() -> int:
    now = timezone.now().astimezone(enrolment.market_zone())
    rules = rulebook.rules(now)
    facts = [
        policy.Facts(
            "NL", now.date() - timedelta(days=9_000),
            (policy.Channel(MIX[n % 4], "a", True, 200 + n * 7919 % 11_800, now.date()),),
        )
        for n in range(PURE)
    ]  # fmt: skip
    begun = time.process_time()
    for one in facts:
        policy.decide(rules, one, now)
    return int(PURE / (time.process_time() - begun))


def in_bulk() -> int:
    """What the night does of everyone who waits; those let in are not written here."""
    now = timezone.now()
    rules, local = rulebook.rules(now), now.astimezone(enrolment.market_zone())
    done = 0
    rows = Creator.objects.waiting().order_by("pk")
    while batch := list(rows.filter(pk__gt=done)[: enrolment.BATCH]):
        facts = enrolment.facts_of(batch, now)
        for creator in batch:
            policy.decide(rules, facts[creator.pk], local)
        done = batch[-1].pk
    return CREATORS - 1


def one_by_one() -> int:
    now = timezone.now()
    for creator in Creator.objects.waiting().order_by("pk")[:ALONE]:
        enrolment.judge(creator, now)
    return ALONE


def compare() -> float:
    now = timezone.now()
    drafted = policy.Policy(None, "", "", now, 5_000, 10_000)
    begun = time.perf_counter()
    found = what_if.compare(drafted, now)
    seconds = time.perf_counter() - begun
    if not found.fall_out.creators or found.looked_at != CREATORS:
        raise SystemExit(f"the what-if looked at {found.looked_at} and found nobody")
    return seconds


def most_queries() -> int:
    """Return the most queries of a page of joining."""
    user = get_user_model().objects.create_user("joins", "joins@example.com")
    Creator.objects.filter(pk=1).update(user=user)
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"})
    client.force_login(user)
    most = 0
    for path in ("", "?edit=1", "channels/", "decision/"):
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(f"/creator/join/{path}")
        if answer.status_code not in (200, 302):
            raise SystemExit(f"/creator/join/{path} answered {answer.status_code}")
        lib.say(f"/creator/join/{path}: {len(seen)} queries")
        most = max(most, len(seen))
    return most


def main() -> int:
    fill()
    found = lib.interleave(
        {
            "pure": lambda: float(pure()),
            "in_bulk": per_s(in_bulk),
            "one_by_one": per_s(one_by_one),
            "what_if": compare,
        },
        ROUNDS,
    )
    nobody = what_if.compare(rulebook.rules(timezone.now())[-1], timezone.now())
    changed = sum(
        side.creators for side in (nobody.come_in, nobody.fall_out, nobody.rise, nobody.sink)
    )
    ratios = {
        "pure_per_s": found["pure"],
        "x_one_by_one": found["in_bulk"] / found["one_by_one"],
        "what_if_s_per_100k": found["what_if"] * 100_000 / CREATORS,
        "changed_by_the_rule_in_force": changed,
        "queries_of_joining": most_queries(),
    }
    ours = {
        "creators": CREATORS,
        "pure_per_s": round(found["pure"]),
        "in_bulk_per_s": round(found["in_bulk"]),
        "one_by_one_per_s": round(found["one_by_one"]),
        "what_if_s": round(found["what_if"], 2),
    }
    bars = {
        "pure_per_s": {"min": 50_000},
        "x_one_by_one": {"min": 5},
        "what_if_s_per_100k": {"max": 5},
        "changed_by_the_rule_in_force": {"max": 0},
        "queries_of_joining": {"max": 12},
    }
    return lib.report("policy", ROUNDS, ours, ratios, bars)


if __name__ == "__main__":
    raise SystemExit(main())
