"""What a brand types is money of its own currency, on every page where it types an amount."""

import pytest
from django.utils import timezone

from affiliates.models import Collaboration
from config.lib.fields import PriceField
from shop import storefront
from shop.models import Membership
from shop.storefront import Filters
from tests.affiliates import factories as money
from tests.creators.factories import make_creator as make_enrolled

pytestmark = pytest.mark.django_db
TYPED = {
    "kind": "targeted", "name": "Autumn", "percent": "12", "other_programme": "thousand_first",
    "window_days": "30", "hold_days": "15", "min_followers": "0",
}  # fmt: skip
# currency, what is typed for the fee and the budget, and their minor units
CASES = [
    ("EUR", "34,50", 3_450, "1250", 125_000),
    ("JPY", "3450", 3_450, "1.250.000", 1_250_000),
    ("KWD", "34,5", 34_500, "1250", 1_250_000),
]


def brand_of(client, currency):
    brand = money.make_brand(currency=currency)
    user = money.make_user()
    Membership.objects.create(user=user, brand=brand)
    client.force_login(user)
    return brand


@pytest.mark.parametrize(("currency", "fee", "fee_minor", "budget", "budget_minor"), CASES)
def test_a_new_collaboration(client, currency, fee, fee_minor, budget, budget_minor):
    brand = brand_of(client, currency)

    sent = client.post(
        f"/brand/{brand.slug}/collaborations/new/", TYPED | {"flat_fee": fee, "budget": budget}
    )

    assert sent.status_code == 302
    found = Collaboration.objects.values_list("flat_fee", "budget")
    assert list(found) == [(fee_minor, budget_minor)]


@pytest.mark.parametrize(("currency", "_fee", "_minor", "budget", "budget_minor"), CASES)
def test_a_budget_and_what_the_field_shows_of_it(
    client, currency, _fee, _minor, budget, budget_minor
):
    brand = brand_of(client, currency)
    offer = money.make_collaboration(brand)
    url = f"/brand/{brand.slug}/collaborations/{offer.pk}/"

    client.post(url + "budget/", {"budget": budget})

    offer.refresh_from_db()
    assert offer.budget == budget_minor
    shown = client.get(url).context["budget_form"]["budget"].value()
    client.post(url + "budget/", {"budget": shown})
    offer.refresh_from_db()
    assert offer.budget == budget_minor


@pytest.mark.parametrize(("currency", "_fee", "_minor", "budget", "budget_minor"), CASES)
def test_an_invitation_to_a_new_one(client, currency, _fee, _minor, budget, budget_minor):
    brand = brand_of(client, currency)
    creator = make_enrolled(followers=6_000, user=money.make_user(), at=timezone.now())

    sent = client.post(
        f"/brand/{brand.slug}/creators/invite/",
        {"c": creator.pk, "name": "New", "percent": "12", "budget": budget, "message": ""},
    )

    assert sent.status_code == 302
    assert Collaboration.objects.get(brand=brand).budget == budget_minor


def test_cents_of_yen_are_refused_at_the_field(client):
    brand = brand_of(client, "JPY")
    offer = money.make_collaboration(brand)
    url = f"/brand/{brand.slug}/collaborations/{offer.pk}/budget/"

    sent = client.post(url, {"budget": "34,50"})

    assert (sent.status_code, set(sent.context["budget_form"].errors)) == (422, {"budget"})


def test_a_field_without_a_currency_reads_nothing():
    with pytest.raises(LookupError):
        PriceField().clean("34.50")


def test_a_filter_in_euros_leaves_out_what_is_sold_in_yen():
    dear = money.make_variant(money.make_brand(), price=5_000)
    yen = money.make_variant(money.make_brand(currency="JPY"), price=5_000)
    assert {one.pk for one in storefront.search(Filters())} == {dear.product_id, yen.product_id}

    found = storefront.search(Filters(price_min=4_000, price_max=6_000))

    assert list(found.values_list("pk", flat=True)) == [dear.product_id]
