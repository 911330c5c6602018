"""Sales told to the shop that keeps the stock: each once, whatever breaks on the way."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from shop import beside, parcels, pushes, refunds, stocklevels
from shop.models import BrandOrder, OrderPush, Stocked, Stockroom
from tests.shop.beside import Beside
from tests.shop.factories import make_order, make_variant
from tests.shop.stock_shops import Shopify, WooCommerce, running
from tests.together import at_once

KINDS = {"shopify": Shopify, "woocommerce": WooCommerce}


@pytest.fixture(params=KINDS)
def there(request, settings):
    with running(KINDS[request.param]) as shop:
        settings.PRIVATE_PICTURES_FROM = shop.url
        yield shop


def the_push():
    return OrderPush.objects.get(refund=None)


@pytest.mark.django_db
def test_a_paid_order_is_told_once_and_takes_the_stock_there(there):
    shop, plain = Beside(there), make_variant(stock=5)
    shop.variant.refresh_from_db()
    order = make_order((shop.variant, 2), (plain, 1))
    assert (shop.stock(), there.count(shop.variant.sku)) == (8, 10)
    assert [shop.push(), shop.push()] == [1, 0]
    made = there.made(order.number)
    assert [row[:1] + row[2:] for row in made] == [(2, False, [])]
    assert float(made[0][1]) == (69.0 if there.PROVIDER == "shopify" else 57.02)  # the latter: net
    assert (shop.stock(), there.count(shop.variant.sku)) == (8, 8)
    shop.listen()
    assert shop.stock() == 8
    push = the_push()
    assert (push.state, push.attempts, bool(push.external_id)) == ("sent", 1, True)


@pytest.mark.django_db
@pytest.mark.parametrize("fails", [["lost"], [503, "lost", 429], [500, 500]])
def test_what_got_lost_is_looked_up_before_it_is_sent_again(there, fails):
    shop = Beside(there)
    order, at = shop.order(), timezone.now()
    there.fails += fails
    for _n in range(6):
        if shop.push(at):
            break
        push = the_push()
        assert (push.state, shop.push(at)) == ("waiting", 0)  # not before its time
        at = push.next_try_at
    assert len(there.made(order.number)) == 1
    assert (the_push().state, shop.stock(), there.count(shop.variant.sku)) == ("sent", 9, 9)


@pytest.mark.django_db
def test_one_that_never_gets_there_is_dead_and_the_brand_pushes_it_again(there):
    shop = Beside(there)
    order, at = shop.order(), timezone.now()
    there.fails += [500] * 40
    for _n in range(pushes.MOST + 2):
        shop.push(at)
        at = the_push().next_try_at
    push = the_push()
    assert (push.state, push.attempts, push.problem) == ("dead", pushes.MOST, "answered: 500")
    assert pushes.shown(shop.brand.pk) == [push]
    there.fails.clear()
    assert shop.push(at) == 0
    assert [pushes.again(push, at), pushes.again(push, at)] == [True, False]
    assert (shop.push(at), len(there.made(order.number))) == (1, 1)


@pytest.mark.django_db
def test_what_the_shop_refuses_is_dead_at_once_and_says_why(there):
    shop = Beside(there)
    shop.order()
    getattr(there, "items", None) is not None and there.items.clear()
    getattr(there, "products", None) is not None and there.products.clear()
    assert shop.push() == 0
    push = the_push()
    assert push.state == "dead"
    assert push.problem.startswith("said_no")


@pytest.mark.django_db
def test_new_keys_let_what_stood_still_go_on(there):
    shop = Beside(there)
    shop.order()
    at = timezone.now()
    there.KEYS = (there.KEYS[0], there.KEYS[1][:-4] + "beef")
    there.token = "other"
    for _n in range(pushes.MOST + 1):
        shop.push(at)
        at = the_push().next_try_at
    assert (the_push().state, the_push().problem) == ("dead", "keys")
    beside.connect(shop.brand, there.PROVIDER, there.url, *there.KEYS, at=at)
    assert (shop.push(at), the_push().state) == (1, "sent")


@pytest.mark.django_db
def test_what_goes_back_is_told_in_its_turn_and_once(there):
    shop = Beside(there)
    order, at = shop.order(2), timezone.now()
    refunds.refund(order, at=at, amount=1000)
    there.fails.append(500)
    assert shop.push(at) == 0  # the sale is first, and waits
    later = OrderPush.objects.latest("next_try_at").next_try_at
    there.fails.clear()
    assert shop.push(later) >= 1
    shop.push(later)
    assert [float(one) for one in there.made(order.number)[0][3]] == [10.0]
    OrderPush.objects.filter(refund__isnull=False).update(state="waiting", next_try_at=later)
    shop.push(later)  # a worker that died after it was done
    assert [float(one) for one in there.made(order.number)[0][3]] == [10.0]
    refunds.refund(order, at=at)
    assert shop.push(later) == 1
    assert there.made(order.number)[0][2] is True  # nothing was sent: cancelled, stock put back
    assert there.count(shop.variant.sku) == 10
    shop.listen()
    assert shop.stock() == 10


@pytest.mark.django_db
def test_what_was_sent_is_refunded_and_not_cancelled(there):
    shop = Beside(there)
    order, at = shop.order(), timezone.now()
    shop.push(at)
    parcels.ship(order.parts.get(), at)
    refunds.refund(order, at=at)
    shop.push(at)
    assert there.made(order.number)[0][2:] == (False, ["34.50"])


@pytest.mark.django_db
def test_what_was_given_back_before_it_was_told_is_never_told(there):
    shop = Beside(there)
    order, at = shop.order(), timezone.now()
    refunds.refund(order, at=at)
    shop.push(at)
    shop.push(at + timedelta(days=1))
    assert set(OrderPush.objects.values_list("state", flat=True)) == {"dropped"}
    assert there.made(order.number) == []
    stocklevels.read(shop.room, at)
    assert shop.stock() == 10


@pytest.mark.django_db
def test_a_discount_and_a_price_that_does_not_divide_come_out_exactly():
    from shop.stockrooms.base import Sale, Sold
    from shop.stockrooms.shopify import Shopify as Client

    line = Sold("7", "1", "Mug", 3, 1000, 174, 2100)
    facts = dict.fromkeys(
        ["email", "name", "address", "postal_code", "city", "country", "phone"], ""
    )
    sale = Sale("TH-1", "EUR", timezone.now(), lines=[line], **facts)
    rows = Client(SimpleNamespace(address=""))._rows(sale, line)
    said = [(row["quantity"], row["priceSet"]["shopMoney"]["amount"]) for row in rows]
    taxes = [float(row["taxLines"][0]["priceSet"]["shopMoney"]["amount"]) for row in rows]
    assert said == [(2, "3.33"), (1, "3.34")]
    assert round(sum(taxes), 2) == 1.74


@pytest.mark.django_db(transaction=True)
def test_many_workers_tell_an_order_once(settings):
    with running(Shopify) as there:
        settings.PRIVATE_PICTURES_FROM = there.url
        shop = Beside(there)
        orders = [shop.order() for _n in range(3)]
        at = timezone.now()
        assert sum(at_once(*[lambda: pushes.send_due(at)] * 4)) == 3
        assert [len(there.made(order.number)) for order in orders] == [1, 1, 1]


@pytest.mark.django_db
def test_one_claimed_late_is_nobody_elses_while_its_task_may_run(there, monkeypatch):
    shop, clock, told = Beside(there), [0.0], []
    pairs = [shop.order().pk for _n in range(2)]
    begun = timezone.now()

    def send(push, now):
        clock[0] += 170  # this shop answers slowly
        hard_limit = now() + timedelta(seconds=270)
        told.append(OrderPush.objects.due(hard_limit).filter(pk=push.pk).exists())
        return pushes._end(push, "dropped")

    monkeypatch.setattr(pushes, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(pushes, "_send", send)
    pushes.send_due(begun)
    assert told == [False] * len(pairs)


@pytest.mark.django_db
def test_of_two_shops_with_lines_of_one_order_one_is_told_of_the_shipping(there):
    shop, at = Beside(there), timezone.now()
    other = make_variant(brand=shop.brand, stock=5, sells_at="beside")
    kind = next(one for one in KINDS.values() if one.PROVIDER != there.PROVIDER)
    second = beside.connect(shop.brand, kind.PROVIDER, "https://b.example", *kind.KEYS, at=at)
    Stockroom.objects.filter(pk=second.pk).update(green_at=at, tested_at=at, told_at=at, read_at=at)
    Stocked.objects.create(variant=other, stockroom_id=second.pk, external_id="8", seen_at=at)
    shop.variant.refresh_from_db()
    order = make_order((shop.variant, 1), (other, 1))
    BrandOrder.objects.filter(order=order).update(shipping_gross=495, shipping_tax=86)
    rows = OrderPush.objects.order_by("stockroom")
    assert [pushes.sale_of(push).shipping for push in rows] == [495, 0]
    made = refunds.refund(order, at=at)
    told = [pushes._amount(push) for push in rows.filter(refund=made)]
    assert told == [shop.variant.price + 495, other.price]


@pytest.mark.django_db
def test_one_that_never_got_there_counts_for_two_weeks(there):
    shop = Beside(there)
    shop.order(2)
    OrderPush.objects.update(state="dead")
    for days, stock in ((13, 8), (15, 10)):
        stocklevels.read(shop.room, timezone.now() + timedelta(days=days))
        assert shop.stock() == stock
