"""What one connection may do in a while."""

import pytest
from django.test import Client

from shop.models import Order
from shop.views import checkout
from tests.shop.factories import make_variant
from tests.shop.test_checkout import order_it, put_in_bag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_redis")]


def test_one_connection_cannot_reserve_all_stock(monkeypatch):
    monkeypatch.setattr(checkout, "MOST_ORDERS", 3)
    variant = make_variant(stock=100)
    answers = []
    for number in range(5):
        visitor = Client(headers={"x-forwarded-for": f"192.0.2.{number}"})  # nobody trusts it
        put_in_bag(visitor, variant, 9)
        answers.append(order_it(visitor).status_code)

    variant.refresh_from_db()
    assert (answers, variant.reserved, Order.objects.count()) == ([302] * 3 + [422] * 2, 27, 3)


def test_a_correction_of_the_same_order_is_not_counted(monkeypatch, client):
    monkeypatch.setattr(checkout, "MOST_ORDERS", 1)
    put_in_bag(client, make_variant())

    assert [order_it(client, name=name).status_code for name in ("A. One", "A. Two")] == [302, 302]
    assert Order.objects.get().name == "A. Two"


def test_one_connection_reports_five_pages_an_hour():
    page = f"/report/product/{make_variant().product_id}/"
    word = {"ground": "", "text": "This is not what it says.", "good_faith": "on"}
    form = Client().get(page).context["form"]
    word["ground"] = list(form.fields["ground"].choices)[-1][0]
    word |= {
        name: "on" for name, field in form.fields.items() if field.required and name not in word
    }

    answers = [
        Client(headers={"x-forwarded-for": f"192.0.2.{number}"}).post(page, word).status_code
        for number in range(7)
    ]

    assert answers == [302] * 5 + [429] * 2
