"""Shopify's Admin API (GraphQL): orders made and cancelled, stock by place, webhooks.

Keys are those of an app in the brand's own Dev Dashboard, exchanged for a token that lives a day
(client credentials grant). Scopes: write_orders, read_products, read_inventory, read_locations.
"""

from __future__ import annotations

import math
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from shop.models import Stockroom
from shop.ownshops import base as reading
from shop.ownshops import words
from shop.ownshops.base import StockItem
from shop.stockrooms.base import (
    BY,
    Client,
    Fate,
    NoAnswer,
    Page,
    Refused,
    Remote,
    Sale,
    Sent,
    Sold,
    loaded,
    plain,
)

VERSION = "2026-07"
AT_ONCE = 50  # variants: with their places a query of about 600 points of 1,000
TOPICS = (
    "INVENTORY_LEVELS_UPDATE", "PRODUCTS_UPDATE", "ORDERS_FULFILLED", "ORDERS_PARTIALLY_FULFILLED",
)  # fmt: skip
EARLY = timedelta(minutes=5)  # before its end a token is renewed

ORDER = "id createdAt cancelledAt tags refunds(first: 50) { note }"
FIND = f"query($q: String!) {{ orders(first: 5, query: $q) {{ nodes {{ {ORDER} }} }} }}"
CREATE = """mutation($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  orderCreate(order: $order, options: $options) { order { id createdAt } userErrors { field message } }
}"""
CANCEL = """mutation($orderId: ID!, $refundMethod: OrderCancelRefundMethodInput!, $restock: Boolean!,
  $reason: OrderCancelReason!, $notifyCustomer: Boolean) {
  orderCancel(orderId: $orderId, refundMethod: $refundMethod, restock: $restock, reason: $reason,
    notifyCustomer: $notifyCustomer) { job { id } orderCancelUserErrors { field message code } }
}"""
LOOK = """query($id: ID!) { order(id: $id) { cancelledAt refunds(first: 50) { note }
  transactions(first: 20) { id kind status gateway } } }"""
REFUND = """mutation($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { field message } }
}"""
FATE = """query($id: ID!) { order(id: $id) { cancelledAt fulfillments(first: 8) { id status displayStatus
  trackingInfo(first: 1) { company number url }
  fulfillmentLineItems(first: 20) { nodes { quantity lineItem { variant { id } } } } } } }"""
STOCK = f"""query($after: String) {{ productVariants(first: {AT_ONCE}, after: $after) {{
  nodes {{ id sku product {{ id }} inventoryItem {{ id tracked updatedAt inventoryLevels(first: 10) {{
    nodes {{ updatedAt location {{ id fulfillsOnlineOrders }} quantities(names: ["available"]) {{
      name quantity }} }} }} }} }}
  pageInfo {{ hasNextPage endCursor }} }} }}"""
HOOKS = "query { webhookSubscriptions(first: 100) { nodes { topic uri } } }"
HOOK = """mutation($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) {
    webhookSubscription { id } userErrors { field message } } }"""


def number(gid: object) -> str:
    """Return the plain id in a global one: `gid://shopify/Order/12` -> `12`."""
    return reading.named(reading.text(gid, 120).rpartition("/")[2], "an id")


class Shopify(Client):
    def find(self, sale: Sale) -> Remote | None:
        """By our number as a tag. The search follows after seconds: we ask minutes later."""
        rows = self._query(FIND, {"q": f"tag:'{sale.number}'"})["orders"]["nodes"]
        for row in rows:
            if sale.number in row["tags"]:
                notes = [reading.text(one.get("note"), 300) for one in row["refunds"]]
                return Remote(number(row["id"]), self._moment(row), bool(row["cancelledAt"]), notes)
        return None

    def create(self, sale: Sale) -> Remote:
        order = {
            "currency": sale.currency,
            "email": sale.email,
            "tags": [BY, sale.number],
            "sourceIdentifier": sale.number,
            "note": f"{BY} {sale.number}",
            "test": sale.is_test,
            "taxesIncluded": True,
            "financialStatus": "PAID",
            "processedAt": sale.at.isoformat(),
            "lineItems": [row for line in sale.lines for row in self._rows(sale, line)],
            "shippingLines": self._shipping(sale),
            "shippingAddress": self._address(sale),
            "billingAddress": self._address(sale),
            "transactions": [
                {
                    "kind": "SALE", "status": "SUCCESS", "gateway": BY, "test": sale.is_test,
                    "amountSet": self._amount(sale, sale.total),
                }
            ],
        }  # fmt: skip
        options = {"inventoryBehaviour": "DECREMENT_IGNORING_POLICY", "sendReceipt": False,
                   "sendFulfillmentReceipt": False}  # fmt: skip
        made = self._change(CREATE, {"order": order, "options": options}, "orderCreate")["order"]
        return Remote(number(made["id"]), self._moment(made))

    def _rows(self, sale: Sale, line: Sold) -> list[dict[str, Any]]:
        """Return a line so that pieces times price is exactly what was paid: in two, if need be."""
        each, dearer = divmod(line.gross, line.quantity)
        rows = []
        left = line.tax
        for pieces, price in ((line.quantity - dearer, each), (dearer, each + 1)):
            if not pieces:
                continue
            last = pieces == line.quantity or price > each
            tax = left if last else line.tax * pieces // line.quantity
            left -= tax
            rows.append(
                {
                    "variantId": f"gid://shopify/ProductVariant/{line.external_id}",
                    "quantity": pieces,
                    "priceSet": self._amount(sale, price),
                    "taxLines": [self._tax(sale, tax, line.tax_bp)] if tax else [],
                }
            )
        return rows

    def _amount(self, sale: Sale, amount: int) -> dict[str, Any]:
        return {"shopMoney": {"amount": sale.decimal(amount), "currencyCode": sale.currency}}

    def _tax(self, sale: Sale, amount: int, rate_bp: int) -> dict[str, Any]:
        rate = f"{rate_bp / 10_000:.4f}"
        return {"title": "VAT", "rate": rate, "priceSet": self._amount(sale, amount)}

    def _shipping(self, sale: Sale) -> list[dict[str, Any]]:
        net = sale.shipping - sale.shipping_tax
        rate = sale.shipping_tax * 10_000 // net if net else 0
        taxes = [self._tax(sale, sale.shipping_tax, rate)] if sale.shipping_tax else []
        return [
            {"title": BY, "priceSet": self._amount(sale, sale.shipping), "taxLines": taxes}
        ]  # fmt: skip

    def _address(self, sale: Sale) -> dict[str, str]:
        first, last = sale.names
        found = {
            "firstName": first or "-", "lastName": last, "address1": sale.address,
            "zip": sale.postal_code, "city": sale.city, "countryCode": sale.country,
        }  # fmt: skip
        return found | ({"phone": sale.phone} if sale.phone else {})

    def cancel(self, external_id: str) -> None:
        gid = f"gid://shopify/Order/{external_id}"
        order = self._query(LOOK, {"id": gid})["order"]
        if order is None or order["cancelledAt"]:
            return
        facts = {
            "orderId": gid, "refundMethod": {"originalPaymentMethodsRefund": True},
            "restock": True, "reason": "CUSTOMER", "notifyCustomer": False,
        }  # fmt: skip
        self._change(CANCEL, facts, "orderCancel", errors="orderCancelUserErrors")

    def give_back(self, external_id: str, sale: Sale, amount: int, reference: str) -> None:
        """Under an idempotency key of the refund, and noted with its name."""
        gid = f"gid://shopify/Order/{external_id}"
        order = self._query(LOOK, {"id": gid})["order"]
        if order is None or order["cancelledAt"]:
            return
        if any(reference in reading.text(one.get("note"), 300) for one in order["refunds"]):
            return
        paid = next((one["id"] for one in order["transactions"] if one["kind"] == "SALE"), None)
        money_back = {
            "orderId": gid, "kind": "REFUND", "gateway": BY, "amount": sale.decimal(amount),
            "parentId": paid,
        }  # fmt: skip
        note = f"{BY} {reference}"
        facts = {"orderId": gid, "note": note, "notify": False, "transactions": [money_back]}
        key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{external_id}:{reference}"))
        self._change(REFUND, {"input": facts, "key": key}, "refundCreate")

    def look(self, external_id: str) -> Fate:
        """Eight parcels of twenty lines: with those a query of about 500 points of 1,000."""
        order = self._query(FATE, {"id": f"gid://shopify/Order/{external_id}"})["order"]
        if order is None:  # it was deleted
            return Fate(is_cancelled=True)
        parcels = [self._sent(one) for one in order["fulfillments"]]
        return Fate(parcels, bool(order["cancelledAt"]))

    def _sent(self, row: dict[str, Any]) -> Sent:
        tracked = (row["trackingInfo"] or [{}])[0]
        pieces: Counter[str] = Counter()
        for one in row["fulfillmentLineItems"]["nodes"]:
            if variant := one["lineItem"]["variant"]:
                pieces[number(variant["id"])] += reading.pieces(one["quantity"])
        return Sent(
            id=number(row["id"]),
            carrier=reading.text(tracked.get("company"), 40),
            code=reading.text(tracked.get("number"), 60),
            url=reading.text(tracked.get("url"), 300),
            pieces=dict(pieces),
            has_arrived=row["displayStatus"] == "DELIVERED",
            is_off=row["status"] != "SUCCESS",
        )

    def read(self, cursor: str, until: float = math.inf) -> Page:
        told = self._query(STOCK, {"after": cursor or None})["productVariants"]
        items = [item for row in told["nodes"] for item in self._items(row)]
        page = told["pageInfo"]
        return Page(items, reading.text(page["endCursor"], 500) if page["hasNextPage"] else "")

    def _items(self, row: dict[str, Any]) -> list[StockItem]:
        stock = row["inventoryItem"]
        names = (number(row["id"]), number(row["product"]["id"]), number(stock["id"]))
        sku = reading.text(row.get("sku"))
        if not stock["tracked"]:
            return [StockItem(*names, sku, "", None, reading.moment(stock["updatedAt"]))]
        found = []
        for level in stock["inventoryLevels"]["nodes"]:
            place = level["location"]
            count = reading.count_of(sum(int(one["quantity"]) for one in level["quantities"]))
            counts = place["fulfillsOnlineOrders"] is True
            at = reading.moment(level["updatedAt"])
            found.append(StockItem(*names, sku, number(place["id"]), count, at, counts))
        return found or [StockItem(*names, sku, "", 0, reading.moment(stock["updatedAt"]))]

    def subscribe(self, address: str, secret: str) -> None:
        """What it sends is signed with the app's own secret."""
        there = self._query(HOOKS, {})["webhookSubscriptions"]["nodes"]
        known = {(one["topic"], one["uri"]) for one in there}
        for topic in TOPICS:
            if (topic, address) not in known:
                facts = {"topic": topic, "hook": {"uri": address, "format": "JSON"}}
                self._change(HOOK, facts, "webhookSubscriptionCreate")

    # -------------------------------------------------------------- asking

    def _moment(self, row: dict[str, Any]):
        return reading.at(reading.moment(row["createdAt"]))

    def _change(
        self, text: str, variables: dict[str, Any], name: str, errors: str = "userErrors"
    ) -> dict[str, Any]:
        told = self._query(text, variables)[name]
        if told[errors]:
            message = plain(told[errors][0].get("message"))
            kind = NoAnswer if "too many" in message.lower() else Refused  # five a minute, on trial
            raise kind(words.note("said_no", 200, message))
        return told

    def _query(self, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        headers = {"X-Shopify-Access-Token": self._token()}
        path = f"/admin/api/{VERSION}/graphql.json"
        body = {"query": text, "variables": variables}
        try:
            told = loaded(self.ask("POST", path, headers=headers, json=body))
        except NoAnswer as error:
            if str(error) == "keys":
                Stockroom.objects.filter(pk=self.room.pk).update(token="", token_until=None)
            raise
        if not isinstance(told, dict):
            raise NoAnswer(words.note("no_json"))
        for error in told.get("errors") or []:
            code = (error.get("extensions") or {}).get("code", "")
            if code == "ACCESS_DENIED":
                raise NoAnswer(words.note("scopes", plain(error.get("message"))))
            if code in ("THROTTLED", "INTERNAL_SERVER_ERROR"):
                raise NoAnswer(words.note("answered", code))
            raise Refused(words.note("said_no", 200, plain(error.get("message"))))
        return told["data"]

    def _token(self) -> str:
        """Return a token for the keys; it is kept until it ends."""
        room, now = self.room, timezone.now()
        if room.token and room.token_until and now < room.token_until - EARLY:
            return room.token
        facts = {"grant_type": "client_credentials", "client_id": room.key,
                 "client_secret": room.key_secret}  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(facts).encode()
        try:
            answer = self.ask("POST", "/admin/oauth/access_token", headers=headers, body=body)
        except Refused as error:
            raise NoAnswer(words.note("keys")) from error
        told = loaded(answer)
        token = reading.text(told.get("access_token"), 200) if isinstance(told, dict) else ""
        if not token:
            raise NoAnswer(words.note("no_json"))
        lives = told.get("expires_in")
        lives = lives if isinstance(lives, int) and 0 < lives <= 86_400 else 3_600
        room.token, room.token_until = token, now + timedelta(seconds=lives)
        room.save(update_fields=["token", "token_until"])
        return token
