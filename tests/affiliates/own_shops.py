"""A brand with a shop of its own, and what that shop tells: messages as they come, signed."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

from django.test import Client
from django.utils import timezone

from affiliates import clickids, links, referral
from affiliates.models import Commission
from shop import integrations, ownorders
from shop.models import OrderLine, WebhookEvent
from shop.ownshops import words
from tests.affiliates.factories import make_brand, make_collaboration, make_variant
from tests.affiliates.test_links import enrolled

DATA = Path(__file__).parent.parent / "data" / "orders"
NOW = timezone.now().replace(microsecond=0)


def sample(name):
    return json.loads((DATA / f"{name}.json").read_text())


class Shop:
    """A brand with one product for 34.50 in a shop of its own, and a creator with a link to it."""

    def __init__(self, provider="shopify", *, tested=True, **facts):
        self.brand = make_brand(**facts)
        self.offer = make_collaboration(self.brand, rate_bp=1000)
        self.variant = make_variant(self.brand)
        self.variant.sku = "MUG"
        self.variant.save()
        product = self.variant.product
        product.sells_at, product.own_shop_url = "own_shop", "https://mill.example/mug"
        product.external_id = "632910392"
        product.save()
        self.row = integrations.connect(self.brand, provider, "mill.example", days=4, at=NOW)
        if tested:
            integrations.turn_green(self.row, NOW)
            self.row.refresh_from_db()
        self.creator = enrolled()

    def link(self):
        return links.take(self.creator, self.variant.product, platform="tiktok", at=NOW)

    def click(self, link=None, creator=None):
        """Return what a click puts into the shop's address: our parameter, signed."""
        link = link or self.link()
        seen = referral.Seen(self.brand.pk, link.pk, clickids.new(), 1000, "thousand_first")
        return referral.stamp(seen)

    def send(self, topic, body, *, secret=None, raw=None, apply=True, **headers):
        """Post a message and let the worker apply it; the answer has the row that was `kept`."""
        raw = raw if raw is not None else json.dumps(body).encode()
        signature = integrations.sign(self.row.secret if secret is None else secret, raw)
        named = {
            "shopify": {"X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": signature},
            "woocommerce": {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": signature},
            "api": {"X-Thousand-Signature": signature, "Idempotency-Key": topic},
        }[self.row.provider] | headers
        path = f"/hooks/{self.row.provider}/{self.row.pk}/"
        answer = Client().post(path, raw, content_type="application/json", headers=named)
        if apply:
            ownorders.apply_waiting(timezone.now())
        digest = hashlib.sha256(raw).hexdigest()
        rows = WebhookEvent.objects.filter(integration=self.row, body_sha256=digest)
        answer.kept = rows.order_by("-pk").first()
        return answer


def paid(number=1001, *, total="34.50", quantity=1, **facts):
    """Return a paid Shopify order of one mug, VAT in the price."""
    return {
        "id": number, "currency": "EUR", "financial_status": "paid", "taxes_included": True,
        "test": False, "created_at": (timezone.now() + timedelta(minutes=1)).isoformat(),
        "updated_at": (NOW + timedelta(seconds=2)).isoformat(),
        "total_price": total, "email": "shopper@people.example",
        "line_items": [{
            "id": 11, "sku": "MUG", "title": "Mug", "quantity": quantity, "price": "34.50",
            "discount_allocations": [], "tax_lines": [{"price": str(5.99 * quantity), "rate": 0.21}],
        }],
        "shipping_address": {"country_code": "NL"},
    } | facts  # fmt: skip


def refund(number=1001, back="34.50", of=7001):
    return {
        "id": of, "order_id": number, "order_adjustments": [],
        "refund_line_items": [
            {"line_item_id": 11, "quantity": 1, "subtotal": back, "total_tax": "0.00"}
        ],
        "transactions": [
            {"kind": "refund", "status": "success", "amount": back, "currency": "EUR"}
        ],
    }  # fmt: skip


def shipped(number=1001, arrived=None):
    facts = {
        "id": 501, "order_id": number, "status": "success",
        "created_at": (NOW + timedelta(days=1)).isoformat(), "shipment_status": None,
    }  # fmt: skip
    if arrived:
        facts |= {"shipment_status": "delivered", "updated_at": arrived.isoformat()}
    return facts


def told(answer):
    """Return the status, and what became of the message."""
    row = answer.kept
    if row is None or answer.status_code >= 400:
        return answer.status_code, answer.json()["outcome"], answer.json()["note"]
    return answer.status_code, row.outcome, words.say(row.note)


def ended(number):
    """Return all that an order ended in: amounts, delivery, what was earned and until when."""
    events = WebhookEvent.objects.filter(about=str(number), order__isnull=False)
    line = OrderLine.objects.get(brand_order__order=events.first().order)
    rows = Commission.objects.live().filter(order_line=line)
    return (
        line.gross, line.refunded_gross, line.refunded, line.brand_order.shipped_at,
        line.brand_order.delivered_at, sum(rows.values_list("amount", flat=True)),
        set(rows.values_list("due_at", flat=True)),
    )  # fmt: skip
