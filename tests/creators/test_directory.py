"""The directory: what is recorded, how it is searched, and the score in it."""

from datetime import timedelta

import pytest

from creators import directory, smallfirst
from creators.directory import Filters, SalesFacts
from creators.models import Creator, DirectoryEntry
from tests.creators.factories import NOW, make_channel, make_creator, make_decision

pytestmark = pytest.mark.django_db


def found(**filters) -> list[str]:
    page = directory.search(Filters(**filters))
    assert page.count == len(page.entries)
    return [entry.creator.handle for entry in page.entries]


def test_an_entry_sums_the_verified_channels():
    creator = make_creator(followers=2_000, niches=("food", "home"))
    make_channel(creator=creator, platform="youtube", followers=3_500)
    make_channel(creator=creator, platform="facebook", followers=9_000, verified_at=None)
    directory.record([creator.pk, creator.pk])

    entry = DirectoryEntry.objects.get()
    assert (entry.followers_total, entry.followers_max, entry.best_platform) == (
        5_500, 3_500, "youtube",
    )  # fmt: skip
    assert (entry.tiktok, entry.youtube, entry.facebook) == (2_000, 3_500, None)
    assert (entry.niches, entry.country, entry.languages) == (["food", "home"], "NL", ["nl", "en"])
    assert entry.is_listed


def test_only_members_are_listed():
    make_creator(handle="waits", followers=900)
    make_creator(handle="drafts", followers=9_000, decided=False)
    make_creator(handle="works", followers=1_000)

    assert found() == ["works"]


def test_filters_gate_on_the_platform_that_is_asked_for():
    both = make_creator(handle="both", followers=2_000, platform="tiktok", country="BE")
    make_channel(creator=both, platform="youtube", followers=40_000)
    directory.record([both.pk])
    make_creator(handle="tik", followers=8_000, platform="tiktok", languages=["de"])

    assert set(found(platforms=("tiktok",))) == {"both", "tik"}
    assert found(platforms=("youtube",)) == ["both"]
    assert found(platforms=("tiktok",), followers_max=5_000) == ["both"]
    assert found(followers_min=10_000) == ["both"]
    assert found(country="be") == ["both"]
    assert found(language="de") == ["tik"]
    assert found(platforms=("facebook",)) == []
    assert set(found(platforms=("tiktok", "youtube"), followers_min=5_000)) == {"both", "tik"}
    assert found(platforms=("facebook", "youtube"), followers_max=50_000) == ["both"]


def test_text_is_found_in_names_handles_niches_and_bio_in_both_languages():
    make_creator(handle="noor.bakes", followers=1_500, niches=("food",), bio="Zuurdesembroden.")
    make_creator(handle="sam", followers=1_500, niches=("cycling",), bio="Repairing old bicycles")

    assert found(text="noor") == ["noor.bakes"]
    assert found(text="@noor.bakes") == ["noor.bakes"]
    assert found(text="fietsen") == ["sam"]
    assert found(text="repair bicycle") == ["sam"]
    assert found(text="zuurdesembroden") == ["noor.bakes"]
    assert found(text="'; drop table \x00 & | !") == []
    assert found(niches=("food",)) == ["noor.bakes"]


@pytest.mark.parametrize("sort", ["followers", "engagement", "score", "newest", "nonsense"])
def test_paging_shows_everyone_once(sort):
    for number in range(7):
        creator = make_creator(followers=1_000 + number % 3)
        if number % 2:
            channel = creator.channels.get()
            channel.readings.update(likes=50_000, posts=10)
            directory.record([creator.pk])
    seen, cursor = [], ""
    while True:
        page = directory.search(Filters(sort=sort), cursor=cursor, size=3)
        seen += [entry.pk for entry in page.entries]
        assert page.count == 7
        if not (cursor := page.next_cursor):
            break
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize("cursor", ["x", "1.2.3", "-5.1", "9" * 40, "١.٢", ".", "5."])
def test_a_cursor_that_makes_no_sense_starts_again(cursor):
    make_creator(followers=1_000)

    assert len(directory.search(Filters(), cursor=cursor).entries) <= 1


def test_a_search_is_three_questions(django_assert_num_queries):
    for _ in range(3):
        make_creator(followers=1_000, bio="bread")
    with django_assert_num_queries(3):  # is there an index; who fits; their rows
        page = directory.search(Filters(text="bread", sort="followers"))
        assert len({entry.creator.handle for entry in page.entries}) == 3


def test_the_score_needs_enough_readings_and_explains_itself():
    fresh = make_creator(followers=1_500)
    steady = make_creator()
    make_channel(creator=steady, followers=2_000, likes=12_000, posts=100, days=28)
    bought = make_creator()
    channel = make_channel(creator=bought, followers=2_000, likes=12_000, posts=100, days=28)
    channel.readings.filter(day__lt=NOW.date() - timedelta(days=7)).update(followers=400)
    for creator in (steady, bought):
        make_decision(creator=creator)
    directory.record([fresh.pk, steady.pk, bought.pk], NOW)

    entries = DirectoryEntry.objects.in_bulk()
    assert (entries[fresh.pk].score, entries[fresh.pk].score_parts) == (None, [])
    assert entries[steady.pk].score == 100
    assert entries[steady.pk].engagement_bp == 600
    assert [(part["part"], part["of"]) for part in entries[steady.pk].score_parts] == [
        ("engagement", 57), ("growth", 43),
    ]  # fmt: skip
    assert entries[bought.pk].score < 80
    assert (
        sum(part["points"] for part in entries[bought.pk].score_parts) == entries[bought.pk].score
    )


def test_sales_facts_are_pushed_and_survive_a_new_recording():
    creator = make_creator(followers=1_500)
    assert directory.record_sales([SalesFacts(creator.pk, 4, 12_300, 77, 2)], NOW.date()) == 1
    assert directory.record_sales([], NOW.date()) == 0
    directory.record([creator.pk])

    assert directory.behind(NOW.date(), 10) == []
    assert directory.behind(NOW.date() + timedelta(days=1), 10) == [creator.pk]
    entry = DirectoryEntry.objects.get()
    assert (entry.orders_90d, entry.sales_90d, entry.clicks_90d, entry.brands_worked) == (
        4, 12_300, 77, 2,
    )  # fmt: skip


def test_an_erased_creator_is_not_listed():
    creator = make_creator(followers=1_500)
    Creator.objects.filter(pk=creator.pk).update(erased_at=NOW)
    directory.record([creator.pk])

    assert found() == []


def test_a_platform_that_tells_no_likes_gives_no_engagement():
    creator = make_creator(handle="quiet")
    make_channel(
        creator=creator, platform="instagram", followers=3_000, likes=None, posts=120, days=28
    )
    directory.record([creator.pk])

    entry = DirectoryEntry.objects.get(creator=creator)
    assert (entry.engagement_bp, entry.score, entry.score_parts) == (None, None, [])


def test_every_page_keeps_three_of_twelve_places_for_small_and_new_creators():
    settled = NOW - timedelta(days=200)
    large = [make_creator(followers=20_000 + n, at=settled).pk for n in range(20)]
    small = [make_creator(followers=1_000 + n, at=settled).pk for n in range(4)]
    fresh = [make_creator(followers=6_000 + n, at=NOW).pk for n in range(2)]
    DirectoryEntry.objects.filter(creator__in=large).update(engagement_bp=900)

    pages, cursor = [], ""
    while cursor or not pages:
        page = directory.search(Filters(), cursor=cursor, size=12, at=NOW)
        pages.append([entry.pk for entry in page.entries])
        cursor = page.next_cursor

    helped = {*small, *fresh}
    assert [len(page) for page in pages] == [12, 12, 2]
    first, second, third = (len(helped.intersection(page)) for page in pages)
    assert first >= 3 and second >= min(3, len(helped) - first)  # at least; the lot may give more
    assert first + second + third == len(helped)
    assert sorted(pk for page in pages for pk in page) == sorted([*large, *helped])


def test_a_small_creator_gets_no_place_that_the_filter_denies_her():
    settled = NOW - timedelta(days=200)
    make_creator(handle="small", followers=1_000, at=settled)
    large = [make_creator(followers=20_000 + n, at=settled).pk for n in range(3)]

    page = directory.search(Filters(followers_min=10_000, sort="newest"), size=12, at=NOW)

    assert [entry.pk for entry in page.entries] == large[::-1]


def test_more_followers_move_nobody_up_and_the_small_ones_may_fill_a_page():
    settled = NOW - timedelta(days=200)
    made = [make_creator(followers=4_000 - n, at=settled).pk for n in range(13)]

    page = directory.search(Filters(sort="newest"), size=12, at=NOW)

    assert [entry.pk for entry in page.entries] == made[:0:-1]


def test_the_measure_counts_small_and_new_ones_once():
    settled = NOW - timedelta(days=200)
    make_creator(followers=1_000, at=NOW)
    make_creator(followers=9_000, at=NOW)
    make_creator(followers=9_000, at=settled)
    entry = make_creator(followers=9_000, at=settled).directoryentry
    DirectoryEntry.objects.filter(pk=entry.pk).update(enrolled_at=None)

    measured = smallfirst.measured(NOW)

    assert (measured.listed, measured.small, measured.percent) == (4, 2, 50)
    assert [smallfirst.reason(one, NOW) for one in DirectoryEntry.objects.order_by("pk")] == [
        "small", "new", "", "",
    ]  # fmt: skip


def test_parts_of_two_channels_add_up_to_the_score():
    creator = make_creator()
    make_channel(creator=creator, followers=2_000, likes=3_000, posts=50, days=60)
    make_channel(
        creator=creator, platform="youtube", followers=31_000, likes=21_000, posts=50, days=60
    )
    directory.record([creator.pk], NOW)

    entry = DirectoryEntry.objects.get()
    points = [part["points"] for part in entry.score_parts]

    assert entry.score is not None
    assert sum(points) == entry.score
    assert all(0 <= part["points"] <= part["of"] for part in entry.score_parts)
