"""From a product page to a paid order, as a shopper's browser does it."""

import re
from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from shop import cart as carts
from shop import mails, orders, tasks
from shop.models import Cart, CartLine, Order, OrderLine, Payment, PaymentSession
from tests.shop.factories import make_brand, make_order, make_user, make_variant, tell
from tests.together import at_once

pytestmark = pytest.mark.django_db
ADDRESS = {
    "email": "fatima@people.example", "name": "Fatima Y.", "address": "Oudegracht 12",
    "postal_code": "3511 ab", "city": "Utrecht", "country": "NL", "phone": "",
    "creator_code": "",
}  # fmt: skip


def hidden(response) -> dict[str, str]:
    """Return total and key as the checkout page holds them."""
    text = response.content.decode()
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', text)[1] for name in ("total", "key")
    }


def put_in_bag(client, variant, quantity=1):
    client.post("/cart/add/", {"variant": variant.pk, "quantity": quantity})


def order_it(client, **changes):
    page = client.get("/checkout/")
    return client.post("/checkout/", ADDRESS | hidden(page) | changes)


def test_a_guest_buys_and_pays(client):
    brand = make_brand(shipping_price=495)
    variant = make_variant(brand=brand, price=3450, stock=5)

    page = client.get(f"/shop/{brand.slug}/{variant.product.slug}/")
    assert page.status_code == 200
    put_in_bag(client, variant, 2)
    bag = client.get("/cart/")
    assert "€73.95" in bag.content.decode()
    sent = order_it(client)
    assert (sent.status_code, sent["Location"][:10]) == (302, "/pay/fake/")

    order = Order.objects.get()
    line = OrderLine.objects.get()
    assert (order.status, order.postal_code, order.language) == ("pending", "3511 AB", "en")
    assert (line.gross, line.tax, line.net) == (6900, 1198, 5702)
    variant.refresh_from_db()
    assert (variant.stock, variant.reserved) == (5, 2)

    assert client.get(sent["Location"]).status_code == 200
    back = client.post(sent["Location"], {"pay": "1"}, follow=True)
    assert ". It is coming." in back.content.decode()
    order.refresh_from_db()
    variant.refresh_from_db()
    assert order.status == "paid"
    assert (variant.stock, variant.reserved) == (3, 0)
    assert Payment.objects.values_list("kind", "amount").get() == ("capture", 7395)
    assert not Cart.objects.exists()


def test_a_failed_payment_leaves_the_bag_as_it_was(client):
    variant = make_variant()
    put_in_bag(client, variant)
    sent = order_it(client)

    back = client.post(sent["Location"], {"fail": "1"}, follow=True)

    assert "did not go through" in back.content.decode()
    assert client.get("/cart/").context["bag"].count == 1
    again = order_it(client)
    assert again["Location"] != sent["Location"]  # a fresh payment page of the same order
    assert Order.objects.count() == 1
    client.post(again["Location"], {"pay": "1"})
    assert Order.objects.get().status == "paid"


def test_a_double_click_makes_one_order(client):
    put_in_bag(client, make_variant())
    fields = ADDRESS | hidden(client.get("/checkout/"))

    first, second = (client.post("/checkout/", fields) for _n in "ab")

    assert first["Location"] == second["Location"]
    assert Order.objects.count() == 1


def test_the_back_button_after_paying_leads_to_the_order(client):
    put_in_bag(client, make_variant())
    fields = ADDRESS | hidden(client.get("/checkout/"))
    client.post(client.post("/checkout/", fields)["Location"], {"pay": "1"})

    again = client.post("/checkout/", fields)

    assert again["Location"].startswith("/orders/")
    assert Order.objects.count() == 1


def test_errors_keep_what_was_typed(client):
    put_in_bag(client, make_variant())

    page = order_it(client, postal_code="12", email="nobody", name="Żaneta <b>")

    text = page.content.decode()
    assert page.status_code == 422
    assert 'value="nobody"' in text and "Żaneta &lt;b&gt;" in text
    assert "A postal code there looks like 3511 AB." in text
    assert not Order.objects.exists()


def test_a_changed_price_is_asked_about(client):
    variant = make_variant(price=1000)
    put_in_bag(client, variant)
    fields = ADDRESS | hidden(client.get("/checkout/"))
    type(variant).objects.update(price=1200)

    page = client.post("/checkout/", fields)

    assert page.status_code == 422
    assert "The price changed" in page.content.decode()
    assert not Order.objects.exists()
    assert client.post("/checkout/", ADDRESS | hidden(page)).status_code == 302


def test_a_brand_that_does_not_ship_there_says_so(client):
    put_in_bag(client, make_variant(brand=make_brand(ships_to=["NL", "BE"])))

    page = order_it(client, country="DE", postal_code="10115")

    assert page.context["form"].errors["country"]
    assert not Order.objects.exists()


def test_sold_meanwhile_orders_nothing(client):
    variant = make_variant(stock=1)
    put_in_bag(client, variant)
    fields = ADDRESS | hidden(client.get("/checkout/"))
    type(variant).objects.update(reserved=1)

    assert client.post("/checkout/", fields)["Location"] == "/cart/"
    assert not Order.objects.exists()


def test_a_changed_bag_replaces_the_unpaid_order(client):
    one, two = make_variant(stock=1), make_variant(stock=5)
    put_in_bag(client, one)
    order_it(client)
    put_in_bag(client, two)
    assert client.get("/cart/").context["bag"].problems == []  # the last one is held for her
    order_it(client)

    orders_made = Order.objects.order_by("pk").values_list("status", flat=True)
    assert list(orders_made) == ["cancelled", "pending"]
    one.refresh_from_db()
    assert one.reserved == 1


def test_back_from_the_payment_page_the_last_piece_is_still_hers(client):
    variant = make_variant(stock=1)
    put_in_bag(client, variant)
    first = order_it(client)

    assert client.get("/checkout/").status_code == 200
    assert order_it(client)["Location"] == first["Location"]
    stranger = Client()
    put_in_bag(stranger, variant)
    assert stranger.get("/cart/").context["cart_count"] == 0


def test_an_unpaid_order_at_another_price_is_replaced(client):
    variant = make_variant(price=1000)
    put_in_bag(client, variant)
    order_it(client)
    type(variant).objects.update(price=1200)

    order_it(client)

    assert list(Order.objects.order_by("pk").values_list("status", flat=True)) == [
        "cancelled", "pending",
    ]  # fmt: skip
    assert orders.total(Order.objects.get(status="pending")) == 1200


def test_two_tabs_order_what_the_bag_holds_now(client):
    one, two = make_variant(price=1000), make_variant(price=500)
    put_in_bag(client, one)
    first_tab = ADDRESS | hidden(client.get("/checkout/"))
    put_in_bag(client, two)  # in the second tab

    asked = client.post("/checkout/", first_tab)
    assert (asked.status_code, Order.objects.count()) == (422, 0)
    sent = client.post("/checkout/", ADDRESS | hidden(asked))
    client.post(sent["Location"], {"pay": "1"})
    assert orders.total(Order.objects.get()) == 1500


def test_two_brands_make_two_parts_with_their_own_shipping(client):
    for price in (300, 495):
        put_in_bag(client, make_variant(brand=make_brand(shipping_price=price)))
    order_it(client)

    order = Order.objects.get()
    assert sorted(order.parts.values_list("shipping_gross", flat=True)) == [300, 495]
    assert orders.total(order) == 2 * 3450 + 795


def test_the_order_page_hides_the_address_from_others(client, client_factory=None):
    from django.test import Client

    put_in_bag(client, make_variant())
    sent = order_it(client)
    client.post(sent["Location"], {"pay": "1"})
    order = Order.objects.get()
    path = mails.address_of(order).split("/", 3)[3]

    assert "Oudegracht 12" in client.get(f"/{path}").content.decode()
    other = Client()
    assert "Oudegracht 12" not in other.get(f"/{path}").content.decode()
    other.post(f"/{path}code/")
    code = re.search(r"\d{6}", mail.outbox[-1].body)[0]
    assert (
        "Oudegracht 12"
        not in other.post(f"/{path}code/", {"code": "000000"}, follow=True).content.decode()
    )
    assert (
        "Oudegracht 12" in other.post(f"/{path}code/", {"code": code}, follow=True).content.decode()
    )
    assert other.get("/orders/wrong/").status_code == 404


def test_the_confirmation_is_mailed_once(client):
    put_in_bag(client, make_variant(title="Stoneware mug"))
    client.post(order_it(client)["Location"], {"pay": "1"})
    mail.outbox.clear()

    tasks.release_reservations()
    tasks.confirm_order(Order.objects.get().pk)

    assert [m.subject for m in mail.outbox] == [f"Your order {Order.objects.get().number}"]
    body = mail.outbox[0].body
    assert "Stoneware mug" in body
    assert (
        "V.O.F." in body and "You may withdraw until 14 days" in body and "/terms/shopper/" in body
    )


def test_a_lapsed_order_gives_its_stock_back(client):
    variant = make_variant(stock=1)
    put_in_bag(client, variant)
    order_it(client)
    order = Order.objects.get()

    assert orders.release_lapsed(order.expires_at) == 1
    assert orders.release_lapsed(order.expires_at) == 0
    variant.refresh_from_db()
    assert (variant.stock, variant.reserved) == (1, 0)
    assert timezone.is_aware(Order.objects.get().cancelled_at)


def test_withdrawing_takes_two_steps(client):
    variant = make_variant()
    put_in_bag(client, variant, 2)
    client.post(order_it(client)["Location"], {"pay": "1"})
    order = Order.objects.get()
    part, line = order.parts.get(), OrderLine.objects.get()
    path = f"/orders/{orders.token_of(order.checkout_key)}/withdraw/{part.pk}/"

    assert client.get(path).status_code == 200
    second = client.post(path, {f"line_{line.pk}": "1", "reason": ""})
    assert "Confirm withdrawal" in second.content.decode()
    assert not part.returns.exists()
    client.post(path, {f"line_{line.pk}": "1", "reason": "", "confirm": "1"})
    assert list(part.returns.get().lines.values_list("quantity", flat=True)) == [1]


def test_a_passed_on_link_withdraws_only_with_the_mailed_code(client):
    put_in_bag(client, make_variant(), 2)
    client.post(order_it(client)["Location"], {"pay": "1"})
    order, line = Order.objects.get(), OrderLine.objects.get()
    part = order.parts.get()
    path = f"/orders/{orders.token(order)}/withdraw/{part.pk}/"
    chosen, stranger = {f"line_{line.pk}": "1", "reason": ""}, Client()
    mail.outbox.clear()

    assert stranger.get(path).status_code == 200
    assert 'name="code"' in stranger.post(path, chosen).content.decode()
    code = mail.outbox[-1].subject.split()[0]
    for guess in ({}, {"code": ""}, {"code": "000000" if code != "000000" else "1"}):
        answer = stranger.post(path, chosen | {"confirm": "1"} | guess)
        assert (answer.status_code, part.returns.count()) == (422, 0)
    assert "This code is not right" in answer.content.decode()

    stranger.post(path, chosen | {"again": "1"})
    assert len(mail.outbox) == 2 and mail.outbox[-1].to == [order.email]
    code = mail.outbox[-1].subject.split()[0]
    assert stranger.post(path, chosen | {"confirm": "1", "code": code}).status_code == 302
    assert part.returns.count() == 1


@pytest.mark.parametrize("kept", [True, False])
def test_letters_lead_to_the_order_after_the_key_was_changed(client, settings, kept):
    """A fallback honours the links of before; without one the order gets a new address."""
    put_in_bag(client, make_variant())
    client.post(order_it(client)["Location"], {"pay": "1"})
    order = Order.objects.get()
    before = mails.address_of(order)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if kept else []
    settings.SECRET_KEY = "another-key-of-at-least-fifty-characters-for-everything"
    after = mails.address_of(Order.objects.get())

    assert (after == before) is kept
    assert [Client().get(url).status_code for url in (after, before)] == [200, 200 if kept else 404]


def test_signed_in_buyer_is_kept(client):
    user = make_user()
    client.force_login(user)
    put_in_bag(client, make_variant())
    order_it(client)

    assert Order.objects.get().buyer == user


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_one_moment_make_one_order_and_one_payment_page(client):
    variant = make_variant(stock=5)
    put_in_bag(client, variant)
    fields = ADDRESS | hidden(client.get("/checkout/"))
    hands = [Client() for _n in range(4)]
    for hand in hands:  # of one browser
        hand.cookies.load({name: one.value for name, one in client.cookies.items()})

    answers = at_once(*[partial(hand.post, "/checkout/", fields) for hand in hands])

    assert len({answer["Location"] for answer in answers}) == 1
    assert answers[0]["Location"].startswith("/pay/")
    variant.refresh_from_db()
    assert (Order.objects.count(), PaymentSession.objects.count(), variant.reserved) == (1, 1, 1)


def test_a_bag_that_nobody_touches_goes_after_90_days():
    now = timezone.now()
    old, read, fresh = (carts.new() for _n in range(3))
    for bag in (old, read):
        carts.add(bag, make_variant(), 1)
    Cart.objects.exclude(pk=fresh.pk).update(updated_at=now - timedelta(days=91))
    CartLine.objects.filter(cart=old).update(added_at=now - timedelta(days=91))

    assert [carts.forget(now, size=1) for _n in range(2)] == [1, 0]
    assert set(Cart.objects.values_list("pk", flat=True)) == {read.pk, fresh.pk}


def test_whose_an_unpaid_order_was_is_forgotten_after_90_days():
    now = timezone.now()
    old, fresh, paid, open_ = (
        make_order((make_variant(), 1), paid=one == "paid")
        for one in ("old", "fresh", "paid", "open")
    )
    for order in (old, fresh):
        assert orders.cancel(order, now)
    Order.objects.exclude(pk__in=[fresh.pk, open_.pk]).update(cancelled_at=now - timedelta(days=91))
    late = make_order((make_variant(), 1), paid=False)
    orders.cancel(late, now)
    tell(late, "captured", amount=1, reference="late")  # money that did not fit, and goes back
    Order.objects.filter(pk=late.pk).update(cancelled_at=now - timedelta(days=91))

    assert [orders.forget_unpaid(now) for _n in range(2)] == [1, 0]
    old.refresh_from_db()
    assert (old.email, old.name, old.address, old.city, old.phone, old.buyer) == (*[""] * 5, None)
    assert set(Order.objects.exclude(email="")) == {fresh, paid, open_, late}
    page = Client().get(f"/orders/{orders.token(old)}/")
    assert page.status_code == 200
