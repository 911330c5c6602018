"""A creator's own page: one link in the bio, and every card goes through her link."""

import pytest
from django.utils import timezone

from affiliates import links, shelf
from tests.affiliates import factories as money
from tests.creators.factories import make_creator, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def creator(client):
    creator = make_creator(handle="noor", followers=1_240, user=make_user())
    links.accept_terms(creator.user, timezone.now())
    return creator


def put(creator, title="Sourdough jar", **brand):
    shop = money.make_brand(**brand)
    money.make_collaboration(shop)
    product = money.make_variant(shop).product
    product.title = title
    product.save()
    return shelf.put(creator, product, timezone.now())


def test_every_card_leads_through_her_own_link(client, creator):
    link = put(creator)

    text = client.get("/@noor/").content.decode()

    assert "Sourdough jar" in text
    assert f'href="/go/{link.code}"' in text
    assert "Ad" in text
    assert link.product.get_absolute_url() not in text


def test_the_page_shows_no_amount_unless_the_brand_lets_it(client, creator):
    link = put(creator)
    assert "€3.42" not in client.get("/@noor/").content.decode()

    link.collaboration.show_amount = True
    link.collaboration.save()
    assert "€3.42" in client.get("/@noor/").content.decode()


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_the_page_takes_the_same_few_queries(client, creator, rows, django_assert_max_num_queries):
    for n in range(rows):
        put(creator, title=f"Thing {n}")

    with django_assert_max_num_queries(6):
        assert client.get("/@noor/").status_code == 200


def test_she_orders_and_empties_her_shelf(client, creator):
    first, second = put(creator, "First"), put(creator, "Second")
    client.force_login(creator.user)

    client.post("/creator/storefront/", {"do": "up", "id": second.pk})
    assert [link.pk for link in shelf.shelf(creator)] == [second.pk, first.pk]

    client.post("/creator/storefront/", {"do": "off", "id": second.pk})
    assert [link.pk for link in shelf.shelf(creator)] == [first.pk]
    assert client.get("/creator/storefront/").status_code == 200


def test_a_suspended_or_unknown_creator_has_no_page(client):
    assert client.get("/@nobody/").status_code == 404


def test_putting_products_on_the_page_costs_no_pilot_quota(creator):
    before = links.quota(creator, timezone.now()).left

    for n in range(7):
        put(creator, f"Thing {n}")

    assert links.quota(creator, timezone.now()).left == before
