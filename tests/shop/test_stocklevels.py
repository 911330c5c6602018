"""What a shop says of its stock: signed, once, in any order, and never above what we sold."""

import copy
import os
from datetime import timedelta
from itertools import permutations

import psycopg
import pytest
from django.utils import timezone

from config import schedule
from shop import cart as carts
from shop import checkout, ownorders, stocklevels, tasks
from shop.models import Stocked, Variant, WebhookEvent
from shop.ownshops import BadBody, shopify, woocommerce
from tests.shop.beside import Beside
from tests.shop.factories import make_variant
from tests.shop.stock_shops import Shopify, WooCommerce, running

pytestmark = pytest.mark.django_db
KINDS = {"shopify": Shopify, "woocommerce": WooCommerce}


@pytest.fixture(params=KINDS)
def there(request, settings):
    with running(KINDS[request.param]) as shop:
        settings.PRIVATE_PICTURES_FROM = shop.url
        yield shop


@pytest.fixture
def store(settings):
    with running(Shopify) as shop:
        settings.PRIVATE_PICTURES_FROM = shop.url
        yield shop


def test_what_is_told_in_any_order_ends_with_the_newest(there):
    shop = Beside(there)
    for count in (7, 3, 5):
        there.put(shop.variant.sku, count)
    told, ends = list(there.told), []
    for order in permutations(range(3)):
        WebhookEvent.objects.all().delete()
        there.told = [copy.deepcopy(told[k]) for k in (*order, order[0])]
        shop.listen()
        ends.append(shop.stock())
        assert WebhookEvent.objects.count() == 3
    assert ends == [5] * 6


def test_what_shoppers_hold_here_is_never_gone_below(there):
    shop = Beside(there)
    cart = carts.new()
    shop.variant.refresh_from_db()
    carts.add(cart, shop.variant, 4)
    buyer = checkout.Buyer("a@people.example", "A", "Canal 1", "3511 AB", "Utrecht", "NL")
    key = checkout.key_for(cart)
    checkout.place(
        cart, buyer, checkout_key=key, total=4 * 3450, referral={}, at=timezone.now()
    )  # fmt: skip
    there.put(shop.variant.sku, 1)
    shop.listen()
    assert Variant.objects.values_list("stock", "reserved").get() == (4, 4)


def test_a_word_from_before_our_sale_got_there_does_not_bring_it_back(there):
    """10 there, 3 sold here: an old or unknowing word of 10 is 7, before the push and after."""
    shop = Beside(there)
    there.put(shop.variant.sku, 10)  # said before the sale, delivered after
    unknowing = there.told.pop()
    shop.order(3)
    there.told.append(unknowing)
    shop.listen()
    assert shop.stock() == 7
    stocklevels.read(shop.room, timezone.now())
    assert shop.stock() == 7
    shop.push()
    changed = there.told.pop()
    WebhookEvent.objects.all().delete()
    there.told.append(unknowing)
    shop.listen()
    assert shop.stock() == 7
    there.told.append(changed)
    shop.listen()
    assert (shop.stock(), there.count(shop.variant.sku)) == (7, 7)
    there.put(shop.variant.sku, 20)
    shop.listen()
    assert shop.stock() == 20
    stocklevels.read(shop.room, timezone.now() + timedelta(seconds=1))
    assert shop.stock() == 20


def test_a_late_message_makes_nothing_fresher_than_it_is(there):
    shop = Beside(there)
    Stocked.objects.update(seen_at=timezone.now() - timedelta(days=3))
    Stocked.objects.update(levels={key: [9, "", True] for key in Stocked.objects.get().levels})
    there.now = timezone.now() - timedelta(hours=30)
    there.put(shop.variant.sku, 6)
    shop.listen()
    shop.variant.refresh_from_db()
    assert shop.stock() == 6
    assert not stocklevels.is_fresh(shop.variant, timezone.now())


def test_only_the_shops_own_signature_moves_stock(there):
    shop, other = Beside(there), make_variant()
    there.put(shop.variant.sku, 1)
    answers = there.deliver(shop.room, secret="x" * 20)
    assert [answer.status_code for answer in answers] == [401]
    assert (shop.stock(), WebhookEvent.objects.filter(outcome="").count()) == (10, 0)
    there.put(other.sku, 1, **({"item": "92"} if there.PROVIDER == "shopify" else {"pk": 92}))
    shop.listen()
    stocklevels.read(shop.room, timezone.now())
    other.refresh_from_db()
    assert other.stock == 10  # another brand's, whatever its SKU


def test_what_the_shop_has_no_more_is_sold_out(there):
    shop = Beside(there)
    for name in ("items", "products"):
        getattr(there, name, {}).clear()
    stocklevels.read(shop.room, timezone.now() + timedelta(seconds=5))
    assert shop.stock() == 0


def test_messages_of_stock_are_kept_for_a_month(there):
    shop = Beside(there)
    told = WebhookEvent.objects.count()
    assert told
    WebhookEvent.objects.create(
        gateway=there.PROVIDER, external_id="x", kind="orders/paid", about="1", body={},
        integration=shop.room.integration, body_sha256="", outcome="applied",
    )  # fmt: skip
    now = timezone.now()
    assert stocklevels.forget(shop.room, now + timedelta(days=29)) == 0
    assert stocklevels.forget(shop.room, now + timedelta(days=31)) == told
    assert WebhookEvent.objects.get().kind == "orders/paid"


def test_places_are_added_up_and_those_that_serve_no_web_orders_left_out(store):
    shop = Beside(store)
    store.places["13"] = True
    store.put(shop.variant.sku, 4, place="13")
    store.put(shop.variant.sku, 50, place="12")
    shop.listen()  # places that we do not know yet: the stock is to be read
    assert shop.fresh_room().next_read_at < timezone.now() + timedelta(minutes=2)
    stocklevels.read(shop.room, timezone.now())
    assert shop.stock() == 14
    store.put(shop.variant.sku, 60, place="12")
    store.put(shop.variant.sku, 1, place="13")
    shop.listen()
    assert shop.stock() == 11


def test_reading_goes_on_where_it_was_left(store):
    shop = Beside(store)
    more = [make_variant(brand=shop.brand, stock=0, sells_at="beside") for _n in range(4)]
    for n, variant in enumerate(more):
        store.put(variant.sku, n + 1, item=str(92 + n))
    now = timezone.now() + timedelta(seconds=1)
    rounds = 0
    while stocklevels.read(shop.room, now, seconds=0) is not None:
        rounds += 1
        if not shop.fresh_room().cursor:
            break
    assert rounds == 3  # two at a time
    assert sorted(Variant.objects.values_list("stock", flat=True)) == [1, 2, 3, 4, 10]
    store.fails.append(500)
    stocklevels.read(shop.room, now)
    assert shop.fresh_room().next_read_at == now + timedelta(minutes=5)


def test_what_is_not_counted_there_is_not_counted_here(store):
    shop = Beside(store)
    store.items["91"]["tracked"] = False
    stocklevels.read(shop.room, timezone.now())
    assert shop.stock() is None
    shop.order(30)
    assert shop.push() == 1


def test_woocommerce_variations_are_read_with_their_product(settings):
    with running(WooCommerce) as there:
        settings.PRIVATE_PICTURES_FROM = there.url
        shop = Beside(there)
        there.products[95] = {
            "id": 95, "type": "variable", "sku": "", "manage_stock": True, "stock_quantity": 6,
            "stock_status": "instock", "date_modified_gmt": there.tick().removesuffix("Z"),
            "kept": [
                {"id": 96, "sku": "red", "manage_stock": True, "stock_quantity": 2},
                {"id": 97, "sku": "blue", "manage_stock": "parent", "stock_quantity": 6},
                {"id": 98, "sku": "grey", "manage_stock": False, "stock_status": "outofstock"},
            ],
        }  # fmt: skip
        made = {}
        for sku in ("red", "blue", "grey"):
            made[sku] = make_variant(brand=shop.brand, stock=0, sells_at="beside")
            Variant.objects.filter(pk=made[sku].pk).update(sku=sku)
        stocklevels.read(shop.room, timezone.now())
        found = dict(Variant.objects.filter(sku__in=made).values_list("sku", "stock"))
        assert found == {"red": 2, "blue": 6, "grey": 0}
        there.told.append(
            ("product.updated", {k: v for k, v in there.products[95].items() if k != "kept"})
        )
        shop.listen()
        assert shop.fresh_room().next_read_at < timezone.now() + timedelta(minutes=2)


def test_variations_of_a_slow_shop_are_read_a_sheet_at_a_time(settings):
    with running(WooCommerce) as there:
        settings.PRIVATE_PICTURES_FROM = there.url
        shop = Beside(there)
        last = make_variant(brand=shop.brand, stock=0, sells_at="beside")
        facts = {"type": "variable", "sku": "", "date_modified_gmt": "2026-11-01T00:00:00"}
        for pk in (95, 96):
            kept = [
                {"id": pk * 1_000 + n, "sku": f"{pk}-{n}", "manage_stock": False}
                for n in range(201)
            ]
            there.products[pk] = {"id": pk, "kept": kept} | facts
        kept[-1] |= {"sku": last.sku, "manage_stock": True, "stock_quantity": 7}
        there.asked.clear()
        cursors, at = [], timezone.now()
        for n in range(20):
            if n == 4:  # what was read before it is not read again
                there.fails += [None, 500]
            stocklevels.read(shop.room, at, seconds=0)
            cursors.append(shop.fresh_room().cursor)
            if not cursors[-1]:
                break
        assert cursors == [
            "1/95/1", "1/95/2", "1/95/3", "1/96/1", "1/96/1", "1/96/2", "1/96/3", "",
        ]  # fmt: skip
        assert len(there.asked) == 8 + 7
        last.refresh_from_db()
        assert last.stock == 7


@pytest.mark.parametrize(
    ("reader", "topic", "body"),
    [
        (shopify, "inventory_levels/update", b'{"inventory_item_id": 1, "location_id": 2, "available": 1}'),
        (shopify, "inventory_levels/update", b'{"id": 1, "line_items": []}'),
        (shopify, "inventory_levels/update",
         b'{"inventory_item_id": 1, "location_id": 2, "available": "9", "updated_at": "2026-11-01T00:00:00Z"}'),
        (shopify, "products/update", b'{"id": 1, "line_items": [], "variants": []}'),
        (shopify, "products/update", b'{"id": 1, "variants": [{"id": 1}]}'),
        (woocommerce, "product.updated", b'{"id": 1, "line_items": []}'),
        (woocommerce, "product.updated", b'{"id": null, "stock_status": "instock"}'),
    ],
)  # fmt: skip
def test_what_is_no_stock_is_refused(reader, topic, body):
    name = {shopify: "X-Shopify-Topic", woocommerce: "X-WC-Webhook-Topic"}[reader]
    with pytest.raises(BadBody):
        reader.parse({name: topic}, body, "EUR")


def test_a_shopify_product_tells_of_its_variants(store):
    shop = Beside(store)
    at = store.tick()
    body = {
        "id": 1, "title": "Mug", "updated_at": at,
        "variants": [{"id": 791, "sku": shop.variant.sku, "inventory_item_id": 91, "updated_at": at,
                      "inventory_management": "shopify", "inventory_quantity": 2}],
    }  # fmt: skip
    assert store.send(shop.room, "products/update", body).status_code == 200
    ownorders.apply_waiting(timezone.now())
    assert shop.stock() == 2


def test_a_feed_does_not_change_what_a_shop_tells(store, tmp_path):
    from shop.feeds import importer
    from tests.shop.test_feeds import HEADER

    shop = Beside(store)
    product = shop.variant.product
    product.external_id = "mug"
    product.save()
    path = tmp_path / "feed.csv"
    text = HEADER + f"mug,Mug,,,,{shop.variant.sku},5,shopify,99,\nnew,New,,,,new,5,shopify,99,\n"
    path.write_text(text)
    run = importer.import_file(importer.start(shop.brand, name="a"), path, at=timezone.now())
    assert run.state == "done", run.error
    assert shop.stock() == 10
    fresh = shop.brand.products.get(external_id="new")
    assert (fresh.sells_at, fresh.in_stock) == ("beside", False)


def test_shops_are_asked_in_the_queue_of_slow_tasks_and_within_its_places(store, settings):
    for name in ("push_orders", "read_stock", "test_stockroom"):
        assert schedule.ROUTES[f"shop.tasks.{name}"] == {"queue": schedule.CATALOGUES}
    shop, at, settings.CATALOGUES_AT_ONCE = Beside(store), timezone.now(), 1
    shop.order()
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        for key in (tasks.READERS, tasks.PUSHING):
            other.execute("select pg_advisory_lock(%s, 0)", [key])
        store.asked.clear()
        assert (tasks.read_stock(shop.room.pk), tasks.push_orders(), store.asked) == (0, 0, [])
    assert shop.fresh_room().next_read_at <= at + timedelta(minutes=2)
    assert (tasks.push_orders(), tasks.read_stock(shop.room.pk)) == (1, 1)
