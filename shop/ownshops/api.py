"""Any other shop: it sends an order as it is now, and again whenever that changes.

{"order": {"id", "currency", "total", "status": "open|paid|cancelled", "updated_at", "placed_at",
"test", "lines": [{"id", "sku", "product_id", "title", "quantity", "total", "tax"}],
"refunds": [{"id", "total", "lines": {line id: total}}], "shipped_at", "delivered_at", "codes",
"landing", "cart", "email", "country"}}, amounts as decimals in a string, tax included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.ownshops import base
from shop.ownshops.base import Back, BadBody, Line, Told

SIGNATURE = "X-Thousand-Signature"
TOPICS = ["order"]
STATUSES = {"open", "paid", "cancelled"}


def parse(headers: Mapping[str, str], body: bytes, currency: str) -> Told:
    key = base.text(headers.get("Idempotency-Key"), 255)
    if not key:
        raise BadBody("the header Idempotency-Key is missing")
    facts = base.inside(base.load(body).get("order"))
    about = base.named(facts.get("id"), "order.id")
    currency = base.currency_of(facts.get("currency"))
    status = base.text(facts.get("status"), 12)
    if status not in STATUSES:
        raise BadBody("order.status is open, paid or cancelled")
    codes = facts.get("codes") if isinstance(facts.get("codes"), list) else []
    sent, arrived = base.moment(facts.get("shipped_at")), base.moment(facts.get("delivered_at"))
    placed = base.moment(facts.get("placed_at"))
    return Told(
        kind="order",
        about=about,
        event=key,
        currency=currency,
        version=base.moment(facts.get("updated_at")),
        placed_at=placed,
        paid=status == "paid" or (status == "cancelled" and facts.get("paid") is True),
        test=facts.get("test") is True,
        all_back=status == "cancelled",
        total=base.amount(facts.get("total"), currency, "order.total"),
        lines=[_line(one, currency) for one in base.rows(facts.get("lines"))],
        whole=True,
        backs=[_back(one, currency) for one in base.rows(facts.get("refunds"))],
        shipped={"order": sent} if sent else {},
        delivered={"order": arrived} if arrived else {},
        codes=[code for code in (base.text(one, 60) for one in codes[:20]) if code],
        landing=base.text(facts.get("landing"), 1000),
        cart=base.text(facts.get("cart"), 300),
        email=base.text(facts.get("email"), 254),
        country=base.text(facts.get("country"), 2).upper(),
    )


def _line(one: dict[str, Any], currency: str) -> Line:
    gross = base.amount(one.get("total"), currency, "a line's total")
    tax = base.optional(one.get("tax"), currency, "a line's tax")
    quantity = base.pieces(one.get("quantity"))
    if not quantity or tax > gross:
        raise BadBody("a line needs a quantity, and no more tax than its total")
    return Line(
        id=base.named(one.get("id"), "a line's id"),
        sku=base.text(one.get("sku")),
        names=[base.text(one["product_id"])] if one.get("product_id") else [],
        title=base.text(one.get("title"), 200),
        quantity=quantity,
        gross=gross,
        tax=tax,
    )


def _back(one: dict[str, Any], currency: str) -> Back:
    whole = base.amount(one.get("total"), currency, "a refund's total")
    lines = {
        base.named(key, "a line's id"): base.amount(value, currency, "a refund's line")
        for key, value in list(base.inside(one.get("lines")).items())[: base.MOST_LINES]
    }
    if sum(lines.values()) > whole:
        raise BadBody("a refund's lines are more than its total")
    return Back(base.named(one.get("id"), "a refund's id"), lines, whole - sum(lines.values()))
