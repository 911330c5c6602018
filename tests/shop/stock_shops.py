"""Stand-ins for shops that keep stock: Shopify's Admin API and WooCommerce's REST API, over HTTP.

They keep the shapes, names and errors that both document: stock by place, orders that take it,
cancelling that puts it back, webhooks that tell of it (`told`, delivered by `deliver`).
`fails` holds what goes wrong next: a status instead of an answer, or "lost": done, but unsaid.
"""

import base64
import hashlib
import hmac
import json
import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from django.test import Client

ORDER_INPUT = set(
    "billingAddress buyerAcceptsMarketing closedAt companyLocationId currency customAttributes "
    "customer discountCode email financialStatus fulfillment fulfillmentStatus lineItems metafields "
    "name note phone poNumber presentmentCurrency processedAt referringSite shippingAddress "
    "shippingLines sourceIdentifier sourceName sourceUrl tags taxesIncluded taxLines test "
    "transactions userId".split()
)
ADDRESS = set("address1 address2 city company countryCode firstName lastName phone provinceCode zip".split())  # fmt: skip


class Stop(Exception):
    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


class StockShop(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.fails, self.asked, self.told, self.orders = [], [], [], {}
        self.lock, self.now = threading.RLock(), datetime.now(UTC).replace(microsecond=0)
        self.numbers = iter(range(5001, 9999))
        self.hooks = {}
        self.start()

    def start(self):
        """Make what this kind of shop has."""

    def tick(self, **more):
        """Its clock goes on by itself: two changes never have one moment."""
        self.now += timedelta(**(more or {"seconds": 1}))
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def deliver(self, room, secret=""):
        """Send the webhooks that it owes, signed; return the answers."""
        told, self.told = self.told, []
        return [self.send(room, topic, body, secret) for topic, body in told]

    def send(self, room, topic, body, secret="", **headers):
        raw = json.dumps(body).encode()
        secret = secret or self.secret(room)
        mac = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
        name, signed = self.HEADERS
        path = f"/hooks/{room.integration.provider}/{room.integration_id}/"
        headers = {name: topic, signed: mac} | headers
        return Client().post(path, raw, content_type="application/json", headers=headers)


class Handler(BaseHTTPRequestHandler):
    def _do(self):
        shop = self.server
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with shop.lock:
            shop.asked.append((self.command, self.path, raw.decode()))
            fails = shop.fails.pop(0) if shop.fails else None
            if isinstance(fails, int):
                return self._answer(fails, {"message": "no", "errors": "no"})
            try:
                body = shop.answer(self.command, self.path, self.headers, raw)
            except Stop as error:
                return self._answer(error.status, error.body)
        if fails == "lost":
            return self.connection.close()
        return self._answer(200, body)

    def _answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        """Say nothing."""


for verb in ("GET", "POST", "PUT"):
    setattr(Handler, f"do_{verb}", Handler._do)


class Shopify(StockShop):
    HEADERS = ("X-Shopify-Topic", "X-Shopify-Hmac-Sha256")
    KEYS = ("c1" * 16, "shpss_" + "0a" * 16)
    PROVIDER = "shopify"

    def start(self):
        self.token, self.items = "", {}
        self.places = {"11": True, "12": False}  # id -> serves web orders

    def secret(self, room):
        return self.KEYS[1]

    def put(self, sku, count, item="91", place="11"):
        """Set the stock of a SKU; the first time it comes into being."""
        one = self.items.setdefault(
            item, {"sku": sku, "id": "7" + item, "tracked": True, "at": self.tick(), "levels": {}}
        )
        one["levels"][place] = [count, self.tick()]
        self._tell(item, place)

    def _tell(self, item, place):
        count, at = self.items[item]["levels"][place]
        self.told.append((
            "inventory_levels/update",
            {"inventory_item_id": int(item), "location_id": int(place), "available": count,
             "updated_at": at, "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{place}"},
        ))  # fmt: skip

    def answer(self, method, path, headers, raw):
        if path == "/admin/oauth/access_token":
            form = {key: value[0] for key, value in parse_qs(raw.decode()).items()}
            if (form.get("client_id"), form.get("client_secret")) != self.KEYS:
                raise Stop(400, {"error": "invalid_client"})
            self.token = f"shpat_{next(self.numbers)}"
            return {"access_token": self.token, "scope": "write_orders", "expires_in": 86399}
        if not re.fullmatch(r"/admin/api/20\d\d-\d\d/graphql\.json", path):
            raise Stop(404, {"errors": "Not Found"})
        if not self.token or headers.get("X-Shopify-Access-Token") != self.token:
            raise Stop(401, {"errors": "[API] Invalid API key or access token"})
        asked = json.loads(raw)
        for name in re.findall(r"\b(orderCreate|orderCancel|refundCreate|webhookSubscriptionCreate|"
                               r"webhookSubscriptions|productVariants|orders|order)\(", asked["query"]):  # fmt: skip
            plain = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)
            return {"data": {name: getattr(self, f"_{plain}")(asked["variables"], asked["query"])}}
        return {"errors": [{"message": "Parse error"}]}

    def _webhook_subscriptions(self, _variables, _query):
        return {"nodes": [{"topic": topic, "uri": uri} for topic, uri in self.hooks]}

    def _webhook_subscription_create(self, variables, _query):
        assert set(variables["hook"]) == {"uri", "format"}
        self.hooks[variables["topic"], variables["hook"]["uri"]] = True
        return {
            "webhookSubscription": {"id": "gid://shopify/WebhookSubscription/1"},
            "userErrors": [],
        }

    def _product_variants(self, variables, _query):
        keys = sorted(self.items)
        begin = keys.index(variables["after"]) + 1 if variables["after"] else 0
        shown = keys[begin : begin + 2]
        nodes = [self._node(key) for key in shown]
        more = begin + 2 < len(keys)
        return {
            "nodes": nodes,
            "pageInfo": {"hasNextPage": more, "endCursor": shown[-1] if shown else None},
        }

    def _node(self, item):
        one = self.items[item]
        levels = [
            {"updatedAt": at, "location": {"id": f"gid://shopify/Location/{place}",
                                           "fulfillsOnlineOrders": self.places[place]},
             "quantities": [{"name": "available", "quantity": count}]}
            for place, (count, at) in one["levels"].items()
        ]  # fmt: skip
        return {
            "id": f"gid://shopify/ProductVariant/{one['id']}", "sku": one["sku"],
            "product": {"id": "gid://shopify/Product/1"},
            "inventoryItem": {"id": f"gid://shopify/InventoryItem/{item}", "tracked": one["tracked"],
                              "updatedAt": one["at"], "inventoryLevels": {"nodes": levels}},
        }  # fmt: skip

    def _find(self, gid):
        return self.orders.get(gid.rpartition("/")[2])

    def _shown(self, one):
        return {
            "id": f"gid://shopify/Order/{one['id']}", "createdAt": one["at"],
            "cancelledAt": one["cancelled"], "tags": one["input"]["tags"], "refunds": one["refunds"],
            "transactions": [{"id": "gid://shopify/OrderTransaction/1", "kind": "SALE",
                              "status": "SUCCESS", "gateway": "Thousand"}],
        }  # fmt: skip

    def _orders(self, variables, _query):
        tag = re.fullmatch(r"tag:'([^']+)'", variables["q"])[1]
        rows = [one for one in self.orders.values() if tag in one["input"]["tags"]]
        return {"nodes": [self._shown(one) for one in rows]}

    def _order(self, variables, query):
        one = self._find(variables["id"])
        if one and "fulfillments(" in query:
            return {"fulfillments": one.get("sent", []), "cancelledAt": one["cancelled"]}
        return self._shown(one) if one else None

    def send_off(self, of, pieces=99, **tracked):
        """Let so many pieces of an order leave in a parcel, and owe its webhook; return the parcel."""
        one = next(one for one in self.orders.values() if of in one["input"]["tags"])
        nodes = []
        for line in one["input"]["lineItems"]:
            some = min(pieces, line["quantity"])
            pieces -= some
            nodes += [{"quantity": some, "lineItem": {"variant": {"id": line["variantId"]}}}]
        made = {
            "id": f"gid://shopify/Fulfillment/{next(self.numbers)}", "status": "SUCCESS",
            "displayStatus": "FULFILLED", "trackingInfo": [tracked] if tracked else [],
            "fulfillmentLineItems": {"nodes": nodes},
        }  # fmt: skip
        one.setdefault("sent", []).append(made)
        body = {"id": int(one["id"]), "email": one["input"]["email"], "line_items": []}
        self.told.append(
            ("orders/partially_fulfilled" if pieces <= 0 else "orders/fulfilled", body)
        )
        return made

    def _order_create(self, variables, _query):
        order = variables["order"]
        unknown = set(order) - ORDER_INPUT | set(order["shippingAddress"]) - ADDRESS
        assert not unknown, unknown
        assert variables["options"]["inventoryBehaviour"] == "DECREMENT_IGNORING_POLICY"
        by_id = {one["id"]: item for item, one in self.items.items()}
        for line in order["lineItems"]:
            if line["variantId"].rpartition("/")[2] not in by_id:
                said = {"field": ["order", "lineItems"], "message": "Variant does not exist"}
                return {"order": None, "userErrors": [said]}
        number, at = str(next(self.numbers)), self.tick()
        made = {"id": number, "at": at, "cancelled": None, "input": order, "refunds": []}
        self.orders[number] = made
        self._move(made, -1)
        return {"order": {"id": f"gid://shopify/Order/{number}", "createdAt": at}, "userErrors": []}

    def _move(self, made, sign):
        by_id = {one["id"]: item for item, one in self.items.items()}
        for line in made["input"]["lineItems"]:
            item = by_id[line["variantId"].rpartition("/")[2]]
            if self.items[item]["tracked"]:
                level = self.items[item]["levels"]["11"]
                level[0], level[1] = level[0] + sign * line["quantity"], self.tick()
                self._tell(item, "11")

    def _order_cancel(self, variables, _query):
        made = self._find(variables["orderId"])
        if made["cancelled"]:
            said = {
                "field": ["orderId"],
                "message": "Order has already been cancelled",
                "code": "INVALID",
            }
            return {"job": None, "orderCancelUserErrors": [said]}
        made["cancelled"] = self.tick()
        if variables["restock"]:
            self._move(made, 1)
        return {"job": {"id": "gid://shopify/Job/1"}, "orderCancelUserErrors": []}

    def _refund_create(self, variables, query):
        assert "@idempotent(key: $key)" in query
        made = self._find(variables["input"]["orderId"])
        if variables["key"] not in made.setdefault("keys", set()):
            made["keys"].add(variables["key"])
            made["refunds"].append({"note": variables["input"]["note"]})
            made.setdefault("moved", []).append(variables["input"]["transactions"][0]["amount"])
        return {"refund": {"id": "gid://shopify/Refund/1"}, "userErrors": []}

    # what a test asks of any shop

    def count(self, sku):
        return next(one["levels"]["11"][0] for one in self.items.values() if one["sku"] == sku)

    def made(self, number):
        """Return (pieces, paid, cancelled, refunded) of each order there with this number."""
        return [
            (sum(line["quantity"] for line in one["input"]["lineItems"]),
             one["input"]["transactions"][0]["amountSet"]["shopMoney"]["amount"],
             bool(one["cancelled"]), one.get("moved", []))
            for one in self.orders.values() if number in one["input"]["tags"]
        ]  # fmt: skip


class WooCommerce(StockShop):
    HEADERS = ("X-WC-Webhook-Topic", "X-WC-Webhook-Signature")
    KEYS = ("ck_" + "1f" * 20, "cs_" + "2e" * 20)
    PROVIDER = "woocommerce"

    def start(self):
        self.products = {}

    def secret(self, room):
        return room.integration.secret

    def put(self, sku, count, pk=91):
        one = self.products.setdefault(
            pk, {"id": pk, "type": "simple", "sku": sku, "manage_stock": True, "name": sku}
        )
        one |= {"stock_quantity": count, "stock_status": "instock" if count else "outofstock"}
        one["date_modified_gmt"] = self.tick().removesuffix("Z")
        self.told.append(("product.updated", dict(one)))

    def answer(self, method, path, headers, raw):
        pair = base64.b64encode(":".join(self.KEYS).encode()).decode()
        if headers.get("Authorization") != f"Basic {pair}":
            raise Stop(401, {"code": "woocommerce_rest_cannot_view", "message": "Sorry, no."})
        parts = urlsplit(path)
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        names = parts.path.removeprefix("/wp-json/wc/v3/").split("/")
        body = json.loads(raw) if raw else {}
        match method, names:
            case "GET", ["products"]:
                rows = [self.products[pk] for pk in sorted(self.products)]
                size, page = int(query["per_page"]), int(query["page"])
                return rows[(page - 1) * size : page * size]
            case "GET", ["products", pk, "variations"]:
                kept, number = self.products[int(pk)].get("kept", []), int(query["page"])
                return kept[(number - 1) * 100 : number * 100]
            case "GET", ["webhooks"]:
                return list(self.hooks.values())
            case "POST", ["webhooks"]:
                pk = next(self.numbers)
                self.hooks[pk] = body | {"id": pk}
                return self.hooks[pk]
            case "PUT", ["webhooks", pk]:
                self.hooks[int(pk)] |= body
                return self.hooks[int(pk)]
            case "GET", ["orders", pk]:
                return self.orders[int(pk)]
            case "GET", ["orders"]:
                return [
                    one
                    for one in self.orders.values()
                    if one["billing"]["email"] == query["search"]
                ]
            case "POST", ["orders"]:
                return self._make(body)
            case "PUT", ["orders", pk]:
                one = self.orders[int(pk)]
                if body["status"] == "cancelled" != one["status"]:
                    self._move(one, 1)
                one |= body
                return one
            case "GET", ["orders", pk, "refunds"]:
                return self.orders[int(pk)]["refunds"]
            case "POST", ["orders", pk, "refunds"]:
                assert body["api_refund"] is False
                self.orders[int(pk)]["refunds"].append(body | {"id": next(self.numbers)})
                return body
        raise Stop(404, {"code": "rest_no_route", "message": "No route was found"})

    def _make(self, body):
        for line in body["line_items"]:
            if line["product_id"] not in self.products:
                raise Stop(400, {"code": "woocommerce_rest_invalid_product_id", "message": "Invalid product ID"})  # fmt: skip
        pk, at = next(self.numbers), self.tick().removesuffix("Z")
        status = "processing" if body["set_paid"] else "pending"
        self.orders[pk] = body | {"id": pk, "status": status, "date_created_gmt": at, "refunds": []}
        self._move(self.orders[pk], -1)
        return self.orders[pk]

    def _move(self, made, sign):
        for line in made["line_items"]:
            one = self.products[line["product_id"]]
            self.put(one["sku"], one["stock_quantity"] + sign * line["quantity"], one["id"])

    def send_off(self, of, **tracked):
        """Complete an order: it left as a whole."""
        mark = {"key": "_thousand_order", "value": of}
        one = next(one for one in self.orders.values() if mark in one["meta_data"])
        one["status"] = "completed"
        if tracked:
            told = {"tracking_provider": tracked.get("company", ""), "date_shipped": "1790000000",
                    "tracking_number": tracked.get("number", ""),
                    "custom_tracking_link": tracked.get("url", "")}  # fmt: skip
            one["meta_data"].append({"key": "_wc_shipment_tracking_items", "value": [told]})
        return one

    def arrived(self, of):
        """A plugin that follows parcels says that it came."""
        mark = {"key": "_thousand_order", "value": of}
        next(one for one in self.orders.values() if mark in one["meta_data"])["status"] = (
            "delivered"
        )

    def count(self, sku):
        return next(one["stock_quantity"] for one in self.products.values() if one["sku"] == sku)

    def made(self, number):
        return [
            (sum(line["quantity"] for line in one["line_items"]),
             sum(float(line["total"]) for line in one["line_items"]),
             one["status"] == "cancelled", [row["amount"] for row in one["refunds"]])
            for one in self.orders.values()
            if {"key": "_thousand_order", "value": number} in one["meta_data"]
        ]  # fmt: skip


@contextmanager
def running(kind):
    shop = kind()
    threading.Thread(target=shop.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield shop
    finally:
        shop.shutdown()
        shop.server_close()
