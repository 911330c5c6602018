"""A bag that somebody else knows: it may be copied, never steered from outside."""

import pytest
from django.test import Client

from shop.models import Cart, Order
from tests.shop.factories import make_brand, make_variant
from tests.shop.test_checkout import ADDRESS, hidden, order_it, put_in_bag

pytestmark = pytest.mark.django_db
IN_APP = "Mozilla/5.0 (Linux; Android 15) Mobile Safari/537.36 Instagram 350.0"
THIEF = {
    "email": "thief@people.example", "name": "T. Hief", "address": "Hideout 1",
    "postal_code": "1011 AA", "city": "Amsterdam", "country": "NL", "phone": "",
    "creator_code": "",
}  # fmt: skip


def address_of_bag(client) -> str:
    """Return the address that opens this browser's bag in another one."""
    page = client.get("/cart/", headers={"user-agent": IN_APP})
    return page.context["elsewhere"]["url"]


def test_who_sent_a_bag_cannot_change_where_its_order_goes(client):
    put_in_bag(client, make_variant())
    sent = address_of_bag(client)
    victim = Client()
    victim.get(sent, headers={"host": "localhost"})
    order_it(victim)

    page = client.get("/checkout/")  # the victim is on the payment page now
    client.post("/checkout/", THIEF | hidden(page))

    assert [order.city for order in Order.objects.filter(email=ADDRESS["email"])] == ["Utrecht"]


def test_who_sent_a_bag_does_not_see_its_order(client):
    put_in_bag(client, make_variant())
    victim = Client()
    victim.get(address_of_bag(client), headers={"host": "localhost"})
    paying = order_it(victim)
    order = Order.objects.get()
    client.post("/checkout/", THIEF | hidden(client.get("/checkout/")))
    victim.post(paying["Location"], {"pay": "1"})

    assert order.pk not in client.session.get("orders", [])


def test_a_bag_goes_along_with_what_is_in_it(client):
    variant = make_variant(stock=5)
    put_in_bag(client, variant, 3)
    other = Client()
    other.get(address_of_bag(client), headers={"host": "localhost"})

    bags = Cart.objects.exclude(key=client.session["bag"])
    assert [(line.variant, line.quantity) for bag in bags for line in bag.lines.all()] == [
        (variant, 3)
    ]
    assert other.session["bag"] == bags.get().key


def test_a_corrected_address_must_be_one_the_brand_ships_to(client):
    put_in_bag(client, make_variant(brand=make_brand(ships_to=["NL"])))
    order_it(client)

    again = order_it(client, country="DE", postal_code="10115")

    assert (again.status_code, Order.objects.get().country) == (422, "NL")
