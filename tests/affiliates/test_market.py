"""Creators pick products by what a sale earns, and take links in place."""

import pytest

from affiliates.models import Link
from tests.affiliates import factories as money
from tests.creators.factories import make_creator, make_user

pytestmark = pytest.mark.django_db
TAKE = "/creator/market/take/"


@pytest.fixture
def creator(client):
    creator = make_creator(handle="noor", followers=1_240, user=make_user())
    client.force_login(creator.user)
    return creator


def offer(title="Jar", rate_bp=1200):
    brand = money.make_brand()
    money.make_collaboration(brand, rate_bp=rate_bp)
    product = money.make_variant(brand).product
    product.title = title
    product.save()
    return product


def test_a_card_says_what_a_sale_earns(client, creator):
    offer()

    text = client.get("/creator/market/").content.decode()

    assert "€3.42" in text
    assert "per sale (12%)" in text


def test_products_without_an_offer_are_not_there(client, creator):
    money.make_variant(money.make_brand())

    assert client.get("/creator/market/").context["cards"] == []


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_the_market_takes_the_same_few_queries(
    client, creator, rows, django_assert_max_num_queries
):
    for n in range(rows):
        offer(f"Thing {n}")

    with django_assert_max_num_queries(12):
        assert client.get("/creator/market/").status_code == 200


def test_a_link_is_taken_in_place(client, creator):
    product = offer()

    response = client.post(
        TAKE,
        {"product": product.pk, "platform": "tiktok", "terms": "on"},
        headers={"HX-Request": "true"},
    )

    link = Link.objects.get(creator=creator)
    text = response.content.decode()
    assert f"/go/{link.code}" in text
    assert "<html" not in text
    assert (link.platform, link.product_id, link.taken_bp) == ("tiktok", product.pk, 1200)


def test_without_script_it_leads_to_the_links_page(client, creator):
    product = offer()

    response = client.post(TAKE, {"product": product.pk, "platform": "tiktok", "terms": "on"})

    assert response.headers["Location"] == "/creator/links/"


def test_without_the_terms_there_is_no_link(client, creator):
    product = offer()

    response = client.post(
        TAKE, {"product": product.pk, "platform": "tiktok"}, headers={"HX-Request": "true"}
    )

    assert response.status_code == 422
    assert not Link.objects.exists()


def test_the_sixth_new_product_of_a_pilots_week_is_refused_in_words(client, creator):
    for n in range(6):
        response = client.post(
            TAKE,
            {"product": offer(f"Thing {n}").pk, "platform": "tiktok", "terms": "on"},
            headers={"HX-Request": "true"},
        )

    assert response.status_code == 422
    assert "5 new products this week" in response.content.decode()
    assert Link.objects.count() == 5


def test_a_waiting_creator_may_look_and_not_take(client):
    creator = make_creator(handle="sam", followers=900, user=make_user())
    client.force_login(creator.user)
    product = offer()

    assert client.get("/creator/market/").status_code == 200
    client.post(TAKE, {"product": product.pk, "platform": "tiktok", "terms": "on"})
    assert not Link.objects.exists()
