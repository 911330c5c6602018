"""A brand's ways to deliver, what a shopper chose, and that her order keeps it."""

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import translation

from shop import delivery, tasks
from shop.models import BrandOrder, DeliveryOption, Order
from tests.shop.factories import make_brand, make_user, make_variant
from tests.shop.test_checkout import ADDRESS, hidden, put_in_bag

pytestmark = pytest.mark.django_db


def option(brand, **facts) -> DeliveryOption:
    facts = {"name": "Pick-up point", "price": 250, "days_from": 1, "days_to": 3} | facts
    return DeliveryOption.objects.create(brand=brand, **facts)


def send(client, **changes):
    page = client.get("/checkout/")
    return client.post("/checkout/", ADDRESS | hidden(page) | changes)


def test_without_options_the_flat_fee_is_the_only_way_and_nothing_is_asked(client):
    brand = make_brand(shipping_price=495, free_shipping_from=5000)
    put_in_bag(client, make_variant(brand=brand, price=3450))

    text = client.get("/checkout/").content.decode()

    assert f'name="delivery_{brand.pk}"' not in text
    assert [way.price for way in delivery.ways(brand)] == [495]
    assert send(client).status_code == 302


def test_the_shopper_sees_each_way_with_its_price_and_promise(client):
    brand = make_brand(shipping_price=495, free_shipping_from=3000, delivery_days_to=2)
    option(brand)
    option(brand, name="Bike courier", price=895, free_from=9000, days_from=None, days_to=1)
    put_in_bag(client, make_variant(brand=brand, price=3450))

    (part,) = client.get("/checkout/").context["bag"].parts

    assert [(way.label, way.promise, cost) for way, cost in part.choices] == [
        ("Standard delivery", "within 2 days", 0),
        ("Pick-up point", "in 1 to 3 days", 250),
        ("Bike courier", "within 1 day", 895),
    ]


def test_choosing_shows_the_new_total_before_it_is_ordered_and_the_order_keeps_it(client):
    brand, other = make_brand(shipping_price=495), make_brand(shipping_price=300)
    way = option(brand)
    put_in_bag(client, make_variant(brand=brand, price=3450))
    put_in_bag(client, make_variant(brand=other, price=1000))
    choice = {f"delivery_{brand.pk}": str(way.pk)}

    first = send(client, **choice)
    assert first.status_code == 422
    assert "The total is another one now" in first.content.decode()
    assert "Order with obligation to pay: €50.00" in first.content.decode()
    assert not Order.objects.exists()

    assert client.post("/checkout/", ADDRESS | hidden(first) | choice).status_code == 302
    way.delete()
    parts = BrandOrder.objects.order_by("pk").values_list(
        "brand", "delivery_name", "shipping_gross", "delivery_days_from", "delivery_days_to"
    )
    assert sorted(parts) == [
        (brand.pk, "Pick-up point", 250, 1, 3), (other.pk, "", 300, None, None),
    ]  # fmt: skip


def test_without_script_a_button_shows_the_new_total_and_keeps_what_was_typed(client):
    brand = make_brand(shipping_price=495)
    way = option(brand)
    put_in_bag(client, make_variant(brand=brand, price=3450))

    answer = send(
        client, email="", name="Half", apply_delivery="1", **{f"delivery_{brand.pk}": str(way.pk)}
    )

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Order with obligation to pay: €37.00" in text
    assert 'value="Half"' in text
    assert f'value="{way.pk}" checked' in text


def test_a_change_after_the_payment_page_makes_another_order(client):
    brand = make_brand(shipping_price=495)
    way = option(brand)
    put_in_bag(client, make_variant(brand=brand, price=3450))
    send(client, **{f"delivery_{brand.pk}": "0"})

    choice = {f"delivery_{brand.pk}": str(way.pk)}
    shown = send(client, apply_delivery="1", **choice)
    assert client.post("/checkout/", ADDRESS | hidden(shown) | choice).status_code == 302

    states = Order.objects.order_by("pk").values_list("status", "parts__shipping_gross")
    assert list(states) == [("cancelled", 495), ("pending", 250)]


def test_a_way_of_another_brand_is_refused(client):
    brand = make_brand(shipping_price=495)
    option(brand)
    theirs = option(make_brand(), price=0)
    put_in_bag(client, make_variant(brand=brand, price=3450))

    answer = send(client, **{f"delivery_{brand.pk}": str(theirs.pk)})

    assert answer.status_code == 422
    assert f"delivery_{brand.pk}" in answer.context["form"].errors
    assert not Order.objects.exists()


def test_a_way_that_is_taken_away_meanwhile_is_the_standard_one_and_asked_again(client):
    brand = make_brand(shipping_price=495)
    way = option(brand)
    put_in_bag(client, make_variant(brand=brand, price=3450))
    choice = {f"delivery_{brand.pk}": str(way.pk)}
    shown = send(client, apply_delivery="1", **choice)
    way.delete()

    answer = client.post("/checkout/", ADDRESS | hidden(shown) | choice)

    assert answer.status_code == 422
    assert "Order with obligation to pay: €39.45" in answer.content.decode()


def test_letter_and_order_pages_say_what_was_chosen(client):
    owner = make_user()
    brand = make_brand(shipping_price=495, owner=owner)
    way = option(brand)
    put_in_bag(client, make_variant(brand=brand, price=3450))
    choice = {f"delivery_{brand.pk}": str(way.pk)}
    shown = send(client, apply_delivery="1", **choice)
    sent = client.post("/checkout/", ADDRESS | hidden(shown) | choice)
    page = client.post(sent["Location"], {"pay": "1"}, follow=True).content.decode()
    mail.outbox.clear()
    Order.objects.update(confirmed_at=None)
    tasks.confirm_order(Order.objects.get().pk)

    said = "Pick-up point, in 1 to 3 days"
    assert said in page
    assert f"Delivery ({said}): €2.50" in mail.outbox[0].body
    assert said in mail.outbox[0].alternatives[0][0]
    client.force_login(owner)
    part = BrandOrder.objects.get()
    assert said in client.get(f"/brand/{brand.slug}/orders/{part.pk}/").content.decode()
    with translation.override("nl"):
        assert part.delivery_words == "Pick-up point, in 1 tot 3 dagen"


def test_a_brand_adds_changes_and_takes_away_a_way(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    url = f"/brand/{brand.slug}/settings/delivery/"
    typed = {"name": "Pick-up", "price": "2,50", "free_from": "", "days_from": "1", "days_to": "3"}

    client.post(url, {f"way-{name}": value for name, value in typed.items()})
    row = DeliveryOption.objects.get()
    assert (row.brand, row.price, row.days_to) == (brand, 250, 3)
    assert "Pick-up" in client.get(f"/brand/{brand.slug}/settings/").content.decode()

    changed = {f"way{row.pk}-{name}": value for name, value in (typed | {"price": "0"}).items()}
    client.post(url, changed | {"way": row.pk})
    row.refresh_from_db()
    assert row.price == 0

    client.post(url, {"way": row.pk, "remove": "1"})
    assert not DeliveryOption.objects.exists()


def test_what_delivery_costs_is_an_owners_to_say(client):
    brand = make_brand(owner=make_user())
    member, way = make_user(), option(brand)
    brand.memberships.create(user=member, role="member")
    client.force_login(member)

    page = client.get(f"/brand/{brand.slug}/settings/").content.decode()
    assert "Pick-up point" in page and "Add a way to deliver" not in page
    for sent in ({"way-name": "Mine", "way-price": "0"}, {"way": way.pk, "remove": "1"}):
        assert client.post(f"/brand/{brand.slug}/settings/delivery/", sent).status_code == 403
    assert list(DeliveryOption.objects.all()) == [way]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"price": "lots"}, "price"),
        ({"name": "Pick-up point"}, "name"),
        ({"days_from": "4", "days_to": "2"}, "days_to"),
        ({"days_from": "4"}, "days_to"),
    ],
)
def test_a_bad_way_is_an_error_at_its_field_and_nothing_is_stored(client, typed, field):
    owner = make_user()
    brand = make_brand(owner=owner)
    option(brand)
    client.force_login(owner)
    sent = {"name": "Courier", "price": "8,95"} | typed

    answer = client.post(
        f"/brand/{brand.slug}/settings/delivery/",
        {f"way-{name}": value for name, value in sent.items()},
    )

    assert answer.status_code == 422
    assert set(answer.context["typed"].errors) == {field}
    assert DeliveryOption.objects.count() == 1


def test_a_sixth_way_and_another_brands_way_are_refused(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    theirs = option(make_brand())
    for number in range(delivery.MOST):
        option(brand, name=f"Way {number}")
    client.force_login(owner)
    url = f"/brand/{brand.slug}/settings/delivery/"

    assert client.post(url, {"way-name": "One more", "way-price": "1"}).status_code == 422
    for way in (theirs.pk, "x"):
        assert client.post(url, {"way": way, "remove": "1"}).status_code == 404
    assert DeliveryOption.objects.count() == delivery.MOST + 1


def test_the_database_refuses_a_promise_that_ends_before_it_begins():
    brand = make_brand()
    with pytest.raises(IntegrityError), transaction.atomic():
        option(brand, days_from=4, days_to=2)
