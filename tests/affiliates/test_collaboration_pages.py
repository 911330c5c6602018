"""Brands open and change offers in the browser; creators answer invitations."""

from decimal import Decimal

import pytest
from django.utils import timezone

from affiliates import participations
from affiliates.models import Collaboration
from shop.models import Membership
from tests.affiliates import factories as money
from tests.creators.factories import NOW, make_user

pytestmark = pytest.mark.django_db
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


def test_the_example_is_worked_out_from_the_brands_own_price(client, brand):
    money.make_variant(brand, price=12_100)

    response = client.get(f"/brand/{brand.slug}/collaborations/new/")

    assert response.context["example"]["quote"].net == 10_000
    assert Decimal(response.context["form"]["percent"].value()) == 15
