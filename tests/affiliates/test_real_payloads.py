"""Payloads of other systems as they were really sent: each kept, its sums right, none an error."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from config.lib import stripe
from shop import ownshops
from shop.models import Order, OrderLine, Payment, Product, Variant, WebhookEvent
from shop.ownshops import words
from tests import real
from tests.affiliates.own_shops import Shop

pytestmark = [real.needed, pytest.mark.django_db, pytest.mark.usefixtures("books")]

# What becomes of each order, and the gross and what went back of its lines, in cents.
WOOCOMMERCE = {
    ("order", 963): ("applied", 3120, 0),
    ("order-auto-draft-status", 963): ("ignored", 0, 0),
    ("order-details-partially-refunded", 324): ("applied", 25020, 1997),  # of 304.45, 24.30
    ("order-fully-refunded", 609): ("applied", 18000, 18000),
    ("order-with-attribution-info", 459): ("refused", 0, 0),  # a line of 18.00, a total of 4.00
    ("order-with-special-character-currency", 963): ("applied", 3120, 0),
    ("orders-load-all", 560): ("applied", 90810, 17048),  # of 1,198.50, 225.00
    ("orders-load-all", 960): ("applied", 2000, 0),
    ("orders-load-all", 961): ("applied", 2000, 0),
    ("orders-load-all", 963): ("applied", 3120, 0),
}
NO_ORDER = {"coupon", "refund-single", "refunds-all"}


def payloads(folder):
    """Yield (name of the file, one thing of it as a webhook would send it)."""
    for path in sorted((real.ORDERS / folder).glob("*.json")):
        told = json.loads(path.read_text())
        if isinstance(told, dict) and len(told) == 1:
            (told,) = told.values()
        for one in told if isinstance(told, list) else [told]:
            yield path.stem, one


def stocked(shop, lines):
    """Give the brand a product for each line, known by SKU, else by its id there."""
    for line in lines:
        name = str(line.get("variation_id") or line["product_id"])
        product = Product.objects.create(
            brand=shop.brand, category=shop.variant.product.category, slug=f"real-{line['id']}",
            title=line["name"], currency=shop.brand.currency, price_from=100, status="active",
            sells_at="own_shop", own_shop_url=f"https://mill.example/{line['id']}",
            external_id=None if line["sku"] else name,
        )  # fmt: skip
        sku = line["sku"] or f"real-{line['id']}"
        Variant.objects.create(product=product, brand=shop.brand, sku=sku, price=100)


def test_every_order_of_woocommerce_ends_in_its_own_sums():
    ended = {}
    for name, body in payloads("woocommerce"):
        if name in NO_ORDER:
            continue
        shop = Shop("woocommerce", currency=body["currency"])
        stocked(shop, body["line_items"])
        kept = shop.send("order.updated", body).kept
        shop.send("order.updated", body)
        lines = OrderLine.objects.filter(brand_order__order=kept.order) if kept.order else []
        sums = sum(row.gross for row in lines), sum(row.refunded_gross for row in lines)
        ended[name, body["id"]] = (kept.outcome, *sums)

    assert ended == WOOCOMMERCE


@pytest.mark.parametrize("provider", ["shopify", "woocommerce"])
def test_each_payload_comes_through_every_door_without_an_error(provider):
    shop = Shop(provider, currency="USD")
    reader = ownshops.PROVIDERS[provider]
    topics = [*reader.TOPICS, *reader.STOCK_TOPICS, *getattr(reader, "PARCEL_TOPICS", [])]
    topics.sort(key=lambda topic: topic == "app/uninstalled")  # after that nothing is taken

    for topic in topics:
        for _name, body in payloads(provider):
            assert shop.send(topic, body, apply=False).status_code in (200, 409)
    shop.send(topics[0], {})

    rows = WebhookEvent.objects.filter(integration=shop.row)
    assert rows.count() > len(topics)
    assert not rows.filter(outcome__in=["", "failed"]).exists()
    assert all(words.say(row.note) for row in rows.filter(outcome="refused"))
    assert not Order.objects.exists()  # none is paid and of a product that is sold here


def test_what_stripe_sent_is_taken_once_and_moves_nothing_of_ours(settings):
    settings.STRIPE_WEBHOOK_SECRET, settings.PAYMENT_GATEWAY = "whsec_real", "stripe"
    sent = [
        one | {"id": f"evt_{name}"}  # there they are all zeros
        for name, one in payloads("stripe")
        if one.get("object") == "event"
    ]

    for _again in range(2):
        for body in sent:
            raw, now_s = json.dumps(body), int(timezone.now().timestamp())
            header = {"Stripe-Signature": stripe.sign(raw.encode(), "whsec_real", now_s)}
            answer = Client().post(
                "/hooks/stripe/", raw, content_type="application/json", headers=header
            )
            assert answer.status_code == 200, (body["type"], answer.content)

    assert WebhookEvent.objects.count() == len(sent) > 10
    assert set(Payment.objects.values_list("kind", flat=True)) <= {"misfit"}
