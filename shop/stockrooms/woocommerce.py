"""WooCommerce's REST API (wc/v3): orders made and cancelled, stock, webhooks.

Keys are a consumer key and secret with the right to read and write, by HTTP Basic over https.
"""

from __future__ import annotations

import base64
import math
import time
from datetime import timedelta
from typing import Any

from shop.ownshops import base as reading
from shop.ownshops.woocommerce import ARRIVED, LEFT, MARK, NOT_YET, item_of
from shop.stockrooms.base import BY, Client, Fate, NoAnswer, Page, Remote, Sale, Sent, Sold, loaded

API = "/wp-json/wc/v3/"
AT_ONCE = 50
PER_SHEET = 100
MOST_PAGES = 20  # of so many variations of one product
TOPIC = "product.updated"
CANCELLED = {"cancelled", "refunded", "failed", "trash"}
TRACKING = "_wc_shipment_tracking_items"  # in the meta data of an order, by two plugins


class WooCommerce(Client):
    def find(self, sale: Sale) -> Remote | None:
        """Among the shopper's orders since the day before, by our number in its meta data."""
        since = (sale.at - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
        query = {"search": sale.email, "after": since, "dates_are_gmt": "true", "per_page": "100"}
        for row in self._rows("orders", query):
            marks = {one.get("key"): one.get("value") for one in reading.rows(row.get("meta_data"))}
            if marks.get(MARK) == sale.number:
                return self._remote(row)
        return None

    def create(self, sale: Sale) -> Remote:
        first, last = sale.names
        person = {
            "first_name": first, "last_name": last, "address_1": sale.address,
            "postcode": sale.postal_code, "city": sale.city, "country": sale.country,
            "phone": sale.phone,
        }  # fmt: skip
        shipping = sale.decimal(sale.shipping - sale.shipping_tax)
        facts = {
            "currency": sale.currency,
            "payment_method": BY.lower(),
            "payment_method_title": BY,
            "transaction_id": sale.number,
            "set_paid": True,
            "billing": person | {"email": sale.email},
            "shipping": person,
            "line_items": [self._line(sale, line) for line in sale.lines],
            "shipping_lines": [{"method_id": "flat_rate", "method_title": BY, "total": shipping}],
            "meta_data": [{"key": MARK, "value": sale.number}],
        }
        return self._remote(self._send("POST", "orders", facts))

    def _line(self, sale: Sale, line: Sold) -> dict[str, Any]:
        """Amounts are without VAT: the shop adds it by its own rates."""
        net = sale.decimal(line.gross - line.tax)
        is_variation = bool(line.parent_id)
        return {
            "product_id": int(line.parent_id or line.external_id),
            "variation_id": int(line.external_id) if is_variation else 0,
            "quantity": line.quantity, "subtotal": net, "total": net,
        }  # fmt: skip

    def _remote(self, row: dict[str, Any]) -> Remote:
        made = reading.moment(row.get("date_created_gmt") or row.get("date_created"))
        return Remote(
            reading.text(row.get("id")), reading.at(made), row.get("status") == "cancelled"
        )

    def cancel(self, external_id: str) -> None:
        """Once more it changes nothing: an order that is cancelled stays so."""
        self._send("PUT", f"orders/{external_id}", {"status": "cancelled"})

    def give_back(self, external_id: str, sale: Sale, amount: int, reference: str) -> None:
        path = f"orders/{external_id}/refunds"
        known = self._rows(path, {"per_page": "100"})
        if any(reference in reading.text(one.get("reason"), 300) for one in known):
            return
        facts = {"amount": sale.decimal(amount), "reason": f"{BY} {reference}", "api_refund": False}
        self._send("POST", path, facts)

    def look(self, external_id: str) -> Fate:
        """A completed order left as a whole; how it can be followed, and that it arrived, is told
        by the usual plugins, the latter by a status of theirs.
        """
        row = self._row(f"orders/{external_id}")
        if row.get("status") in NOT_YET:
            return Fate([Sent(id="order", is_off=True)])
        if row.get("status") not in LEFT:
            return Fate(is_cancelled=row.get("status") in CANCELLED)
        told = next(
            (one.get("value") for one in reading.rows(row.get("meta_data"))
             if one.get("key") == TRACKING), None,
        )  # fmt: skip
        tracked = reading.inside((told or [None])[0]) if isinstance(told, list) else {}
        carrier = tracked.get("custom_tracking_provider") or tracked.get("tracking_provider")
        parcel = Sent(
            id="order",
            carrier=reading.text(carrier, 40),
            code=reading.text(tracked.get("tracking_number"), 60),
            url=reading.text(tracked.get("custom_tracking_link"), 300),
            has_arrived=row.get("status") == ARRIVED,
        )
        return Fate([parcel])

    def read(self, cursor: str, until: float = math.inf) -> Page:
        """A cursor is a page of products, and in it a product and a page of its variations.

        Each call gets on by one request for variations at least, however little time it has.
        """
        page, begin, sheet = [*map(int, (cursor or "1").split("/")), 0, 1][:3]
        query = {"per_page": str(AT_ONCE), "page": str(page), "orderby": "id", "order": "asc"}
        rows = self._rows("products", query)
        items = []
        for row in rows:
            pk = int(row["id"])
            if pk < begin:
                continue
            if row.get("type") != "variable":
                items.append(item_of(row))
                continue
            for number in range(sheet if pk == begin else 1, MOST_PAGES + 1):
                here, got_on = f"{page}/{pk}/{number}", (pk, number) != (begin, sheet)
                if got_on and time.monotonic() > until:
                    return Page(items, here)
                try:
                    found = self._variations(pk, number)
                except NoAnswer:
                    if got_on:  # the next call says so; what was read is not read again
                        return Page(items, here)
                    raise
                items += [item_of(one, row) for one in found]
                if len(found) < PER_SHEET:
                    break
        return Page(items, str(page + 1) if len(rows) == AT_ONCE else "")

    def _variations(self, product_id: int, number: int) -> list[dict[str, Any]]:
        query = {"per_page": str(PER_SHEET), "page": str(number)}
        return self._rows(f"products/{product_id}/variations", query)

    def subscribe(self, address: str, secret: str) -> None:
        """What it sends is signed with the integration's own secret."""
        known = self._rows("webhooks", {"per_page": "100"})
        for one in known:
            if (one.get("topic"), one.get("delivery_url")) == (TOPIC, address):
                path = f"webhooks/{int(one['id'])}"
                self._send("PUT", path, {"status": "active", "secret": secret})
                return
        facts = {"name": BY, "topic": TOPIC, "delivery_url": address, "secret": secret}
        self._send("POST", "webhooks", facts | {"status": "active"})

    # -------------------------------------------------------------- asking

    def _headers(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self.room.key}:{self.room.key_secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def _rows(self, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        told = loaded(self.ask("GET", API + path, headers=self._headers(), params=query))
        return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []

    def _row(self, path: str) -> dict[str, Any]:
        return reading.inside(loaded(self.ask("GET", API + path, headers=self._headers())))

    def _send(self, method: str, path: str, facts: dict[str, Any]) -> dict[str, Any]:
        told = loaded(self.ask(method, API + path, headers=self._headers(), json=facts))
        return reading.inside(told)
