"""The order in which brands see creators: parts that add up, kept places, and nobody's monopoly."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators import directory, fitness, seen, smallfirst
from creators.directory import Filters, index
from creators.models import Creator, DirectoryEntry, SeenWeek
from tests.creators.factories import NOW

percent = st.none() | st.integers(0, 100)
facts = st.builds(
    SimpleNamespace, engagement_pct=percent, score=percent, sample_reliability=percent,
    clicks_90d=st.integers(0, 5_000), orders_90d=st.integers(0, 500),
    followers_max=st.integers(1_000, 50_000),
)  # fmt: skip


@given(facts)
def test_the_parts_add_up_and_none_is_more_than_it_may_be(one):
    parts = fitness.parts(one)

    assert sum(part.points for part in parts) == fitness.fit(one)
    assert sum(part.of for part in parts) == 100
    assert all(0 <= part.points <= part.of for part in parts)


@given(facts, st.integers(1_000, 50_000))
def test_more_followers_never_change_a_fit(one, followers):
    before = fitness.parts(one)
    one.followers_max = followers

    assert fitness.parts(one) == before


def people(count: int, **fields) -> list[int]:
    """Make listed creators whose parts differ; return their ids."""
    start = Creator.objects.count()
    made = Creator.objects.bulk_create(
        Creator(handle=f"r{start + n}", display_name="R", country="NL") for n in range(count)
    )
    values = {"followers_max": 20_000, "enrolled_at": NOW - timedelta(days=400)} | fields
    DirectoryEntry.objects.bulk_create(
        DirectoryEntry(
            creator=one, is_listed=True, refreshed_at=NOW, country="NL",
            engagement_pct=n * 37 % 101, score=60 + n * 13 % 40, **values,
        )
        for n, one in enumerate(made)
    )  # fmt: skip
    return [one.pk for one in made]


def order(**filters) -> list[int]:
    found, cursor = [], ""
    while cursor or not found:
        page = directory.search(Filters(**filters), cursor=cursor, size=12, at=NOW)
        found += [entry.pk for entry in page.entries]
        if not (cursor := page.next_cursor):
            break
    return found


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_order_and_equals_change_places_on_monday():
    made = people(30)
    DirectoryEntry.objects.update(engagement_pct=50, score=80)

    assert order() == order()
    lots = sorted(made, key=lambda pk: index.tie(index.seed_of(NOW), pk))
    assert order() == lots
    later = directory.search(Filters(), size=30, at=NOW + timedelta(days=7)).entries
    assert [entry.pk for entry in later] != lots
    assert {entry.pk for entry in later} == set(lots)


@pytest.mark.django_db
def test_more_followers_above_the_gate_move_nobody():
    made = people(30)
    before = order(followers_min=1_000, followers_max=50_000)
    DirectoryEntry.objects.filter(pk__in=made[:7]).update(followers_max=49_000)

    assert order(followers_min=1_000, followers_max=50_000) == before


@pytest.mark.django_db
def test_reserved_places_hold_on_every_full_page_and_the_floor_holds():
    people(40)
    DirectoryEntry.objects.update(engagement_pct=100)
    small = people(7, followers_max=2_000)
    weak = people(3, followers_max=2_000)
    DirectoryEntry.objects.filter(pk__in=weak).update(score=10, engagement_pct=0)
    found = order()

    pages = [set(found[start : start + 12]) for start in range(0, 48, 12)]
    assert [len(page & set(small)) for page in pages[:2]] == [3, 3]
    assert not pages[0] & set(weak)
    assert len(found) == len(set(found)) == 50


@pytest.mark.django_db
def test_nobody_has_more_than_the_cap_of_a_simulated_week():
    count = 100
    people(count)
    seen.roll_up(NOW)
    cap = seen.share(count)
    for brand_id in range(400):
        resting = seen.resting(NOW)
        page = directory.search(Filters(), size=12, at=NOW, resting=resting)
        assert page.count == count
        seen.record(page.entries, NOW, resting, brand_id)
        seen.record(page.entries, NOW, resting, brand_id)  # loaded again
    assert seen.roll_up(NOW) == SeenWeek.objects.count()

    shown = dict(SeenWeek.objects.values_list("creator", "seen"))
    assert sum(shown.values()) == 400 * 12
    assert cap == pytest.approx(0.03)
    assert max(shown.values()) / sum(shown.values()) <= cap + 12 / sum(shown.values())
    assert len(shown) >= 1 / cap


@pytest.mark.django_db
def test_who_rests_is_found_last_and_not_counted():
    first, *others = (
        entry.pk for _ in [people(20)] for entry in directory.search(Filters(), at=NOW).entries
    )
    page = directory.search(Filters(), size=30, at=NOW, resting={first})

    assert [entry.pk for entry in page.entries] == [*others, first]
    assert seen.record(page.entries, NOW, {first}, 1) == 19
    assert seen.weeks(first, NOW)[0] == (seen.week_of(NOW), 0)
    assert seen.weeks(others[0], NOW)[0] == (seen.week_of(NOW), 1)


@pytest.mark.django_db
def test_a_place_counts_once_for_each_brand_and_day():
    people(5)
    entries = directory.search(Filters(), at=NOW).entries
    tomorrow = NOW + timedelta(days=1)

    counted = [
        seen.record(entries[:3], NOW, set(), 1),
        seen.record(entries, NOW, set(), 1),  # reloaded, with two more on it
        seen.record(entries, NOW, set(), 2),
        seen.record(entries, tomorrow, set(), 1),
    ]

    assert counted == [3, 2, 5, 5]
    assert seen.weeks(entries[0].pk, tomorrow)[0][1] == 3


@pytest.mark.django_db
def test_without_redis_nobody_rests_and_nothing_is_counted(monkeypatch):
    import redis

    away = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=None)
    monkeypatch.setattr(seen, "client", lambda: away)
    people(3)
    page = directory.search(Filters(), at=NOW)

    assert seen.resting(NOW) == set()
    assert seen.record(page.entries, NOW, set(), 1) == 0
    assert seen.roll_up(NOW) == 0
    assert seen.weeks(page.entries[0].pk, NOW)[0][1] == 0


@pytest.mark.django_db
def test_the_share_of_small_ones_is_measured():
    people(6)
    people(2, followers_max=1_500)

    assert (smallfirst.measured(NOW).listed, smallfirst.measured(NOW).small) == (8, 2)
