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
    found = []
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
    if sold is None:
        return Facts(found)
    return Facts(found, sold.clicks_90d, sold.orders_90d, returned_bp=sold.returned_bp)


@pytest.mark.parametrize("seed", range(4))
def test_the_statement_scores_as_the_pure_function_does(seed):
    chance, people, sold = random.Random(seed), {}, {}
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
        "0.60 views per follower on a video; 0.05 to 1.50 is usual on YouTube at this size"
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
