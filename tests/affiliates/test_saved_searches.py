"""Searches that a brand keeps: mailed once a day, silent when taken away, nobody else's business."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from affiliates import savedsearches
from affiliates.models import SavedSearch
from creators.directory import Filters
from creators.models import DirectoryEntry
from shop.models import Membership
from tests.affiliates import factories as money
from tests.creators.factories import make_creator, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def member():
    brand, user = money.make_brand(country="NL"), make_user()
    Membership.objects.create(user=user, brand=brand)
    return brand, user


def keep(member, name="Bakers", **filters):
    return savedsearches.save(*member, name, "country=NL", Filters(country="NL", **filters), NOW)


def join(handle, at=TOMORROW, **fields):
    creator = make_creator(handle=handle, followers=2_000, **fields)
    DirectoryEntry.objects.filter(creator=creator).update(enrolled_at=at)
    return creator


def test_who_is_new_and_fits_is_mailed_once(member):
    join("before", at=NOW - timedelta(days=3))
    keep(member)
    keep(member, "All of them", followers_min=1_000)
    join("noor")
    join("far", country="BE")
    later = TOMORROW + timedelta(hours=1)

    assert [savedsearches.tell(later), savedsearches.tell(later)] == [1, 0]
    (letter,) = mail.outbox
    assert letter.to == [member[1].email]
    assert letter.subject.startswith("1 nieuwe maker past bij wat")
    assert letter.body.count("Noor") == 2
    assert "Before" not in letter.body
    assert "Far" not in letter.body
    assert "/creators/?country=NL" in letter.body


def test_who_grew_into_a_search_is_told_once_however_often_she_leaves_it(member):
    keep(member, followers_max=5_000)
    grown = join("grown", at=NOW - timedelta(days=300))
    entry = DirectoryEntry.objects.filter(creator=grown)
    keep(member, followers_min=5_000)  # replaces the search; she is too small for it
    told = []
    for day, followers in enumerate((2_000, 6_000, 6_500, 3_000, 7_000), 1):
        entry.update(followers_max=followers)
        told.append(savedsearches.tell(NOW + timedelta(days=day)))

    assert told == [0, 1, 0, 0, 0]
    assert "Grown" in mail.outbox[0].body


def test_a_search_of_before_takes_those_who_were_here_as_known(member):
    saved = keep(member)
    join("before", at=NOW - timedelta(days=3))
    join("noor")
    SavedSearch.objects.filter(pk=saved.pk).update(known=None)

    assert savedsearches.tell(TOMORROW + timedelta(hours=1)) == 1
    assert "Noor" in mail.outbox[0].body
    assert "Before" not in mail.outbox[0].body


def test_nothing_new_sends_nothing(member):
    keep(member)
    assert savedsearches.tell(TOMORROW) == 0
    assert mail.outbox == []


def test_who_left_the_brand_gets_no_letter(member):
    keep(member)
    join("noor")
    Membership.objects.all().delete()

    assert savedsearches.tell(TOMORROW + timedelta(hours=1)) == 0


def test_a_letter_that_could_not_leave_goes_the_next_time(member, monkeypatch):
    keep(member)
    join("noor")

    def away(self):
        raise OSError("no mail server")

    with monkeypatch.context() as patient:
        patient.setattr("affiliates.letters.Letter.send", away)
        assert savedsearches.tell(TOMORROW + timedelta(hours=1)) == 0
    assert savedsearches.tell(TOMORROW + timedelta(hours=2)) == 1


def test_the_page_saves_shows_and_takes_away(client, member):
    brand, user = member
    client.force_login(user)
    url = f"/brand/{brand.slug}/creators/"

    answer = client.post(
        f"{url}searches/",
        {"name": "Small Dutch", "country": "NL", "view": "table", "after": "1.2_"},
    )
    saved = SavedSearch.objects.get()
    assert answer["location"] == f"{url}?country=NL&view=table"
    assert (saved.query, savedsearches.filters_of(saved)) == (
        "country=NL", Filters(country="NL", followers_min=1_000, followers_max=50_000),
    )  # fmt: skip
    assert f"{url}?country=NL" in client.get(url).content.decode()

    client.post(f"{url}searches/{saved.pk}/remove/")
    join("noor")
    assert not SavedSearch.objects.exists()
    assert savedsearches.tell(TOMORROW + timedelta(hours=1)) == 0


def test_a_name_is_needed_and_there_is_a_most(client, member, monkeypatch):
    brand, user = member
    client.force_login(user)
    monkeypatch.setattr(savedsearches, "MOST", 1)
    keep(member)

    for name in ("", "x" * 81, "Another"):
        client.post(f"/brand/{brand.slug}/creators/searches/", {"name": name})
    assert list(SavedSearch.objects.values_list("name", flat=True)) == ["Bakers"]


def test_another_brand_sees_and_touches_nothing(client, member):
    saved = keep(member)
    other, stranger = money.make_brand(), make_user()
    Membership.objects.create(user=stranger, brand=other)
    client.force_login(stranger)

    page = client.get(f"/brand/{other.slug}/creators/").content.decode()
    assert "Bakers" not in page
    for brand in (member[0], other):
        path = f"/brand/{brand.slug}/creators/searches/{saved.pk}/remove/"
        assert client.post(path).status_code == 404
    assert SavedSearch.objects.get() == saved


def test_the_table_and_the_cards_show_the_same_people(client, member):
    brand, user = member
    client.force_login(user)
    for n in range(3):
        join(f"person{n}")

    views = [
        client.get(f"/brand/{brand.slug}/creators/?view={view}") for view in ("cards", "table")
    ]

    shown = [[card.creator.pk for card in answer.context["cards"]] for answer in views]
    assert shown[0] == shown[1]
    assert len(shown[0]) == 3
    assert "<table" not in views[0].content.decode()
    assert "<table" in views[1].content.decode()


def test_a_creator_reads_how_brands_saw_her(client, member, django_assert_max_num_queries):
    brand, user = member
    creator = join("noor", user=make_user())
    for n in range(14):
        join(f"person{n}")
    client.force_login(user)
    for _look in range(2):
        client.get(f"/brand/{brand.slug}/creators/")
    client.post(f"/brand/{brand.slug}/shortlists/toggle/{creator.pk}/")
    client.force_login(creator.user)

    with django_assert_max_num_queries(12):
        answer = client.get("/creator/seen/")

    assert answer.context["attention"] == (1, 0)
    assert answer.context["weeks"][0][1] in (
        0,
        1,
    )  # a brand counts once a day; of fifteen, twelve stood there
    text = answer.content.decode()
    assert f"Your place: {answer.context['entry'].fit} of 100 points" in text
    assert "it counts from 50 clicks on" in text
