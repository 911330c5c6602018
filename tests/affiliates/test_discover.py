"""Brands search, keep and invite; their money pages show what the ledger says."""

from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import clock, participations, shortlists
from affiliates.models import Collaboration, Participation
from creators.models import DirectoryEntry
from shop.models import Membership
from tests.affiliates import factories as money
from tests.creators.factories import NOW, make_creator, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def brand(client):
    brand = money.make_brand()
    user = make_user()
    Membership.objects.create(user=user, brand=brand)
    client.force_login(user)
    return brand


def page(client, brand, query=""):
    return client.get(f"/brand/{brand.slug}/creators/{query}")


def test_the_search_starts_with_micro_creators(client, brand):
    make_creator(handle="small", followers=1_200)
    make_creator(handle="huge", followers=2_000_000)

    text = page(client, brand).content.decode()

    assert "Small" in text
    assert "Huge" not in text


def test_filters_narrow_the_search_and_stay_in_the_address(client, brand):
    make_creator(handle="baker", followers=4_000, country="NL")
    make_creator(handle="potter", followers=4_000, country="BE")

    text = page(client, brand, "?country=BE&followers_min=&followers_max=").content.decode()

    assert "Potter" in text
    assert "Baker" not in text


def test_a_senseless_filter_is_an_error_at_its_field_and_the_rest_still_filters(client, brand):
    make_creator(handle="baker", followers=4_000)

    response = page(client, brand, "?followers_min=many&platform=myspace")

    assert response.status_code == 200
    assert {"followers_min", "platform"} <= set(response.context["form"].errors)
    assert "Baker" in response.content.decode()


def test_the_score_is_explained_and_gates(client, brand):
    good, other = make_creator(handle="baker", followers=4_000), make_creator(followers=4_000)
    parts = [
        {"part": "engagement", "measured": 520, "low": 300, "high": 1_800, "points": 57, "of": 57,
         "peers": 40},
        {"part": "growth", "measured": 1_234, "low": None, "high": 200, "points": 15, "of": 43},
    ]  # fmt: skip
    DirectoryEntry.objects.filter(creator=good).update(
        engagement_bp=520, score=72, score_parts=parts
    )
    DirectoryEntry.objects.filter(creator=other).update(engagement_bp=90, score=40)

    answer = page(client, brand, "?score_min=70&engagement_min=500")

    (card,) = answer.context["cards"]
    assert card.creator == good
    assert [(reason.good, reason.text) for reason in card.why] == [
        (True, "Reactions fit the number of followers"),
        (False, "Followers jumped"),
    ]
    text = answer.content.decode()
    assert "Authenticity 72: why?" in text
    assert "5.2% of followers react; 3.0% to 18.0% is usual among peers" in text
    assert "at most 12.3% more in a day; we take up to 2.0% as usual, while" in text


@pytest.mark.parametrize("rows", [1, 3, 14])
def test_the_search_takes_the_same_few_queries(client, brand, rows, django_assert_max_num_queries):
    for _ in range(rows):
        make_creator(followers=3_000)

    with django_assert_max_num_queries(12):
        assert page(client, brand).status_code == 200


def test_paging_shows_every_creator_once(client, brand):
    made = {make_creator(followers=2_000 + n).pk for n in range(15)}

    seen, query = [], "?sort=followers"
    while query:
        response = page(client, brand, query)
        seen += [card.creator.pk for card in response.context["cards"]]
        cursor = response.context["page"].next_cursor
        query = f"?sort=followers&after={cursor}" if cursor else ""

    assert (set(seen), len(seen)) == (made, 15)


def test_the_bookmark_puts_on_and_takes_off(client, brand):
    creator = make_creator(followers=3_000)
    url = f"/brand/{brand.slug}/shortlists/toggle/{creator.pk}/"

    client.post(url)
    assert shortlists.kept(brand, [creator.pk]) == {creator.pk}
    assert creator.display_name in client.get(f"/brand/{brand.slug}/shortlists/").content.decode()

    client.post(url)
    assert shortlists.kept(brand, [creator.pk]) == set()


def test_lists_are_made_named_filled_exported_and_taken_away(client, brand):
    one, two = make_creator(followers=3_000), make_creator(followers=4_000)
    start = f"/brand/{brand.slug}/shortlists/"
    client.post(f"{start}toggle/{one.pk}/")
    client.post(f"{start}new/", {"name": " Spring\n cakes "})
    first, spring = shortlists.of(brand)
    assert (first.name, spring.name) == (shortlists.FIRST, "Spring cakes")

    asked = client.get(f"{start}add/?c={one.pk}&c={two.pk}").content.decode()
    assert "Spring cakes" in asked
    done = client.post(f"{start}add/", {"c": [one.pk, two.pk], "list": spring.pk})
    assert done["location"] == f"{start}?list={spring.pk}"
    client.post(f"{start}add/", {"c": [two.pk], "name": "Winter"})
    assert client.post(f"{start}add/", {"c": [two.pk]}).status_code == 422
    assert [(row.name, row.n) for row in shortlists.of(brand)] == [
        (shortlists.FIRST, 1), ("Spring cakes", 2), ("Winter", 1),
    ]  # fmt: skip

    client.post(f"{start}{first.pk}/rename/", {"name": "Bakers"})
    client.post(f"{start}{spring.pk}/rename/", {"name": "Bakers"})  # another has it
    client.post(f"{start}toggle/{one.pk}/")  # the bookmark knows its list, whatever its name
    client.post(f"{start}{spring.pk}/off/{one.pk}/")
    assert [(row.name, row.n) for row in shortlists.of(brand)] == [
        ("Bakers", 0), ("Spring cakes", 1), ("Winter", 1),
    ]  # fmt: skip
    sheet = b"".join(client.get(f"{start}list.csv?list={spring.pk}")).decode()
    assert two.handle in sheet
    assert one.handle not in sheet
    client.post(f"{start}{spring.pk}/remove/")
    assert [row.name for row in shortlists.of(brand)] == ["Bakers", "Winter"]


def test_the_lists_of_another_brand_are_not_there(client, brand):
    creator, other = make_creator(followers=3_000), money.make_brand()
    theirs = shortlists.make(other, "Secret")
    shortlists.add(theirs, [creator.pk])
    start = f"/brand/{brand.slug}/shortlists/"

    assert "Secret" not in client.get(f"{start}?list={theirs.pk}").content.decode()
    for path, sent in (("rename", {"name": "Ours"}), ("remove", {}), (f"off/{creator.pk}", {})):
        client.post(f"{start}{theirs.pk}/{path}/", sent)
    answer = client.post(f"{start}add/", {"c": [creator.pk], "list": theirs.pk})
    assert answer.status_code == 422
    assert [(row.name, row.n) for row in shortlists.of(other)][-1] == ("Secret", 1)
    assert shortlists.of(brand) == []


def test_an_invitation_reaches_the_creator_once(client, brand):
    creator = make_creator(followers=3_000)
    offer = Collaboration.objects.create(
        brand=brand, kind="targeted", name="Bread week", rate_bp=1800, starts_at=NOW
    )
    url = f"/brand/{brand.slug}/creators/{creator.pk}/invite/"

    for _ in range(2):
        assert client.post(url, {"collaboration": offer.pk, "message": "Hello"}).status_code == 302

    assert list(Participation.objects.values_list("creator", "collaboration", "state")) == [
        (creator.pk, offer.pk, "invited")
    ]


@pytest.mark.parametrize(
    ("state", "ended", "says", "button"),
    [("invited", False, "Invited", ""), ("applied", False, "Asks to take part", "Answer"),
     ("accepted", False, "Takes part", ""), ("declined", False, "Declined", ""),
     ("lapsed", False, "Not answered in time", "Invite"),
     ("accepted", True, "That offer is over", "Invite")],
)  # fmt: skip
@pytest.mark.parametrize("view", ["cards", "table"])
def test_a_card_shows_how_a_creator_stands_and_what_can_be_done(
    client, brand, state, ended, says, button, view
):
    creator = make_creator(handle="baker", followers=3_000)
    offer = Collaboration.objects.create(
        brand=brand, kind="targeted", name="Bread week", rate_bp=1800, starts_at=NOW,
        ends_at=timezone.now() if ended else None,
    )  # fmt: skip
    Participation.objects.create(creator=creator, collaboration=offer, state=state, asked_at=NOW)

    text = " ".join(page(client, brand, f"?view={view}").content.decode().split())

    assert f">{says}</span>" in text
    for word in ("Invite", "Answer"):
        assert (f'>{word}<span class="sr"> Baker' in text) == (word == button)
    assert '>Write<span class="sr"> Baker' in text


def test_a_long_list_is_shown_page_by_page(client, brand):
    people = [make_creator(followers=3_000) for _n in range(52)]
    target = shortlists.make(brand, "Many")
    shortlists.add(target, [one.pk for one in people])
    start = f"/brand/{brand.slug}/shortlists/?list={target.pk}"

    shown = [client.get(f"{start}&page={n}").context["entries"] for n in (1, 2)]

    ids = [row.creator_id for rows in shown for row in rows]
    assert [len(rows) for rows in shown] == [50, 2]
    assert sorted(ids) == sorted(one.pk for one in people)


def test_another_brand_is_not_there(client, brand):
    other = money.make_brand()

    for path in ("creators", "shortlists", "balance", "balance/entries.csv".rstrip("/")):
        address = f"/brand/{other.slug}/{path}" + ("" if path.endswith("csv") else "/")
        assert client.get(address).status_code == 404


def test_the_calculator_works_out_the_published_example(client):
    response = client.get("/brands/?price=34.50&percent=12")

    quote = response.context["quote"]
    assert (quote.net, quote.commission) == (2851, 342)
    assert quote.left == quote.net - quote.commission - quote.fee


def test_the_calculator_keeps_what_was_typed(client):
    response = client.get("/brands/?price=lots&percent=99")

    text = response.content.decode()
    assert 'value="lots"' in text
    assert set(response.context["form"].errors) == {"price", "percent"}


def test_balance_and_proof_pages_stand_before_any_money(client, brand):
    assert client.get(f"/brand/{brand.slug}/balance/").status_code == 200
    csv = client.get(f"/brand/{brand.slug}/balance/entries.csv")
    assert b"".join(csv.streaming_content).startswith(b"Entry,When,What")
    assert client.get("/proof/").status_code == 200
    assert client.get("/proof/?format=json").json() == {"nights": []}


def test_the_calculator_speaks_and_reads_dutch_numbers(client):
    page = client.get("/brands/", headers={"accept-language": "nl"}).content.decode()
    asked = client.get(
        "/brands/?price=34,50&percent=12,5", headers={"accept-language": "nl"}
    ).content.decode()

    assert 'value="34,50"' in page
    assert "12,5%" in asked
    assert "€\N{NO-BREAK SPACE}34,50" in asked


def test_a_search_without_a_find_names_the_filters_that_are_on(client, brand):
    text = page(client, brand, "?platform=tiktok&followers_min=500&followers_max=").content.decode()

    assert "Now on: Platform: TikTok, Fewest followers: 500. Take one away" in text


def test_the_card_says_why_it_is_there_in_points_that_add_up(client, brand):
    creator = make_creator(followers=3_000, at=NOW)
    parts = [
        {"part": "engagement", "measured": 250, "low": 300, "high": 1_800, "points": 50, "of": 57},
        {"part": "growth", "measured": 100, "low": None, "high": 200, "points": 43, "of": 43},
    ]
    DirectoryEntry.objects.filter(creator=creator).update(score=93, score_parts=parts)

    answer = page(client, brand)
    text = answer.content.decode()

    assert "50 of 57 points" in text
    assert "43 of 43 points" in text
    assert "Together 93 of 100. It says how the figures fit together" in text
    (card,) = answer.context["cards"]
    assert sum(part.points for part in card.fit) == card.entry.fit == 20 + 27 + 10 + 5
    assert f"Together {card.entry.fit} of 100. The number of followers adds nothing." in text
    assert "Under 5,000 followers: may take a place kept for small creators." in text
    DirectoryEntry.objects.filter(creator=creator).update(score=10, engagement_pct=0)
    assert "place kept for small" not in page(client, brand).content.decode()


def test_at_most_four_are_compared_in_the_order_they_were_chosen(
    client, brand, django_assert_max_num_queries
):
    made = [make_creator(followers=3_000 + n) for n in range(5)]
    hidden = make_creator(followers=900)
    wanted = [made[3], hidden, made[0], made[1], made[4], made[2]]
    query = "&".join(f"c={one.pk}" for one in wanted)

    with django_assert_max_num_queries(12):
        response = client.get(f"/brand/{brand.slug}/creators/compare/?{query}")

    assert [card.creator for card in response.context["cards"]] == [made[3], made[0], made[1]]
    assert "the first four of the 6 you chose" in response.content.decode()


def test_nobody_chosen_is_said(client, brand):
    for path in ("compare/?c=x&c=-1", "invite/"):
        response = client.get(f"/brand/{brand.slug}/creators/{path}")
        assert (response.status_code, "yet</p>" in response.content.decode()) == (200, True)


def test_many_are_invited_to_a_new_collaboration_with_rate_and_dates(client, brand):
    made = [make_creator(followers=3_000 + n) for n in range(3)]
    today = clock.local_day(timezone.now())
    sent = {
        "c": [one.pk for one in made], "name": "Bread week", "percent": "18,5",
        "starts_on": str(today + timedelta(days=2)), "ends_on": str(today + timedelta(days=9)),
        "message": "Come and bake",
    }  # fmt: skip

    answer = client.post(f"/brand/{brand.slug}/creators/invite/", sent)

    offer = Collaboration.objects.get()
    assert answer["location"] == f"/brand/{brand.slug}/collaborations/{offer.pk}/"
    assert (offer.kind, offer.rate_bp, offer.starts_at, offer.ends_at) == (
        "targeted", 1850,
        clock.midnight(today + timedelta(days=2)), clock.midnight(today + timedelta(days=10)),
    )  # fmt: skip
    rows = Participation.objects.order_by("creator").values_list("creator", "state", "message")
    assert list(rows) == [(one.pk, "invited", "Come and bake") for one in made]


def test_the_whole_shortlist_is_invited_to_one_that_runs_and_nobody_twice(client, brand):
    made = [make_creator(followers=3_000 + n) for n in range(3)]
    for one in made:
        shortlists.toggle(brand, one)
    offer = Collaboration.objects.create(
        brand=brand, kind="targeted", name="Bread week", rate_bp=1800, starts_at=NOW
    )
    url = f"/brand/{brand.slug}/creators/invite/"
    client.post(f"{url}", {"c": made[0].pk, "collaboration": offer.pk})

    listed = client.get(f"{url}?list=1").context["entries"]
    told = client.post(
        url, {"c": [row.creator_id for row in listed], "collaboration": offer.pk}, follow=True
    )

    assert {row.creator for row in listed} == set(made)
    assert Participation.objects.filter(collaboration=offer).count() == 3
    assert "2 creators are invited." in told.content.decode()
    assert "1 was invited before, or takes" in told.content.decode()


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({}, {"name", "percent"}),
        ({"name": "Late", "percent": "12", "starts_on": "2020-01-01"}, {"starts_on"}),
        ({"name": "Back", "percent": "12", "ends_on": "2020-01-01"}, {"ends_on"}),
        ({"name": "Dear", "percent": "95"}, {"percent"}),
        ({"collaboration": "999999"}, {"collaboration"}),
    ],
)
def test_a_new_collaboration_for_many_says_what_is_missing(client, brand, typed, wrong):
    creator = make_creator(followers=3_000)

    answer = client.post(f"/brand/{brand.slug}/creators/invite/", {"c": creator.pk, **typed})

    assert answer.status_code == 422
    assert wrong <= set(answer.context["form"].errors)
    assert not Participation.objects.exists()


def test_a_hundred_at_once_is_the_most(client, brand):
    people = [make_creator(followers=2_000) for _ in range(2)]
    with pytest.raises(participations.TooManyAtOnce):
        participations.invite(money.make_collaboration(brand), people * 51, NOW)

    query = "&".join(f"c={people[0].pk + n}" for n in range(101))
    text = client.get(f"/brand/{brand.slug}/creators/invite/?{query}").content.decode()

    assert "100 at once is the most: 1 more waits for the next time." in text


def test_another_brands_collaboration_takes_no_invitations(client, brand):
    creator = make_creator(followers=3_000)
    theirs = Collaboration.objects.create(
        brand=money.make_brand(), kind="targeted", name="Theirs", rate_bp=1800, starts_at=NOW
    )

    sent = {"c": creator.pk, "collaboration": theirs.pk}
    assert client.post(f"/brand/{brand.slug}/creators/invite/", sent).status_code == 422
