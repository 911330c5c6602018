"""The last pieces, with many hands after them."""

from functools import partial

import pytest
from django.utils import timezone

from shop import bag as bags
from shop import cart as carts
from shop import checkout, gateways, payments
from shop.gateways import fake
from shop.models import Order, Payment, Product, Variant
from tests.shop.factories import make_order, make_variant
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
BUYER = checkout.Buyer("a@people.example", "A", "Canal 1", "3511 AB", "Utrecht", "NL")


def bag_with(variant, quantity=1):
    cart = carts.new()
    carts.add(cart, variant, quantity)
    total = bags.contents(cart, timezone.now()).total
    return cart, checkout.key_for(cart), total


def buy(bag):
    cart, key, total = bag
    try:
        return checkout.place(
            cart, BUYER, checkout_key=key, total=total, referral={}, at=timezone.now()
        ).pk
    except checkout.CannotSell:
        return None


def test_the_last_ten_go_to_ten_of_thirty_buyers():
    variant = make_variant(stock=10)
    bags = [bag_with(variant) for _n in range(30)]

    made = [pk for pk in at_once(*[partial(buy, bag) for bag in bags]) if pk]

    assert (len(made), Order.objects.count()) == (10, 10)
    variant.refresh_from_db()
    assert (variant.stock, variant.reserved) == (10, 10)
    assert Product.objects.get().in_stock is False


def test_one_bag_ordered_eight_times_at_once_is_one_order():
    bag = bag_with(make_variant(stock=5))

    made = at_once(*[partial(buy, bag)] * 8)

    assert len(set(made)) == 1
    assert Variant.objects.get().reserved == 1


def test_one_message_twenty_times_at_once_counts_once():
    order = make_order((make_variant(stock=5, price=3450), 1), paid=False)
    headers, body = fake.message(
        "captured", order=order.number, amount=3450, currency="EUR", reference="ch"
    )

    at_once(*[lambda: payments.receive(gateways.named("fake").parse(headers, body))] * 20)

    assert Payment.objects.values_list("kind").get() == ("capture",)
    assert Variant.objects.values_list("stock", "reserved").get() == (4, 0)
