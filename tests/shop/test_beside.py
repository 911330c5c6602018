"""Selling here from the stock of a brand's own shop: proven first, sold while it is known."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from affiliates import links
from shop import beside, checkout, integrations, ownorders, stock, stocklevels, tasks
from shop import cart as carts
from shop.models import Integration, Membership, Order, OrderPush, Product, Stocked, Stockroom
from tests.affiliates.factories import make_collaboration, sign_in
from tests.affiliates.test_links import enrolled
from tests.shop.beside import Beside
from tests.shop.factories import make_brand, make_user, make_variant
from tests.shop.stock_shops import Shopify, WooCommerce, running

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)


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


def put_in_bag(variant):
    variant.refresh_from_db()
    carts.add(carts.new(), variant, 1)


# ------------------------------------------------------------------ proven


def test_it_is_green_after_a_test_order_and_a_word_of_stock(there):
    shop = Beside(there, green=False)
    with pytest.raises(carts.CannotAdd):
        put_in_bag(shop.variant)
    assert not beside.test(shop.room, "1", timezone.now())
    room = shop.fresh_room()
    assert (bool(room.tested_at), bool(room.read_at), room.told_at, room.green_at) == (
        True, True, None, None,
    )  # fmt: skip
    assert [row[2] for row in there.made(f"TH-TEST-{room.pk}-1")] == [True]  # and cancelled
    with pytest.raises(carts.CannotAdd):
        put_in_bag(shop.variant)
    assert set(shop.listen()) == {200}
    assert shop.fresh_room().green_at
    assert (shop.stock(), there.count(shop.variant.sku)) == (10, 10)
    put_in_bag(shop.variant)
    assert Product.objects.get().in_stock


def test_the_same_test_twice_makes_one_order(there):
    shop = Beside(there, green=False)
    for _n in range(2):
        beside.test(shop.room, "1", timezone.now())
    assert (len(there.orders), len(there.hooks)) == (1, 4 if there.PROVIDER == "shopify" else 1)


@pytest.mark.parametrize(
    ("fails", "note"),
    [([401] * 3, "keys"), ([500] * 3, "answered: 500"), ([302] * 3, "answered: 302"),
     (["lost"] * 3, "no_answer")],
)  # fmt: skip
def test_what_goes_wrong_is_told_and_nothing_is_green(there, fails, note):
    shop = Beside(there, green=False)
    there.fails += fails
    assert not beside.test(shop.room, "1", timezone.now())
    assert (shop.fresh_room().problem, shop.room.tested_at) == (note, None)


def test_without_a_sku_in_common_there_is_nothing_to_test(there):
    shop = Beside(there, green=False)
    shop.variant.sku = "other"
    shop.variant.save()
    assert not beside.test(shop.room, "1", timezone.now())
    assert shop.fresh_room().problem == "no_match"


def test_no_link_before_it_is_proven(shopify):
    shop = Beside(shopify, green=False)
    make_collaboration(shop.brand)
    creator = enrolled()
    product = shop.variant.product
    with pytest.raises(links.ShopUntested):
        links.take(creator, product, platform="tiktok", at=timezone.now())
    beside.test(shop.room, "1", timezone.now())
    shop.listen()
    link = links.take(creator, product, platform="tiktok", at=timezone.now())
    assert link.destination.startswith("/shop/")


# ------------------------------------------------------------------ never from old stock


def test_stock_that_is_a_day_old_is_not_sold(shopify, client):
    shop = Beside(shopify)
    now = timezone.now()
    cart = carts.new()
    shop.variant.refresh_from_db()
    carts.add(cart, shop.variant, 1)
    Stocked.objects.update(seen_at=now - DAY)
    Product.objects.update(in_stock=True)
    page = client.get(shop.variant.product.get_absolute_url()).content.decode()
    assert "has not told us for a day how many are left" in page
    assert "Put in my bag" not in page
    with pytest.raises(carts.CannotAdd, match="has not told us for a day"):
        put_in_bag(shop.variant)
    key = checkout.key_for(cart)
    buyer = checkout.Buyer("a@people.example", "A", "Canal 1", "3511 AB", "Utrecht", "NL")
    facts = {"checkout_key": key, "total": 3450, "referral": {}, "at": now}
    with pytest.raises(checkout.CannotSell):
        checkout.place(cart, buyer, **facts)
    assert stocklevels.hide_stale(now) == 1
    assert not Product.objects.get().in_stock
    Stocked.objects.update(seen_at=now - DAY + timedelta(minutes=1))
    assert checkout.place(cart, buyer, **facts).status == "pending"


def test_the_last_gate_is_the_statement_that_takes_the_stock(shopify):
    from shop import stock

    shop = Beside(shopify)
    now = timezone.now()
    Stocked.objects.update(seen_at=now - DAY)
    with pytest.raises(stock.SoldOut):
        stock.reserve({shop.variant.pk: 1}, now)
    Stocked.objects.update(seen_at=now)
    Integration.objects.update(state="off")
    with pytest.raises(stock.SoldOut):
        stock.reserve({shop.variant.pk: 1}, now)
    Integration.objects.update(state="new")
    stock.reserve({shop.variant.pk: 1}, now)
    plain = make_variant(stock=1)
    stock.reserve({plain.pk: 1}, now)


def test_reading_it_again_keeps_a_quiet_shop_on_sale(there):
    shop = Beside(there)
    later = timezone.now() + DAY + timedelta(minutes=1)
    shop.variant.refresh_from_db()
    assert not stocklevels.is_fresh(shop.variant, later)
    assert stocklevels.claim(later) == [shop.room.pk]
    assert stocklevels.claim(later) == []  # nobody else takes it meanwhile
    stocklevels.read(shop.room, later)
    shop.variant.refresh_from_db()
    assert stocklevels.is_fresh(shop.variant, later)
    assert shop.fresh_room().next_read_at == later + timedelta(hours=4)


def test_a_new_product_is_looked_for_within_a_minute(shopify, client):
    shop = Beside(shopify)
    page = signed_in(client, shop.brand).replace("integrations", "products")
    far = timezone.now() + DAY
    Stockroom.objects.update(next_read_at=far)
    facts = {
        "title": "Jug", "category": shop.brand.category_id, "tax_class": "standard",
        "withdrawal": "yes", "sells_at": "beside", "detail_manufacturer": "Mill",
        "variants-TOTAL_FORMS": "1", "variants-INITIAL_FORMS": "0", "variants-0-sku": "jug",
        "variants-0-price": "12.00", "variants-0-stock": "4", "images-TOTAL_FORMS": "0",
        "images-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert client.post(f"{page}new/", facts).status_code == 302
    assert shop.fresh_room().next_read_at < timezone.now() + timedelta(minutes=2)
    assert not Product.objects.get(title="Jug").in_stock


# ------------------------------------------------------------------ keys


def test_keys_are_sealed_changed_and_forgotten(there):
    shop = Beside(there)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key_secret, token FROM shop_stockroom")
        assert not set(cursor.fetchone()) & {there.KEYS[1], shop.room.token or None}
    now = timezone.now()
    there.KEYS = (there.KEYS[0], there.KEYS[1][:-4] + "beef")
    stocklevels.read(shop.room, now)
    Stockroom.objects.update(token="", token_until=None)
    stocklevels.read(shop.room, now)
    assert shop.fresh_room().problem == "keys"
    again = beside.connect(shop.brand, there.PROVIDER, there.url, *there.KEYS, at=now)
    assert (again.pk, bool(again.green_at)) == (shop.room.pk, True)
    stocklevels.read(again, now)
    assert shop.fresh_room().problem == ""
    beside.disconnect(shop.room, now)
    room = shop.fresh_room()
    assert (room.key, room.key_secret, room.token, room.green_at) == ("", "", "", None)
    with pytest.raises(carts.CannotAdd):
        put_in_bag(shop.variant)
    assert beside.keep_here(shop.brand)
    with pytest.raises(carts.CannotAdd):
        put_in_bag(shop.variant)  # not before it was brought along
    assert beside.left_behind() == [shop.brand.pk]
    assert tasks.move_products(shop.brand.pk) and not beside.left_behind()
    shop.brand.refresh_from_db()
    assert (shop.brand.sells_at, Product.objects.get().sells_at) == ("here", "here")
    put_in_bag(shop.variant)


def test_a_brand_that_sold_here_sells_from_there_once_it_is_proven(shopify):
    brand = make_brand(owner=make_user())
    variant = make_variant(brand=brand, stock=3)
    put_in_bag(variant)
    shopify.put(variant.sku, 7)
    beside.connect(brand, "shopify", shopify.url, *shopify.KEYS, at=timezone.now())
    brand.refresh_from_db()
    assert brand.sells_at == "beside"
    variant = type(variant).objects.get()
    with pytest.raises(carts.CannotAdd):
        put_in_bag(variant)
    assert not beside.keep_here(brand)  # not while a shop is connected


def test_a_large_catalogue_is_brought_along_in_batches_and_sells_nothing_wrong(
    shopify, monkeypatch
):
    monkeypatch.setattr(beside, "AT_ONCE", 1)
    brand = make_brand(owner=make_user())
    first, last = (make_variant(brand=brand, stock=3) for _n in range(2))
    shopify.put(first.sku, 7)
    room = beside.connect(brand, "shopify", shopify.url, *shopify.KEYS, at=timezone.now())
    assert not beside.follow(brand.pk, seconds=0)
    ways = Product.objects.order_by("pk").values_list("sells_at", flat=True)
    assert list(ways) == ["beside", "here"]
    for variant in (first, last):
        with pytest.raises(stock.SoldOut):
            stock.reserve({variant.pk: 1}, timezone.now())
    beside.test(room, "1", timezone.now())
    Stockroom.objects.update(told_at=timezone.now())
    assert not beside.look(room, timezone.now())  # not all is brought along
    tasks.read_stock(room.pk)
    assert (list(ways.all()), bool(Stockroom.objects.get().green_at)) == (["beside"] * 2, True)
    stock.reserve({first.pk: 1}, timezone.now())


# ------------------------------------------------------------------ the page


def signed_in(client, brand, role="owner"):
    user = make_user()
    Membership.objects.create(user=user, brand=brand, role=role)
    sign_in(client, user, second_factor=False)
    return f"/brand/{brand.slug}/integrations/"


FACTS = {"provider": "shopify", "address": "https://Mill.myshopify.com/admin/",
         "key": "c1" * 16, "key_secret": "shpss_" + "0a" * 16}  # fmt: skip


def test_an_owner_connects_a_shop_and_its_secret_is_never_shown(client):
    brand = make_brand()
    page = signed_in(client, brand)
    assert client.get(page).status_code == 200
    shown = client.post(f"{page}stock/", FACTS, follow=True).content.decode()
    room = Stockroom.objects.get()
    assert room.address == "https://mill.myshopify.com"
    assert (room.key_secret, room.integration.secret) == (FACTS["key_secret"],) * 2
    assert FACTS["key_secret"] not in shown
    assert "not proven yet" in shown
    for what in ("stock/test/", "stock/off/"):
        assert client.post(f"{page}{room.integration_id}/{what}").status_code == 302
    assert "Keep the stock here" in client.get(page).content.decode()
    client.post(f"{page}stock/here/")
    brand.refresh_from_db()
    assert brand.sells_at == "here"


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "https://mill.myshopify.com.evil.example", "mill.myshopify.com:8443",
     "https://a@mill.myshopify.com", "https://evil.example/mill.myshopify.com", "http://[", "",
     "https://127.0.0.1", "https://mill.example/../x?y", "ftp://mill.example"],
)  # fmt: skip
def test_keys_go_to_a_shop_and_nowhere_else(client, address):
    page = signed_in(client, make_brand())
    woo = {"key": "ck_" + "1f" * 20, "key_secret": "cs_" + "2e" * 20}
    answer = client.post(f"{page}stock/", FACTS | {"address": address})
    assert answer.status_code == 422
    assert FACTS["key_secret"] not in answer.content.decode()
    if "evil" not in address and "myshopify" not in address:
        facts = FACTS | woo | {"provider": "woocommerce", "address": address}
        assert client.post(f"{page}stock/", facts).status_code == 422
    assert not Stockroom.objects.exists()


def test_our_own_network_is_never_asked(settings):
    settings.PRIVATE_PICTURES_FROM = ""
    with running(WooCommerce) as there:
        brand = make_brand()
        room = beside.connect(brand, "woocommerce", there.url, *there.KEYS, at=timezone.now())
        stocklevels.read(room, timezone.now())
        assert there.asked == []
        room.refresh_from_db()
        assert room.problem == "no_answer"


def test_a_member_tests_and_pushes_but_touches_no_keys_and_nobody_elses(client, shopify):
    shop = Beside(shopify)
    order = shop.order()
    push = OrderPush.objects.get()
    OrderPush.objects.update(state="dead", problem="keys")
    page = signed_in(client, shop.brand, "member")
    shown = client.get(page).content.decode()
    assert order.number in shown and "Put in new ones" in shown
    pk = shop.room.integration_id
    for what in (f"{pk}/stock/off/", "stock/", "stock/here/"):
        assert client.post(f"{page}{what}").status_code == 403
    assert client.post(f"{page}{pk}/stock/test/").status_code == 302
    assert client.post(f"{page}pushes/{push.pk}/again/").status_code == 302
    push.refresh_from_db()
    assert push.state == "waiting"
    other = signed_in(client, make_brand())
    for what in (f"{pk}/stock/test/", f"{pk}/stock/off/", f"pushes/{push.pk}/again/"):
        assert client.post(f"{other}{what}").status_code == 404


def test_the_page_asks_the_same_number_of_questions(client, shopify, django_assert_max_num_queries):
    shop = Beside(shopify)
    for _n in range(3):
        shop.order()
    page = signed_in(client, shop.brand)
    with django_assert_max_num_queries(12):
        assert client.get(page).content.decode().count("the sale") == 3


def test_a_new_brand_is_led_to_its_shop_first(client):
    user = make_user()
    sign_in(client, user, second_factor=False)
    facts = {
        "name": "Mill", "sells_at": "beside", "currency": "EUR", "legal_name": "Mill V.O.F.",
        "address": "Mill Road 1", "postal_code": "1500 AA", "city": "Zaandam", "country": "NL",
        "email": "mill@brands.example", "phone": "075 612 34 56", "register_number": "12345678", "tax_class": "standard",
        "made_by": "itself", "certified": "on", "terms": "on",
    }  # fmt: skip
    answer = client.post("/brands/join/", facts, follow=True)
    assert answer.redirect_chain[-1][0] == "/brand/mill/integrations/"
    assert "Connect and test" in answer.content.decode()
    form = client.get("/brand/mill/products/new/").content.decode()
    assert ('value="beside"' in form, 'value="here"' in form) == (True, False)


def test_a_shop_of_its_own_and_one_with_stock_have_one_address(shopify):
    """What we pushed there and comes back as an order of theirs is sold once."""
    shop = Beside(shopify)
    order = shop.order()
    shop.push()
    there = next(one for one in shopify.orders.values() if order.number in one["input"]["tags"])
    body = {
        "id": int(there["id"]), "currency": "EUR", "financial_status": "paid", "taxes_included": True,
        "created_at": shopify.tick(), "updated_at": shopify.tick(), "total_price": "34.50",
        "source_identifier": order.number,
        "line_items": [{"id": 1, "sku": shop.variant.sku, "title": "Mug", "quantity": 1,
                        "price": "34.50", "tax_lines": []}],
    }  # fmt: skip
    shopify.send(shop.room, "orders/paid", body)
    ownorders.apply_waiting(timezone.now())
    event = shop.room.integration.events.get(kind="orders/paid")
    assert (event.outcome, event.note, Order.objects.count()) == ("ignored", "ours", 1)
    shopify.send(shop.room, "orders/paid", body | {"id": 77})  # our number on another order
    ownorders.apply_waiting(timezone.now())
    assert Order.objects.count() == 2
    assert integrations.untested([shop.variant.product]) == set()
