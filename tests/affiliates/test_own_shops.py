"""Brands' own shops: signed messages become orders, whatever their order, and only of that brand."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from affiliates import codes, funding, links, settlement, shopletters
from affiliates.models import Attribution, Commission, LedgerEntry
from shop import integrations, ownorders, ownsales, ownshops
from shop.models import (
    BrandOrder,
    Integration,
    Membership,
    Order,
    OrderLine,
    Product,
    Variant,
    WebhookEvent,
)
from tests.affiliates.factories import make_user, make_variant
from tests.affiliates.own_shops import NOW, Shop, ended, paid, refund, sample, shipped, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


# ------------------------------------------------------------------ an order


def test_a_paid_order_credits_the_creator_and_posts_no_sale_to_the_ledger():
    shop = Shop()
    landing = f"/mug?utm_source=thousand&thousand={shop.click()}"
    assert told(shop.send("orders/paid", paid(landing_site=landing))) == (200, "applied", "")
    order = Order.objects.get()
    assert (order.own_shop, order.status, order.currency) == (True, "paid", "EUR")
    assert (order.name, order.address, order.phone) == ("", "", "")
    sale = Commission.objects.get()
    assert (sale.creator, sale.base, sale.amount) == (shop.creator, 2851, 285)
    assert order.payments.get().external
    kinds = set(LedgerEntry.objects.values_list("kind", flat=True))
    assert kinds <= {"fee", "fee_vat"}
    touch = Attribution.objects.get().touches[0]
    assert (touch["via"], touch["excluded_by"]) == ("landing", None)


@pytest.mark.parametrize(
    ("facts", "via"),
    [
        ({"discount_codes": [{"code": "noor-10"}], "landing_site": "/mug?thousand={a}"}, "creator_code"),
        ({"discount_codes": [{"code": "NOOR10"}],
          "landing_site": "/discount/NOOR10?redirect=/mug&thousand={a}"}, "discount_link"),
        ({"landing_site": "/discount/NOOR10?thousand={a}",
          "note_attributes": [{"name": "thousand", "value": "{b}"}]}, "landing"),
        ({"landing_site": "/mug", "note_attributes": [{"name": "thousand", "value": "{b}"}]}, "cart"),
    ],
)  # fmt: skip
def test_what_matched_goes_in_this_order_and_is_on_the_receipt(facts, via):
    shop = Shop()
    codes.choose(shop.creator, "NOOR10")
    older, newer = shop.click(), shop.click()
    facts = json.loads(json.dumps(facts).replace("{a}", older).replace("{b}", newer))
    shop.send("orders/paid", paid(**facts))
    row = Attribution.objects.get()
    assert [t["via"] for t in row.touches if t["excluded_by"] is None] == [via]
    assert row.creator == shop.creator


def test_a_click_that_we_did_not_sign_and_one_of_another_brand_earn_nothing():
    shop, other = Shop(), Shop()
    forged = shop.click()[:-2] + "xx"
    shop.send("orders/paid", paid(1, landing_site=f"/?thousand={forged}"))
    shop.send("orders/paid", paid(2, landing_site=f"/?thousand={other.click()}"))
    assert (Order.objects.count(), Commission.objects.count()) == (2, 0)


def test_lines_that_are_not_the_brands_are_left_out_and_said():
    shop = Shop()
    body = paid(total="44.50")
    body["line_items"].append(
        {"id": 12, "sku": "OTHER", "title": "Jar", "quantity": 1, "price": "10.00",
         "discount_allocations": [], "tax_lines": []}
    )  # fmt: skip
    assert told(shop.send("orders/paid", body)) == (
        200, "applied", "Left out, no product of yours here: OTHER."
    )  # fmt: skip
    assert [line.gross for line in OrderLine.objects.all()] == [3450]
    shop.variant.pk, shop.variant.sku = None, "OTHER"
    shop.variant.save()
    ownorders.replay(WebhookEvent.objects.get())
    assert sorted(OrderLine.objects.values_list("gross", flat=True)) == [1000, 3450]
    assert WebhookEvent.objects.get().note == ""


def test_an_id_of_the_product_matches_where_there_is_no_sku():
    shop, body = Shop(), paid()
    body["line_items"][0] |= {"sku": None, "product_id": 632910392, "variant_id": 39072856}
    shop.send("orders/paid", body)
    assert OrderLine.objects.get().variant == shop.variant


def named(shop, sku):
    """Give the shop's product, and a second variant of it, what a catalogue without SKUs has."""
    product = shop.variant.product
    product.external_id, product.title = "mug", "Mug"
    product.save()
    small, large = (sku.format(word) for word in ("S", "L"))
    Variant.objects.filter(pk=shop.variant.pk).update(sku=small, options=[["Size", "S"]])
    Variant.objects.create(
        product=product, brand=shop.brand, sku=large, options=[["Size", "L"]], price=3450
    )
    return large


@pytest.mark.parametrize(
    ("provider", "sku", "line"),
    [
        # Shopify's CSV: the handle and the options; its Merchant feed: ids with a country
        ("shopify", "mug/{}", {"variant_title": "L", "variant_id": 8, "product_id": 7}),
        ("shopify", "shopify_NL_7_{}", {"variant_id": "L", "product_id": 7, "title": "Mok"}),
        ("woocommerce", "id:{}", {"variation_id": "L", "product_id": 7, "name": "Mug"}),
    ],
)
def test_a_catalogue_without_skus_is_matched_too(provider, sku, line):
    shop = Shop(provider)
    large = named(shop, sku)
    if provider == "shopify":
        body = paid()
        body["line_items"][0] |= {"sku": None} | line
        shop.send("orders/paid", body)
    else:
        body = sample("woocommerce_order")
        body["line_items"] = [body["line_items"][0] | {"sku": ""} | line]
        shop.send("order.updated", body)
    assert OrderLine.objects.get().variant.sku == large


def test_a_name_that_two_products_have_matches_none():
    shop = Shop()
    named(shop, "mug/{}")
    other = make_variant(shop.brand)
    Product.objects.filter(pk=other.product_id).update(title="Mug")
    Variant.objects.filter(pk=other.pk).update(options=[["Size", "L"]])
    body = paid()
    body["line_items"][0] |= {"sku": None, "variant_title": "L"}
    assert told(shop.send("orders/paid", body))[1] == "refused"
    body["line_items"][0] |= {"sku": "OTHER", "variant_title": "S"}
    assert told(shop.send("orders/paid", body | {"id": 1002}))[1] == "refused"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"currency": "USD"}, "The order is in USD, MUG is sold in EUR."),
        ({"total_price": "3.45"}, "The lines add up to 34.50, more than the total of 3.45."),
        ({"currency": "XXX"}, "It could not be read: the currency “XXX” is not one that we know."),
    ],
)
def test_amounts_and_currency_are_compared(facts, why):
    shop = Shop()
    assert told(shop.send("orders/paid", paid(**facts))) == (200, "refused", why)
    assert not Order.objects.exists()


# ------------------------------------------------------------------ who may


def test_a_secret_moves_its_own_brand_and_no_other():
    shop, other = Shop(), Shop()
    theirs = shop.send("orders/paid", paid(), secret=other.row.secret)
    unsigned = shop.send("orders/paid", paid(), secret="")
    wrong = Client().post(f"/hooks/woocommerce/{shop.row.pk}/", b"{}", content_type="text/plain")
    assert [theirs.status_code, unsigned.status_code, wrong.status_code] == [401, 401, 404]
    assert not WebhookEvent.objects.exists()
    shop.row.refresh_from_db()
    assert shop.row.refused_at is not None
    other.send("orders/paid", paid())  # B's secret at B's address, with A's SKU
    assert OrderLine.objects.get().variant == other.variant


def test_the_old_secret_is_believed_for_a_day():
    shop = Shop()
    old = shop.row.secret
    integrations.rotate(shop.row, NOW)
    shop.row.refresh_from_db()
    body, day = b"{}", timedelta(hours=24)
    signature = integrations.sign(old, body)
    assert integrations.is_signed(shop.row, body, signature, NOW + day - timedelta(seconds=1))
    assert not integrations.is_signed(shop.row, body, signature, NOW + day)
    assert shop.row.secret != old
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, old_secret FROM shop_integration")
        assert not {old, shop.row.secret} & set(cursor.fetchone())


def test_removing_the_app_switches_it_off_and_on_again_what_came_meanwhile_is_applied():
    shop = Shop()
    shop.send("app/uninstalled", {"id": 1, "myshopify_domain": "mill.myshopify.com"})
    assert Integration.objects.get().state == "off"
    assert told(shop.send("orders/paid", paid()))[1:] == (
        "ignored",
        "The shop is switched off here.",
    )
    with pytest.raises(links.ShopUntested):
        shop.link()
    integrations.switch(shop.row, on=True, at=NOW)
    assert Integration.objects.get().state == "tested"
    row = ownorders.replay(WebhookEvent.objects.get(kind="orders/paid"))
    assert (row.outcome, Order.objects.count()) == ("applied", 1)


# ------------------------------------------------------------------ green


def test_no_link_before_a_test_order_came_the_whole_way():
    shop = Shop(tested=False)
    with pytest.raises(links.ShopUntested):
        shop.link()
    shop.send("orders/paid", paid(1))  # an order, but it did not come by the test address
    shop.send("orders/paid", sample("shopify_test_notification"))
    assert Integration.objects.get().state == "new"
    address = integrations.test_address(shop.row)
    assert address.startswith("https://mill.example/mug?thousand=test")
    answer = shop.send("orders/paid", paid(2, landing_site=address, test=True))
    assert "links may be taken" in told(answer)[2]
    assert (Integration.objects.get().state, Order.objects.count()) == ("tested", 1)
    assert shop.link().destination.startswith("https://mill.example/mug?utm_source=thousand")


def test_the_market_says_why_there_is_no_link_yet(client):
    shop = Shop(tested=False)
    client.force_login(shop.creator.user)
    why, button = "Links open when it has.", "Get link"
    page = client.get("/creator/market/").content.decode()
    assert (why in page, button in page) == (True, False)
    facts = {"product": shop.variant.product_id, "platform": "tiktok"}
    answer = client.post("/creator/market/take/", facts, headers={"hx-request": "true"})
    assert (answer.status_code, why in answer.content.decode()) == (422, True)
    integrations.turn_green(shop.row, NOW)
    page = client.get("/creator/market/").content.decode()
    assert (why in page, button in page) == (False, True)


def test_a_link_says_when_its_shop_last_told_and_that_it_tells_no_more(
    client, django_assert_max_num_queries
):
    shop = Shop()
    page = f"/creator/links/{shop.link().pk}/"
    client.force_login(shop.creator.user)
    silent, told_last = "tells us of no sales now", "last told us of an order on"
    text = client.get(page).content.decode()
    assert (silent in text, told_last in text) == (False, False)
    shop.send("orders/paid", paid())
    with django_assert_max_num_queries(12):
        text = client.get(page).content.decode()
    assert (silent in text, told_last in text) == (False, True)
    integrations.switch(shop.row, on=False, at=NOW)
    text = client.get(page).content.decode()
    assert (silent in text, told_last in text) == (True, False)


def test_creators_and_the_brand_are_told_once_of_a_shop_that_is_off():
    shop, other = Shop(), Shop()
    link, hour = shop.link(), timedelta(hours=1)
    other.link()
    Membership.objects.create(user=make_user(), brand=shop.brand, role="owner")
    integrations.switch(shop.row, on=False, at=NOW)
    assert shopletters.tell(NOW + hour / 2) == 0  # perhaps it was a mistake
    assert [shopletters.tell(NOW + n * hour) for n in (1, 2)] == [1, 0]
    mine, brands = mail.outbox
    assert mine.to == [shop.creator.user.email] and link.product.title in mine.body
    assert brands.to == [shop.brand.memberships.get().user.email]
    row = Integration.objects.get(pk=shop.row.pk)
    for days, said in ((1, 0), (8, 1)):  # on and off again: once a week
        at = NOW + timedelta(days=days)
        integrations.switch(row, on=True, at=at)
        integrations.switch(row, on=False, at=at)
        assert shopletters.tell(at + hour) == said
    assert len(mail.outbox) == 4


def test_anothers_test_address_turns_nothing_green():
    shop, other = Shop(tested=False), Shop(tested=False)
    shop.send("orders/paid", paid(landing_site=integrations.test_address(other.row)))
    assert not Integration.objects.filter(state="tested").exists()


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/", "http://mill.example/", "https://mill.example.evil.example/",
     "https://evil.example/?https://mill.example", "https://mill.example@evil.example/",
     "https://evilmill.example/", "https://mill.example:8443/", "https://[", "//mill.example/"],
)  # fmt: skip
def test_links_lead_to_the_tested_domain_only(url):
    shop = Shop()
    shop.variant.product.own_shop_url = url
    with pytest.raises(links.ShopUntested):
        shop.link()


# ------------------------------------------------------------------ due, delivered


def test_what_goes_back_counts_until_the_sale_is_due():
    shop = Shop()
    landing = f"/?thousand={shop.click()}"
    for number in (1001, 1002):
        shop.send("orders/paid", paid(number, landing_site=landing))
    due = Commission.objects.first().due_at
    for number, at in ((1001, due - timedelta(seconds=1)), (1002, due)):
        raw = json.dumps(refund(number, of=number)).encode()
        message = ownshops.parse("shopify", {"X-Shopify-Topic": "refunds/create"}, raw, "EUR")
        row = ownorders.receive(shop.row, message, str(number) * 16, at)
        assert (row.note == "too_late") == (number == 1002)
    assert [ended(1001)[1:2], ended(1002)[1:2]] == [(3450,), (0,)]
    assert (ended(1001)[5], ended(1002)[5]) == (0, 285)


def test_without_a_carrier_it_is_delivered_after_the_brands_days():
    shop = Shop()
    shop.send("orders/paid", paid())
    shop.send("fulfillments/create", shipped())
    sent = NOW + timedelta(days=1)
    assert ownsales.assume_delivered(sent + timedelta(days=4) - timedelta(seconds=1)) == 0
    assert ownsales.assume_delivered(sent + timedelta(days=4)) == 1
    assert ended(1001)[4] == sent + timedelta(days=4)
    arrived = sent + timedelta(days=2)
    shop.send("fulfillments/update", shipped(arrived=arrived))
    assert ended(1001)[4] == arrived


def test_a_shop_that_tells_of_the_far_future_keeps_no_commission_back():
    shop = Shop()
    shop.send("orders/paid", paid(landing_site=f"/?thousand={shop.click()}"))
    before = Commission.objects.get().due_at
    far = (NOW + timedelta(days=40_000)).isoformat()
    body = shipped(arrived=NOW + timedelta(days=40_000)) | {"created_at": far}
    shop.send("fulfillments/update", body)
    due = Commission.objects.get().due_at
    assert (due - before).days in (14, 15)  # 45 days, and 15 more
    shop.send("fulfillments/create", shipped() | {"id": 502, "created_at": far})
    assert Commission.objects.get().due_at <= due


def test_the_commission_waits_for_the_brands_balance():
    shop = Shop()
    shop.send("orders/paid", paid(landing_site=f"/?thousand={shop.click()}"))
    due = Commission.objects.get().due_at
    settlement.settle(due + timedelta(days=1, hours=4))
    assert Commission.objects.get().state == "settled"
    assert funding.of(shop.brand).balance < 0
    assert set(funding.waiting_lines(shop.creator.pk).values()) == {shop.brand.name}


# ------------------------------------------------------------------ other shops


def test_woocommerce_order_refund_and_delete():
    shop = Shop("woocommerce")
    body = sample("woocommerce_order")
    body["meta_data"][1]["value"] = f"https://mill.example/?thousand={shop.click()}"
    for field in ("date_created_gmt",):
        body[field] = timezone.now().isoformat()
    assert Client().post(f"/hooks/woocommerce/{shop.row.pk}/", "webhook_id=12",
                         content_type="application/x-www-form-urlencoded").status_code == 200  # fmt: skip
    assert told(shop.send("order.created", body | {"status": "pending"}))[1] == "ignored"
    assert told(shop.send("order.updated", body)) == (200, "applied", "")
    line = OrderLine.objects.get()
    assert (line.gross, line.tax, line.quantity, line.tax_bp) == (6900, 1198, 2, 2101)
    assert Commission.objects.get().amount == 570
    back = body | {"refunds": [{"id": 5, "reason": "", "total": "-37.53"}]}
    shop.send("order.updated", back)
    line.refresh_from_db()
    assert line.refunded_gross == 3450  # its share of goods and shipping
    shop.send("order.deleted", {"id": 963})
    line.refresh_from_db()
    assert line.refunded_gross == 6900


def test_a_plugin_of_woocommerce_tells_that_a_parcel_came():
    shop = Shop("woocommerce")
    now = timezone.now()
    body = sample("woocommerce_order") | {
        "status": "delivered", "date_completed_gmt": None, "date_completed": None,
        "date_created_gmt": now.isoformat(), "date_modified_gmt": now.isoformat(),
    }  # fmt: skip

    assert told(shop.send("order.updated", body)) == (200, "applied", "")

    part = BrandOrder.objects.get()
    assert part.shipped_at and part.delivered_at


def test_the_api_takes_a_key_once():
    shop = Shop("api")
    order = {
        "id": "A-1", "status": "paid", "currency": "EUR", "total": "34.50",
        "lines": [{"id": "1", "sku": "MUG", "quantity": 1, "total": "34.50", "tax": "5.99"}],
        "cart": shop.click(),
    }  # fmt: skip
    assert told(shop.send("key-1", {"order": order}))[:2] == (200, "applied")
    assert told(shop.send("key-1", {"order": order}))[:2] == (200, "applied")
    assert shop.send("key-1", {"order": order | {"id": "A-2"}}).status_code == 409
    assert shop.send("", {"order": order}).status_code == 422
    assert shop.send("key-2", {"order": order | {"status": "odd"}}).status_code == 422
    back = order | {"refunds": [{"id": "r", "total": "34.50", "lines": {"1": "34.50"}}]}
    shop.send("key-3", {"order": back})
    assert (Order.objects.count(), OrderLine.objects.get().refunded_gross) == (1, 3450)


def test_real_samples_are_kept_and_none_is_an_error():
    shop = Shop(currency="USD")
    order, back = sample("shopify_order"), sample("shopify_refund")
    assert told(shop.send("orders/paid", order))[1:] == (
        "ignored",
        "It waits for an order that is paid.",
    )
    shop.variant.sku = "IPOD2008BLACK"
    shop.variant.save()
    shop.variant.product.external_id = None  # there it is the id of all three lines
    shop.variant.product.save()
    bought = order | {"financial_status": "paid", "updated_at": None}
    assert "add up to 597.00" in told(shop.send("orders/paid", bought))[2]  # as it stands there
    note = told(shop.send("orders/paid", bought | {"total_price": "608.94"}))
    assert note[1:] == (
        "applied", "Left out, no product of yours here: IPOD2008GREEN, IPOD2008RED."
    )  # fmt: skip
    assert OrderLine.objects.get().gross == 19900
    assert told(shop.send("refunds/create", back))[1] == "applied"
    assert OrderLine.objects.get().refunded_gross == 10450  # its half of the 209.00 that moved
    voided = sample("shopify_test_notification")
    assert told(shop.send("orders/cancelled", voided))[1] == "ignored"
    assert WebhookEvent.objects.get(about="820982911946154508")
