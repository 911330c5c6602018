"""Brands open and change offers in the browser; creators answer invitations."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from affiliates import (
    clock,
    collaborations,
    holds,
    letters,
    outreach,
    participationletters,
    participations,
)
from affiliates.models import Collaboration, FlatFee, Link, Participation
from config.templatetags import thousand
from creators.models import Case
from shop.models import Membership
from tests.affiliates import factories as money
from tests.creators.factories import NOW, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TYPED = {"kind": "open", "name": "Every day", "percent": "12", "other_programme": "thousand_first"}


@pytest.fixture
def brand(client):
    brand = money.make_brand()
    user = make_user()
    Membership.objects.create(user=user, brand=brand)
    client.force_login(user)
    return brand


def test_twelve_percent_typed_is_1200_basis_points(client, brand):
    response = client.post(f"/brand/{brand.slug}/collaborations/new/", TYPED)

    assert response.status_code == 302
    assert list(Collaboration.objects.values_list("brand", "kind", "rate_bp")) == [
        (brand.pk, "open", 1200)
    ]
    assert "12%" in client.get(f"/brand/{brand.slug}/collaborations/").content.decode()


@pytest.mark.parametrize("percent", ["0.5", "80.01", "-5", "1e2", "NaN", "", "twelve"])
def test_a_rate_out_of_bounds_is_refused_at_its_field(client, brand, percent):
    response = client.post(f"/brand/{brand.slug}/collaborations/new/", TYPED | {"percent": percent})

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"percent"}
    assert "Every day" in response.content.decode()
    assert not Collaboration.objects.exists()


def test_who_said_yes_is_counted_before_she_takes_a_link(client, brand):
    offer = money.make_collaboration(brand, kind="targeted")
    both, agreed, asked = (money.make_creator() for _n in range(3))
    for creator, state in ((both, "accepted"), (agreed, "accepted"), (asked, "invited")):
        Participation.objects.create(
            creator=creator, collaboration=offer, state=state, asked_at=timezone.now()
        )
    product = money.make_variant(brand).product
    for code, platform in (("aaaaaaaaaa", "tiktok"), ("bbbbbbbbbb", "youtube")):
        Link.objects.create(
            creator=both, collaboration=offer, product=product, code=code, taken_bp=1200, platform=platform,
            rate_locked_until=timezone.now() + 30 * DAY, created_at=timezone.now(),
        )  # fmt: skip

    assert [(row.creator_count, row.link_count) for row in collaborations.listed(brand)] == [(2, 2)]
    assert (
        "2 creators, 2 links" in client.get(f"/brand/{brand.slug}/collaborations/").content.decode()
    )


def test_a_second_open_collaboration_is_refused_in_words(client, brand):
    for expected in (302, 422):
        response = client.post(f"/brand/{brand.slug}/collaborations/new/", TYPED)
        assert response.status_code == expected

    assert Collaboration.objects.count() == 1


def test_a_cut_counts_after_seven_days(client, brand):
    offer = money.make_collaboration(brand, rate_bp=1200)

    client.post(f"/brand/{brand.slug}/collaborations/{offer.pk}/", {"percent": "10"})

    change = offer.rate_changes.get()
    assert (change.old_bp, change.new_bp) == (1200, 1000)
    assert (change.effective_at - change.announced_at).days == 7


def test_another_brands_collaboration_is_not_there(client, brand):
    foreign = money.make_collaboration(money.make_brand())

    url = f"/brand/{brand.slug}/collaborations/{foreign.pk}/"
    assert client.get(url).status_code == 404
    assert client.post(url + "end/").status_code == 404


@pytest.mark.parametrize(("answer", "state"), [("yes", "accepted"), ("no", "declined")])
def test_a_creator_answers_an_invitation_once(client, answer, state):
    creator = money.make_creator()
    offer = Collaboration.objects.create(
        brand=money.make_brand(), kind="targeted", name="Bread week", rate_bp=1800, starts_at=NOW
    )

    participations.invite(offer, [creator], timezone.now(), "Hello")
    client.force_login(creator.user)
    row = offer.participations.get()

    assert "Bread week" in client.get("/creator/invitations/").content.decode()
    client.post(f"/creator/invitations/{row.pk}/", {"answer": answer})
    client.post(f"/creator/invitations/{row.pk}/", {"answer": "yes" if answer == "no" else "no"})

    row.refresh_from_db()
    assert row.state == state


def make_offer(brand, **facts):
    facts = {"kind": "targeted", "name": "Bread week", "rate_bp": 1800, "starts_at": NOW} | facts
    return Collaboration.objects.create(brand=brand, **facts)


def test_she_is_told_from_when_and_until_when_an_offer_runs(client, mailoutbox):
    now, creator = timezone.now(), money.make_creator()
    begins, ends = (
        clock.midnight(clock.local_day(now) + 3 * DAY),
        clock.midnight(clock.local_day(now) + 10 * DAY),
    )
    offer = make_offer(money.make_brand(), starts_at=begins, ends_at=ends)
    participations.invite(offer, [creator], now)
    client.force_login(creator.user)
    first, last = letters.day(begins), letters.day(ends - timedelta(seconds=1))

    participationletters.send_waiting()
    page = client.get("/creator/invitations/").content.decode()
    row = offer.participations.get()
    said = client.post(f"/creator/invitations/{row.pk}/", {"answer": "yes"}, follow=True)

    assert f"It begins on {first}" in mailoutbox[0].body
    assert f"up to and including {last}" in mailoutbox[0].body
    assert f"Begins on {thousand.day(begins)}" in page
    assert f"Runs up to and including {thousand.last_day(ends)}" in page
    assert f"From {first} on you can take links" in said.content.decode()


@pytest.mark.parametrize(
    ("starts", "ends", "becomes"),
    [(-9, 90, 30), (-9, 20, None), (-9, None, 30), (5, 90, 0)],
)
def test_an_offer_with_dates_ends_early_but_never_before_its_clicks(brand, starts, ends, becomes):
    now = timezone.now()
    offer = make_offer(
        brand, starts_at=now + starts * DAY, ends_at=None if ends is None else now + ends * DAY
    )

    assert collaborations.end_of(offer, now) == (None if becomes is None else now + becomes * DAY)
    assert collaborations.end(offer, now) == now + (ends if becomes is None else becomes) * DAY


def test_a_brand_ends_a_dated_offer_on_its_page(client, brand):
    offer = make_offer(brand, ends_at=timezone.now() + 90 * DAY)
    page = f"/brand/{brand.slug}/collaborations/{offer.pk}/"

    assert "End this collaboration" in client.get(page).content.decode()
    client.post(page + "end/")

    offer.refresh_from_db()
    assert offer.ends_at < timezone.now() + 31 * DAY
    assert "End this collaboration" not in client.get(page).content.decode()


def test_what_waits_is_on_the_page_however_many_came_after_it(
    client, brand, django_assert_max_num_queries
):
    offer = make_offer(brand, kind="approval", flat_fee=5_000)
    first, posted, *later = [money.make_creator() for _n in range(54)]
    now = timezone.now()
    asked = {"collaboration": offer, "asked_at": now - DAY, "answer_by": now + DAY}
    Participation.objects.create(creator=first, state="applied", message="Since long.", **asked)
    done = Participation.objects.create(creator=posted, state="accepted", **asked)
    FlatFee.objects.create(
        participation=done, commission=money.make_commission(brand=brand), state="posted",
        post_url="https://example.com/her-post", act_by=now + DAY, reserved_at=now,
    )  # fmt: skip
    Participation.objects.bulk_create(
        Participation(creator=one, collaboration=offer, state="invited", asked_at=now)
        for one in later
    )
    page = f"/brand/{brand.slug}/collaborations/{offer.pk}/"
    client.get(page)

    with django_assert_max_num_queries(12):
        shown = client.get(page)
    text = shown.content.decode()

    assert "Since long." in text and "example.com/her-post" in text
    assert len(shown.context["people"]) == 50 and shown.context["people"].has_next
    second = client.get(page + "?page=2")
    assert len(second.context["people"]) == 4
    assert second.content.decode().count("example.com/her-post") == 2  # address and words, once


def test_she_writes_to_blocks_and_reports_a_brand_that_invites_her(client, brand):
    offer, creator = make_offer(brand, message="Pills that cure."), money.make_creator()
    participations.invite(offer, [creator], timezone.now(), "Buy followers.")
    before = outreach.standing(brand, timezone.now()).limit
    client.force_login(creator.user)
    page = client.get("/creator/invitations/").content.decode()
    thread = f"/creator/messages/{brand.slug}/"
    report = f"/creator/invitations/offers/{offer.pk}/report/"
    assert f'href="{thread}"' in page and f'action="{thread}"' in page and report in page

    words = client.get(report).content.decode()
    assert "Pills that cure." in words and "Buy followers." in words
    client.post(
        report,
        {
            "ground": "fraud",
            "text": "It sells followers and cures.",
            "good_faith": "on",
            "email": creator.user.email,
        },
    )
    case = Case.objects.get()
    assert (case.kind, case.subject) == ("report", f"offer:{offer.pk}")
    holds.decide(case, True, by=make_user(is_staff=True), reason="So.", at=timezone.now())
    offer.refresh_from_db()
    assert (offer.message, offer.participations.get().message) == ("", "")

    client.post(thread, {"step": "block"})
    assert outreach.standing(brand, timezone.now()).limit == before - outreach.PER_BLOCK
    client.force_login(money.make_creator().user)
    assert client.get(report).status_code == 404


def test_the_example_is_worked_out_from_the_brands_own_price(client, brand):
    money.make_variant(brand, price=12_100)

    response = client.get(f"/brand/{brand.slug}/collaborations/new/")

    assert response.context["example"]["quote"].net == 10_000
    assert Decimal(response.context["form"]["percent"].value()) == 15
