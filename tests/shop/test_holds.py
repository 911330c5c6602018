"""What waits for a bank holds stock and codes for days: not more than one shopper may have."""

import pytest
from django.core import mail
from django.utils import timezone

from shop import checkout, holds, mails, orders
from shop.models import Cart, Payment
from tests.shop.factories import make_order, make_variant, tell

pytestmark = pytest.mark.django_db
ELSEWHERE = {"address": "Mill Road 1", "postal_code": "1500 AA", "city": "Zaandam"}


def wait_for_bank(variant, quantity=1, **facts):
    """Order, and pay with a method that takes days; return the order."""
    order = make_order((variant, quantity), paid=False, **facts)
    tell(order, "pending", amount=orders.total(order))
    order.refresh_from_db()
    return order


def test_one_shopper_holds_only_so_much_while_banks_work():
    variant = make_variant(stock=1000)
    held = [wait_for_bank(variant) for _n in range(holds.MOST_ORDERS)]
    same_mail = wait_for_bank(variant, email="Shopper@people.example", **ELSEWHERE)
    same_door = wait_for_bank(variant, email="other@people.example")
    another = wait_for_bank(variant, email="third@people.example", **ELSEWHERE)

    assert {order.status for order in [*held, another]} == {"pending"}
    assert [same_mail.status, same_door.status] == ["cancelled", "cancelled"]
    variant.refresh_from_db()
    assert variant.reserved == len(held) + 1


def test_too_many_pieces_are_let_go_and_told_and_money_goes_back():
    variant = make_variant(stock=1000)
    order = wait_for_bank(variant, 99)

    variant.refresh_from_db()
    assert (order.status, variant.reserved) == ("cancelled", 0)
    assert [mails.tell_payment(order), mails.tell_payment(order)] == [True, False]
    assert "was not kept" in mail.outbox[0].subject
    assert "straight back to you" in mail.outbox[0].body

    total = orders.total(order)
    tell(order, "captured", reference="late", amount=total)
    assert Payment.objects.filter(kind="misfit", amount=total).exists()


def test_an_order_whose_bank_began_a_moment_ago_is_not_dropped(monkeypatch):
    variant = make_variant(stock=5)
    order = make_order((variant, 1), paid=False)
    cart, total = Cart.objects.get(), orders.total(order)

    def told_meanwhile(one):
        """The bank's message comes between looking at the order and cancelling it."""
        monkeypatch.undo()
        tell(order, "pending", amount=total)
        return total

    monkeypatch.setattr(orders, "total", told_meanwhile)

    assert checkout.drop_earlier(cart, total + 1, timezone.now()) == []
    order.refresh_from_db()
    assert (order.status, bool(order.processing_at)) == ("pending", True)
