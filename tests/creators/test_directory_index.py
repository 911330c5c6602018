"""The index of the search: says what the rows say, also of what changed since it was built."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.postgres.search import SearchVector
from django.db import connection
from django.db.models import Value

from creators import directory, fitness, smallfirst
from creators.directory import Filters, facets, index, masks, searching, words
from creators.models import Creator, DirectoryBits, DirectoryEntry, DirectoryGone, DirectoryIndex
from tests.creators.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)
NICHES, COUNTRIES, LANGUAGES = ("food", "home", "sport"), ("NL", "BE"), ("nl", "en", "fr")
PLATFORMS = ("tiktok", "youtube", "facebook")
WORDS = ("zuurdesem", "bread", "garden", "knitting")


def chance_entry(chance: random.Random, creator: Creator) -> DirectoryEntry:
    def maybe(value):
        return value if chance.random() < 0.7 else None

    edge = chance.choice(directory.EDGES)
    counts = {name: maybe(edge + chance.randint(-2, 2)) for name in ("tiktok", "youtube")}
    return DirectoryEntry(
        creator=creator, is_listed=chance.random() < 0.9, **counts,
        followers_max=max((n for n in counts.values() if n), default=0),
        engagement_bp=maybe(chance.choice((99, 100, 299, 300, 500, 800, 5_000))),
        engagement_pct=maybe(chance.randrange(101)), score=maybe(chance.randrange(101)),
        niches=chance.sample(NICHES, chance.randrange(3)), country=chance.choice(COUNTRIES),
        languages=chance.sample(LANGUAGES, chance.randrange(3)),
        clicks_90d=chance.choice((0, 49, 50, 700)), orders_90d=chance.choice((0, 0, 3, 60)),
        sample_reliability=maybe(chance.randrange(101)),
        enrolled_at=maybe(NOW - timedelta(days=chance.randrange(200))), refreshed_at=NOW,
    )  # fmt: skip


def fill(chance: random.Random, count: int) -> None:
    known = Creator.objects.count()
    people = Creator.objects.bulk_create(
        Creator(handle=f"c{known + n}", display_name="C", country="NL", bio=chance.choice(WORDS))
        for n in range(count)
    )
    DirectoryEntry.objects.bulk_create(chance_entry(chance, one) for one in people)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE creators_directoryentry e SET search = to_tsvector('simple', c.bio)"
            " FROM creators_creator c WHERE c.id = e.creator_id"
        )


def chance_filters(chance: random.Random) -> Filters:
    def maybe(value, odds=0.3):
        return value if chance.random() < odds else None

    near = chance.choice(directory.EDGES) + chance.choice((0, 0, 0, 1, -1))
    return Filters(
        text=maybe(chance.choice(WORDS)) or "",
        platforms=maybe(tuple(chance.sample(PLATFORMS, chance.choice((1, 1, 2, 3))))) or (),
        followers_min=maybe(chance.choice((0, 1_000, near))),
        followers_max=maybe(chance.choice((50_000, near))),
        engagement_min_bp=maybe(chance.choice((0, 100, 300, 333))),
        engagement_pct_min=maybe(chance.choice((50, 90))),
        score_min=maybe(chance.choice((0, 50, 90)), 0.2),
        samples_min=maybe(chance.choice((60, 90)), 0.1),
        niches=tuple(chance.sample(NICHES, chance.choice((0, 0, 1, 2)))),
        country=maybe(chance.choice(("nl", "BE"))) or "",
        language=maybe(chance.choice(LANGUAGES)) or "",
        is_sold=chance.random() < 0.2,
        sort=chance.choice(tuple(directory.SORTS)),
    )


def everybody(filters: Filters, size: int = 12) -> tuple[list[int], set[int]]:
    """Return all that a search shows, page by page, and the counts that the pages gave."""
    seen, counts, cursor = [], set(), ""
    while True:
        page = directory.search(filters, cursor=cursor, size=size, at=NOW)
        seen += [entry.pk for entry in page.entries]
        counts.add(page.count)
        if not (cursor := page.next_cursor):
            return seen, counts


def plainly(filters: Filters) -> list[int]:
    """Return what the rows say, in the order of the sort."""
    rows = list(DirectoryEntry.objects.filter(facets.matching(filters)))
    seed = index.seed_of(NOW)
    return [e.pk for e in sorted(rows, key=lambda e: index.key(filters.sort, seed, e))]


@pytest.mark.parametrize("seed", range(3))
def test_the_index_finds_what_the_rows_say(seed):
    chance = random.Random(seed)
    fill(chance, 150)
    assert index.build(NOW) == DirectoryEntry.objects.filter(is_listed=True).count()
    for _ in range(25):
        filters = chance_filters(chance)
        seen, counts = everybody(filters)
        expected = plainly(filters)
        assert (sorted(seen), counts) == (sorted(expected), {len(expected)}), filters


@pytest.mark.parametrize("seed", range(3))
def test_what_changed_since_is_right_at_once(seed):
    chance = random.Random(seed)
    fill(chance, 120)
    index.build(NOW)
    fill(chance, 15)
    entries = list(DirectoryEntry.objects.order_by("pk"))
    for entry in chance.sample(entries, 30):
        other = chance_entry(chance, entry.creator)
        other.save(force_update=True)
    for entry in chance.sample(entries, 10):
        DirectoryEntry.objects.filter(pk=entry.pk).delete()
    assert DirectoryGone.objects.exists()
    for _ in range(25):
        filters = chance_filters(chance)
        seen, counts = everybody(filters)
        expected = plainly(filters)
        assert (sorted(seen), counts) == (sorted(expected), {len(expected)}), filters

    index.build(NOW)
    seen, _counts = everybody(Filters(sort="followers"), size=500)
    assert seen == plainly(Filters(sort="followers"))


def test_one_who_leaves_is_gone_and_one_who_comes_is_there():
    chance = random.Random(7)
    fill(chance, 60)
    DirectoryEntry.objects.update(is_listed=True)
    index.build(NOW)
    before, _counts = everybody(Filters())
    leaves, moves, erased = before[:3]
    DirectoryEntry.objects.filter(pk=leaves).update(is_listed=False)
    DirectoryEntry.objects.filter(pk=moves).update(country="PT")
    DirectoryEntry.objects.filter(pk=erased).delete()

    after, counts = everybody(Filters())
    assert (set(before) - set(after), counts) == ({leaves, erased}, {58})
    assert everybody(Filters(country="PT"))[0] == [moves]

    DirectoryEntry.objects.filter(pk=leaves).update(is_listed=True)
    assert everybody(Filters())[0].index(leaves) == 0


@pytest.mark.parametrize("sort", directory.SORTS)
def test_an_index_stands_in_the_order_that_a_small_market_has_without(sort):
    fill(random.Random(3), 80)
    without = directory.search(Filters(sort=sort), size=80, at=NOW)
    index.build(NOW)
    numbered = directory.search(Filters(sort=sort), size=80, at=NOW)

    assert [e.pk for e in without.entries] == [e.pk for e in numbered.entries]
    assert [e.pk for e in without.entries] == plainly(Filters(sort=sort))


def test_who_changed_stands_on_the_small_track_or_leaves_it_at_once():
    chance = random.Random(4)
    fill(chance, 60)
    index.build(NOW)
    for entry in DirectoryEntry.objects.order_by("pk")[:40]:
        chance_entry(chance, entry.creator).save(force_update=True)
    expected = {
        e.pk for e in DirectoryEntry.objects.filter(is_listed=True) if smallfirst.is_kept(e, NOW)
    }

    standing = searching.Standing(Filters(), NOW)

    on_track = masks.members(standing.found & standing.kept)
    assert {standing.creator(place) for place in on_track} == expected
    rows = DirectoryEntry.objects.filter(smallfirst.on_track(NOW), is_listed=True)
    assert set(rows.values_list("pk", flat=True)) == expected
    assert expected


def test_what_changed_costs_the_same_few_questions(django_assert_num_queries):
    chance = random.Random(5)
    fill(chance, 60)
    index.build(NOW)
    directory.search(Filters(), at=NOW)  # the index is at hand
    for some in (1, 20):
        for entry in DirectoryEntry.objects.filter(is_listed=True)[:some]:
            chance_entry(chance, entry.creator).save(force_update=True)
        with django_assert_num_queries(3):  # which index; what changed since; their rows
            directory.search(Filters(), at=NOW)


def test_the_trigger_computes_what_fitness_says():
    fill(random.Random(5), 200)
    for entry in DirectoryEntry.objects.all():
        assert entry.fit == fitness.fit(entry)
        is_ok = smallfirst.FLOOR_FACET in entry.facets.split()
        assert is_ok == fitness.passes(entry.fit, entry.score)


@pytest.mark.parametrize(("common", "listed"), [(100, 1), (1, 1), (1, 10**9)])
def test_words_are_found_as_bitmaps_as_lists_and_in_the_rows(monkeypatch, common, listed):
    monkeypatch.setattr("creators.directory.words.COMMON", common)
    monkeypatch.setattr("creators.directory.words.LISTED", listed)
    fill(random.Random(11), 150)
    index.build(NOW)
    chance = random.Random(12)
    for entry in chance.sample(list(DirectoryEntry.objects.all()), 9):
        entry.search = SearchVector(Value("garden bread"), config="simple")
        entry.save()
    for text in ("bread", "garden bread", "Bread-Garden", "nobody's \\ word"):
        seen, counts = everybody(Filters(text=text))
        expected = plainly(Filters(text=text))
        assert (sorted(seen), counts) == (sorted(expected), {len(expected)}), text


def test_words_are_kept_that_many_have(monkeypatch):
    monkeypatch.setattr("creators.directory.words.LISTED", 10)
    fill(random.Random(13), 60)
    DirectoryEntry.objects.update(is_listed=True)
    counted = Counter(Creator.objects.values_list("bio", flat=True))
    kept = {word for word, count in counted.items() if count >= 10}

    assert 0 < len(kept) < len(counted)
    assert set(words.frequent()) == kept


def test_an_index_is_built_when_it_is_worth_it(monkeypatch):
    fill(random.Random(2), 50)
    DirectoryEntry.objects.update(is_listed=True)
    assert directory.number(NOW) == 0  # few are read as they are
    assert directory.number(NOW, from_size=10) == 50
    with monkeypatch.context() as patient:
        patient.setattr("creators.directory.index.WORTH", 1)
        assert directory.number(NOW) == 0  # not all changed
    DirectoryEntry.objects.filter(country="NL").update(country="FR")
    assert directory.number(NOW) == 50
    assert directory.number(NOW + timedelta(days=7)) == 50  # another week's lots
    assert DirectoryIndex.objects.count() == 2
    assert set(DirectoryBits.objects.values_list("index", flat=True)) == set(
        DirectoryIndex.objects.values_list("pk", flat=True)
    )


def test_sets_of_numbers():
    numbers = {0, 7, 8, 63, 64, 1_000}
    mask = masks.of(numbers)

    assert set(masks.members(mask)) == numbers
    assert masks.first(mask, 8, 2) == [8, 63]
    assert masks.without(mask, masks.of({8, 9})) == masks.of(numbers - {8})
    assert (masks.of([]), list(masks.members(0))) == (0, [])
    assert masks.of(numbers, 1_001) == mask


def test_numbers_of_a_set_are_found_wherever_they_lie():
    chance = random.Random(3)
    edges = [
        n + d for n in (0, 8 * masks.CHUNK, 80 * masks.CHUNK) for d in (-1, 0, 1) if n + d >= 0
    ]
    for some in (1, 5, 300, 6_000):
        numbers = sorted({*chance.sample(range(90 * masks.CHUNK), some), *chance.sample(edges, 4)})
        mask = masks.of(numbers)
        for start in (0, 1, *chance.sample(edges, 3), numbers[-1], numbers[-1] + 1):
            on = [n for n in numbers if n >= start]
            assert list(masks.members(mask, start)) == on
            for most in (0, 1, 25, len(on) + 1):
                assert masks.first(mask, start, most) == on[:most]


def test_a_process_keeps_what_it_used_last():
    kept = masks.Kept(100)
    for n in range(5):
        kept.put(n, f"value {n}", 40)
        kept.put(n, "again", 40)

    assert [kept.get(n) for n in range(5)] == [None, None, None, "value 3", "value 4"]
