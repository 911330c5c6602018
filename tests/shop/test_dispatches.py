"""What a brand sends in its own shop of a sale of ours is noted here, once, whatever is told."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from shop import dispatches, mistakes, orders, parcels, postroom, refunds, stocklevels, stockrooms
from shop.models import (
    BrandOrder,
    Order,
    OrderLetter,
    OrderPush,
    Parcel,
    Stocked,
    Trouble,
    WebhookEvent,
)
from tests.affiliates.factories import sign_in
from tests.shop.beside import Beside
from tests.shop.factories import make_order, make_user, make_variant
from tests.shop.stock_shops import Shopify, WooCommerce, running
from tests.together import at_once

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TRACKED = {"company": "PostNL", "number": "3SABC", "url": "https://carrier.example/3SABC"}


@pytest.fixture(params=[Shopify, WooCommerce], ids=["shopify", "woocommerce"])
def there(request, settings):
    with running(request.param) as shop:
        settings.PRIVATE_PICTURES_FROM = shop.url
        yield shop


@pytest.fixture
def shopify(settings):
    with running(Shopify) as shop:
        settings.PRIVATE_PICTURES_FROM = shop.url
        yield shop


def sold(there, quantity=1):
    """Return a brand's part of a sale that got to its shop, and when that was."""
    shop = Beside(there)
    order = shop.order(quantity)
    assert shop.push() == 1
    return shop, order.parts.get(), OrderPush.objects.get().sent_at


def look(at):
    OrderPush.objects.exclude(next_look_at=None).update(next_look_at=at)
    return dispatches.look_due(at)


def told(part):
    """Return (pieces, carrier, number, whether it arrived) of each parcel, and how far the part is."""
    part.refresh_from_db()
    rows = [
        (sum(line.quantity for line in one.lines.all()), one.carrier, one.code,
         one.delivered_at is not None)
        for one in part.parcels.all()
    ]  # fmt: skip
    return rows, part.shipped_at is not None, part.delivered_at is not None


def test_a_parcel_that_left_there_left_here_and_the_shopper_is_mailed_once(there):
    shop, part, at = sold(there, 2)
    assert look(at + HOUR) == 0
    there.send_off(part.order.number, **TRACKED)
    there.told.clear()  # the word of it got lost
    assert [look(at + 2 * HOUR), look(at + 3 * HOUR)] == [1, 0]
    assert told(part) == ([(2, "PostNL", "3SABC", False)], True, False)
    assert part.shipped_at == part.parcels.get().shipped_at >= at + 2 * HOUR
    postroom.send_waiting(at)
    letters = [one for one in mail.outbox if "has sent your parcel" in one.subject]
    assert len(letters) == 1
    assert "3SABC" in letters[0].body and TRACKED["url"] in letters[0].body


def test_a_message_only_rings_and_keeps_nothing_of_other_shoppers(shopify):
    shop, part, at = sold(shopify)
    shopify.send_off(part.order.number)
    other = {"id": 77, "email": "someone@else.example", "line_items": [], "total_price": "9.00"}
    shopify.told.append(("orders/fulfilled", other))
    assert set(shop.listen()) == {200}
    assert told(part) == ([], False, False)  # what it says of itself moves nothing
    kept = WebhookEvent.objects.filter(kind="orders/fulfilled")
    assert {(row.about, row.outcome, row.note) for row in kept} == {
        (OrderPush.objects.get().external_id, "ignored", "ours"), ("77", "ignored", "not_used"),
    }  # fmt: skip
    assert "someone" not in str([row.body for row in kept])
    assert dispatches.look_due(timezone.now()) == 1
    assert told(part) == ([(1, "", "", False)], True, False)
    assert Order.objects.count() == 1


def test_parts_of_an_order_leave_one_by_one_and_arrive(shopify):
    shop, part, at = sold(shopify, 3)
    first = shopify.send_off(part.order.number, 1)
    look(at + HOUR)
    assert told(part) == ([(1, "", "", False)], False, False)
    second = shopify.send_off(part.order.number, 2, number="B2")
    look(at + 2 * HOUR)
    assert told(part)[:2] == ([(1, "", "", False), (2, "", "B2", False)], True)
    first["displayStatus"] = "DELIVERED"
    look(at + 3 * HOUR)
    assert told(part)[2] is False
    second["displayStatus"] = "DELIVERED"
    look(at + 4 * HOUR)
    assert told(part)[2] is True
    assert part.delivered_at >= at + 4 * HOUR  # when we learned of it: the return period is whole
    assert OrderPush.objects.get().next_look_at is None  # nobody asks any more


@pytest.fixture
def woo(settings):
    with running(WooCommerce) as shop:
        settings.PRIVATE_PICTURES_FROM = shop.url
        yield shop


def test_a_plugin_of_woocommerce_says_that_a_parcel_arrived(woo):
    _shop, part, at = sold(woo)
    woo.send_off(part.order.number, number="3SABC")
    assert look(at + HOUR) == 1
    woo.arrived(part.order.number)
    assert look(at + 2 * HOUR) == 1
    assert told(part) == ([(1, "", "3SABC", True)], True, True)
    assert part.arrival_assumed is False


def test_what_left_and_of_which_nobody_tells_arrived_after_the_stated_days(there):
    shop, part, at = sold(there)
    BrandOrder.objects.update(delivery_days_to=6)
    there.send_off(part.order.number)
    look(at + HOUR)
    left = BrandOrder.objects.get().shipped_at

    days = (5, 6, 6)
    assert [dispatches.assume_arrived(left + n * DAY) for n in days] == [0, 1, 0]
    assert told(part)[2] and part.arrival_assumed
    postroom.send_waiting(at)
    assert "should be with you by now" in mail.outbox[-1].subject
    assert orders.return_until(part) - left > (6 + 14 + 7) * DAY  # it may have come later

    mistakes.undo_delivery(part, left + 6 * DAY + HOUR)
    postroom.send_waiting(at)
    assert "still on its way" in mail.outbox[-1].subject
    assert dispatches.assume_arrived(left + 9 * DAY) == 0
    parcels.deliver(part, left + 9 * DAY)
    assert told(part)[2] and not part.arrival_assumed


def test_what_its_shopper_says_did_not_arrive_is_not_assumed_to_have(there):
    _shop, part, at = sold(there)
    there.send_off(part.order.number)
    look(at + HOUR)
    Trouble.objects.create(brand_order=part, kind="not_arrived", asked_at=at, answer_by=at)

    assert dispatches.assume_arrived(at + 60 * DAY) == 0


def test_a_number_that_is_put_in_later_is_mailed_once(shopify):
    shop, part, at = sold(shopify)
    parcel = shopify.send_off(part.order.number)
    look(at + HOUR)
    postroom.send_waiting(at)
    parcel["trackingInfo"] = [TRACKED]
    assert [look(at + 2 * HOUR), look(at + 3 * HOUR)] == [1, 0]
    parcel["trackingInfo"] = [TRACKED | {"url": "javascript:alert(1)"}]
    look(at + 4 * HOUR)
    made = part.parcels.get()
    assert (made.code, made.track_url) == ("3SABC", "")  # no address of the web
    assert OrderLetter.objects.filter(kind="tracking").count() == 1
    postroom.send_waiting(at)
    assert "can be followed" in mail.outbox[-1].subject and "3SABC" in mail.outbox[-1].body


def test_what_is_taken_back_there_is_taken_back_here_and_only_there(there):
    shop, part, at = sold(there)
    made = there.send_off(part.order.number)
    look(at + HOUR)
    parcel = part.parcels.get()
    with pytest.raises(mistakes.TooLate):  # the next look would only bring it again
        mistakes.undo_parcel(parcel, make_user(), at + HOUR)
    made["status"] = "CANCELLED" if isinstance(there, Shopify) else "processing"
    assert [look(at + 2 * HOUR), look(at + 3 * HOUR)] == [1, 0]
    assert told(part) == ([], False, False)
    there.send_off(part.order.number, number="NEW")
    look(at + 4 * HOUR)
    assert told(part) == ([(1, "", "NEW", False)], True, False)


def test_a_parcel_stays_once_something_followed_from_it(shopify):
    shop, part, at = sold(shopify, 2)
    made = shopify.send_off(part.order.number)
    look(at + HOUR)
    refunds.refund(part.order, at=at + 2 * HOUR, amount=500)
    made["status"] = "CANCELLED"
    assert look(at + 3 * HOUR) == 0
    assert told(part) == ([(2, "", "", False)], True, False)


def test_what_the_brand_noted_by_hand_is_not_sent_twice(there):
    shop, part, at = sold(there, 2)
    parcels.ship(part, at, parcels.Tracking("DHL", "mine"), {part.lines.get().pk: 1})
    there.send_off(part.order.number)
    look(at + HOUR)
    assert [row[:3] for row in told(part)[0]] == [(1, "DHL", "mine"), (1, "", "")]
    parcels.ship(part, at)
    assert look(at + 2 * HOUR) == 0


def test_only_what_lies_in_that_shop_left_from_it(shopify):
    shop = Beside(shopify)
    other = make_variant(brand=shop.brand, stock=0, sells_at="beside")
    shopify.put(other.sku, 5, item="92")
    stocklevels.read(shop.room, timezone.now())
    for one in (shop.variant, other):
        one.refresh_from_db()
    part = make_order((shop.variant, 1), (other, 1)).parts.get()
    assert shop.push() == 1
    Stocked.objects.filter(variant=other).delete()  # it lies elsewhere now
    shopify.send_off(part.order.number)
    look(timezone.now() + HOUR)
    assert told(part) == ([(1, "", "", False)], False, False)
    assert parcels.unsent(part) == {part.lines.get(variant=other): 1}


@pytest.mark.parametrize(
    "answer",
    [{"fulfillments": None}, {"fulfillments": [{}]}, {"fulfillments": [7]}, [], {"fulfillments": [
        {"id": "x", "status": "SUCCESS", "displayStatus": None, "trackingInfo": None,
         "fulfillmentLineItems": {"nodes": [{"quantity": -5, "lineItem": {"variant": None}}]}}]}],
)  # fmt: skip
def test_an_answer_of_another_shape_moves_nothing_and_is_asked_again(shopify, monkeypatch, answer):
    shop, part, at = sold(shopify)
    monkeypatch.setattr(shopify, "_order", lambda *_args: answer)
    assert look(at + HOUR) == 0
    assert told(part) == ([], False, False)
    assert OrderPush.objects.get().next_look_at > at + HOUR


def test_a_shop_that_does_not_answer_is_left_alone_and_asked_again(there):
    shop, part, at = sold(there)
    there.send_off(part.order.number)
    there.fails += [500]
    assert look(at + HOUR) == 0
    assert dispatches.look_due(at + HOUR) == 0  # not before its time
    assert dispatches.look_due(at + 2 * HOUR + timedelta(minutes=1)) == 1


def test_how_often_it_is_asked(there):
    shop, part, at = sold(there)
    push = OrderPush.objects.get()
    waits = {}
    for days in (0, 1, 20, 91):
        look(at + days * DAY)
        push.refresh_from_db()
        waits[days] = push.next_look_at and round((push.next_look_at - at - days * DAY) / HOUR, 1)
    assert waits == {0: 1.0, 1: 2.4, 20: 24.0, 91: None}


def test_what_was_cancelled_there_is_told_to_the_brand_until_it_is_given_back(there, client):
    shop, part, at = sold(there)
    (made,) = there.orders.values() if len(there.orders) == 1 else list(there.orders.values())[1:]
    made |= {"cancelled": there.tick(), "status": "cancelled"}
    for hours in (1, 2):
        look(at + hours * HOUR)
    assert OrderLetter.objects.filter(kind="cancelled_there").count() == 1
    postroom.send_waiting(at)
    assert "staat nog bij ons" in mail.outbox[-1].body
    sign_in(client, shop.brand.memberships.get().user, second_factor=False)
    page = f"/brand/{shop.brand.slug}/integrations/"
    assert "It was cancelled in your shop" in client.get(page).content.decode()
    refunds.refund(part.order, at=at + 3 * HOUR)
    look(at + 4 * HOUR)
    assert "It was cancelled in your shop" not in client.get(page).content.decode()


def test_a_sale_that_is_wholly_given_back_is_asked_about_no_more(there):
    shop, part, at = sold(there)
    refunds.refund(part.order, at=at)
    look(at + HOUR)
    assert OrderPush.objects.get(refund=None).next_look_at is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_moment_note_one_parcel(shopify):
    shop, part, at = sold(shopify)
    shopify.send_off(part.order.number)
    push = OrderPush.objects.select_related("brand_order__order", "stockroom__integration").get()
    fate = stockrooms.client(push.stockroom).look(push.external_id)
    at_once(*[lambda: dispatches.take_over(push, fate, at + HOUR)] * 6)
    assert (Parcel.objects.count(), OrderLetter.objects.filter(kind="shipped").count()) == (1, 1)


def test_the_brand_reads_that_it_need_not_note_it_twice(shopify, client):
    shop, part, at = sold(shopify)
    sign_in(client, shop.brand.memberships.get().user, second_factor=False)
    page = f"/brand/{shop.brand.slug}/orders/{part.pk}/"
    assert "noted here by themselves" in client.get(page).content.decode()
    shopify.send_off(part.order.number, **TRACKED)
    look(at + HOUR)
    shown = client.get(page).content.decode()
    assert "3SABC" in shown and "take it back" not in shown
    assert BrandOrder.objects.get().track_url == TRACKED["url"]
