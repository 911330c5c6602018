"""The authenticity score: pure, the same in SQL, and fair to a small niche."""

import random
from datetime import timedelta

import pytest

from creators import authenticity, directory, enrolment, peers
from creators.authenticity import Channel, Facts
from creators.directory import SalesFacts
from creators.models import DirectoryEntry, PeerFigure, Reading
from tests.creators.factories import NOW, make_channel, make_creator

pytestmark = pytest.mark.django_db
TODAY = enrolment.market_day(NOW)


def read_as(channel, followers: list[int], *, likes=None, views=None, posts=100) -> None:
    """Give a channel these counts, a week apart, the newest last."""
    channel.readings.all().delete()
    Reading.objects.bulk_create(
        Reading(
            channel=channel, day=TODAY - timedelta(days=7 * back), read_at=NOW, followers=count,
            likes=likes, views=views, posts=posts,
        )
        for back, count in enumerate(reversed(followers))
    )  # fmt: skip


def facts_of(channels, sold: SalesFacts | None) -> Facts:
    """Return in Python what the statement reads from the rows."""
    found, figures = [], {}
    for row in PeerFigure.objects.exclude(measure="engagement"):
        figures[row.measure, row.platform, row.band] = row
    for channel in sorted(channels, key=lambda one: (-one.readings.first().followers, one.pk)):
        rows = list(channel.readings.order_by("day"))
        last, bp, usual = rows[-1], None, (None, None)
        told = {"tiktok": last.likes, "youtube": last.views}.get(channel.platform)
        if told is not None and last.posts and last.followers:
            bp = min(100_000, round(told * 10_000 / last.posts / last.followers))
        if channel.platform in authenticity.USUAL:
            usual = authenticity.USUAL[channel.platform][authenticity.band(last.followers)]
        jump = max(
            (
                int((b.followers - a.followers) * 10_000 / max(a.followers, 100))
                // (b.day - a.day).days if b.followers >= a.followers else -1
                for a, b in zip(rows, rows[1:], strict=False)
            ),
            default=0,
        )  # fmt: skip
        days = (rows[-1].day - rows[0].day).days
        is_tube = channel.platform == "youtube"
        found.append(Channel(last.followers, bp, *usual, jump, len(rows), days, is_tube))
    largest = max(
        channels, key=lambda one: (one.readings.order_by("day").last().followers, -one.pk)
    )
    place = largest.platform, authenticity.band(max(one.followers for one in found))
    near = {
        measure: row
        for measure in ("growth", "orders", "returns")
        if (row := figures.get((measure, *place)))
    }
    usual = {"peers": {measure: row.channels for measure, row in near.items()}}
    if "growth" in near:
        usual["steady_bp"] = near["growth"].figures[14]
    if "orders" in near:
        usual["usual_orders_bp"] = near["orders"].low
    if "returns" in near:
        usual["usual_returns_bp"] = near["returns"].figures[14]
    if sold is None:
        return Facts(found, **usual)
    return Facts(found, sold.clicks_90d, sold.orders_90d, returned_bp=sold.returned_bp, **usual)


@pytest.mark.parametrize("seed", range(4))
def test_the_statement_scores_as_the_pure_function_does(seed):
    chance, people, sold = random.Random(seed), {}, {}
    for measure in ("growth", "orders", "returns"):
        for platform in ("tiktok", "youtube", "instagram"):
            for band in range(4):
                steps = sorted(chance.randrange(0, 900) * (seed > 0) for _step in range(19))
                PeerFigure.objects.create(
                    measure=measure, platform=platform, band=band, channels=30 + band,
                    low=steps[4], high=steps[18], figures=steps, counted_on=TODAY,
                )  # fmt: skip
    PeerFigure.objects.filter(band__in=chance.sample(range(4), 2)).delete()
    for _ in range(12):
        creator = make_creator()
        people[creator.pk] = []
        for platform in chance.sample(["tiktok", "youtube", "instagram"], chance.choice((1, 2))):
            channel = make_channel(creator=creator, platform=platform, at=NOW)
            start = chance.choice((900, 4_000, 60_000))
            counts = [start]
            for _week in range(chance.choice((0, 2, 4))):
                counts.append(int(counts[-1] * chance.choice((1.0, 1.03, 1.2, 2.5))))
            told = chance.choice((None, start * 2, start * 30))
            read_as(channel, counts, likes=told, views=told, posts=chance.choice((40, 100)))
            people[creator.pk].append(channel)
        if chance.random() < 0.7:
            orders = chance.choice((0, 3, 9))
            sold[creator.pk] = SalesFacts(
                creator.pk, orders, 0, chance.choice((0, 60, 900)), 1,
                chance.choice((0, 2_500, 9_000)) if orders else None,
            )  # fmt: skip
    directory.record(list(people), NOW, sold.values(), TODAY)

    for entry in DirectoryEntry.objects.filter(pk__in=people):
        score, parts = authenticity.judge(facts_of(people[entry.pk], sold.get(entry.pk)))
        assert (entry.score, entry.score_parts) == (score, parts)
        assert sum(part["points"] for part in parts) == (score or 0)
        assert sum(part["of"] for part in parts) in (0, 100)


def test_what_a_platform_does_not_tell_is_not_scored():
    steady = {"jump_bp": 0, "readings": 9, "days": 60}
    silent = Channel(3_000, None, None, None, **steady)
    score, parts = authenticity.judge(Facts([silent], clicks=400, orders=8))

    assert score == 100
    assert [(part["part"], part["of"]) for part in parts] == [("growth", 60), ("orders", 40)]
    assert authenticity.judge(Facts([silent])) == (None, [])
    assert authenticity.judge(Facts([Channel(3_000, 600, 300, 1_800, 0, 2, 7)])) == (None, [])


def test_views_are_no_reactions_and_are_measured_against_views():
    one, both = make_creator(), make_creator()
    tubes = [make_channel(creator=who, platform="youtube", at=NOW) for who in (one, both)]
    for tube in tubes:
        read_as(tube, [6_000, 6_100, 6_200], views=372_000, posts=100)
    read_as(make_channel(creator=both, at=NOW), [2_000, 2_020, 2_040], likes=10_200, posts=100)
    directory.record([one.pk, both.pk], NOW)

    entries = DirectoryEntry.objects.in_bulk()
    assert (entries[one.pk].engagement_bp, entries[one.pk].views_bp) == (None, 6_000)
    assert (entries[both.pk].engagement_bp, entries[both.pk].views_bp) == (500, 6_000)
    (part,) = [p for p in authenticity.in_words(entries[one.pk].score_parts) if "Views" in p.text]
    assert part.text == "Views fit the number of followers"
    assert part.small == (
        "0.60 views per follower on a video; we take 0.05 to 1.50 as usual,"
        " while peers are too few to compare"
    )


def test_bought_followers_are_in_the_lowest_tenth_and_a_small_niche_is_not():
    chance, people = random.Random(1), []
    for _ in range(40):
        creator = make_creator()
        start = chance.randrange(6_000, 15_000)
        channel = make_channel(creator=creator, at=NOW)
        growth = 1 + chance.random() / 20
        read_as(
            channel, [int(start * growth**n) for n in range(5)],
            likes=int(start * chance.uniform(0.03, 0.12) * 100),
        )  # fmt: skip
        people.append(creator)
    bought, niche = make_creator(handle="bought"), make_creator(handle="lace.makers")
    read_as(
        make_channel(creator=bought, at=NOW), [1_200, 1_300, 1_350, 24_000, 24_100], likes=9_000
    )
    read_as(make_channel(creator=niche, at=NOW), [1_010, 1_020, 1_030, 1_045, 1_060], likes=14_000)
    assert peers.refresh(NOW) >= 1
    directory.record([one.pk for one in (*people, bought, niche)], NOW)

    scores = dict(DirectoryEntry.objects.values_list("creator__handle", "score"))
    lowest = sorted(scores.values())[: len(scores) // 10]
    assert scores["bought"] in lowest
    assert scores["bought"] < 50
    assert scores["lace.makers"] > lowest[-1]
    assert scores["lace.makers"] >= 90


def test_peers_are_of_the_same_platform_and_size_and_too_few_tell_nothing():
    for n in range(31):
        read_as(make_channel(creator=make_creator(), at=NOW), [6_000], likes=6_000 * n)
    for _ in range(5):
        read_as(
            make_channel(creator=make_creator(), platform="youtube", at=NOW), [6_000], views=999
        )

    assert peers.refresh(NOW) == 1
    assert peers.refresh(NOW) == 1
    figure = PeerFigure.objects.get()
    assert (figure.platform, figure.band, figure.channels) == ("tiktok", 1, 30)
    assert (figure.low, figure.high, len(figure.figures)) == (800, 2_900, 19)
    creator = make_creator()
    read_as(make_channel(creator=creator, at=NOW), [6_000], likes=6_000 * 15)
    directory.record([creator.pk], NOW)
    assert DirectoryEntry.objects.get(pk=creator.pk).engagement_pct == 50


def test_growth_orders_and_returns_are_measured_against_peers_once_there_are_enough():
    made = [make_creator(followers=6_000) for _n in range(31)]
    for n, creator in enumerate(made):
        counts = [6_000, 6_000, 6_000 + 42 * n]
        read_as(creator.channels.get(), counts, likes=300_000)
    sold = [SalesFacts(one.pk, 6, 9_000, 100 * (n + 1), 1, 100 * n) for n, one in enumerate(made)]
    ids = [creator.pk for creator in made]
    directory.record(ids, NOW, sold, TODAY)
    alone = DirectoryEntry.objects.get(pk=ids[-1])
    assert {part["peers"] for part in alone.score_parts} == {None}

    assert peers.refresh(NOW) == 4
    growth, orders, returns = (
        PeerFigure.objects.get(measure=name) for name in ("growth", "orders", "returns")
    )
    assert [one.channels for one in (growth, orders, returns)] == [31, 31, 31]
    assert growth.figures[14] == 10 * 23  # of 0, 10 … 300 bp a day
    assert (orders.low, returns.figures[14]) == (25, 2_300)
    directory.record(ids, NOW, sold, TODAY)

    entry = DirectoryEntry.objects.get(pk=ids[-1])
    parts = {part["part"]: part for part in entry.score_parts}
    assert {part["peers"] for part in parts.values()} == {31}
    assert (parts["growth"]["measured"], parts["growth"]["high"]) == (300, 230)
    assert (parts["orders"]["measured"], parts["orders"]["low"]) == (19, 25)
    assert (parts["returns"]["measured"], parts["returns"]["high"]) == (3_000, 2_300)
    said = " ".join(reason.small for reason in authenticity.in_words(entry.score_parts))
    assert "up to 2.3% is usual among peers" in said and "we take" not in said


def test_a_score_of_the_version_before_can_be_told_again():
    channel = Channel(6_000, 500, 300, 1_800, 150, 9, 60, peers=40)
    facts = Facts(
        [channel], 400, 8, usual_orders_bp=400, returned_bp=2_000, steady_bp=50,
        usual_returns_bp=500, peers={"growth": 40, "orders": 40, "returns": 40},
    )  # fmt: skip

    before, parts = authenticity.judge(facts, version=2)

    assert (before, authenticity.judge(facts)[0]) == (100, 85)
    assert [(p["part"], p["low"], p["high"], p["points"]) for p in parts] == [
        ("engagement", 300, 1_800, 40), ("growth", None, 200, 30), ("orders", 50, None, 20),
        ("returns", None, 2_000, 10),
    ]  # fmt: skip
