"""WooCommerce's webhooks: an order as it is, each time it changes.

A refund is a negative total on its order. Moments without a zone are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from shop.ownshops import base
from shop.ownshops.base import Back, BadBody, Line, StockItem, Told

SIGNATURE = "X-WC-Webhook-Signature"
TOPICS = ["order.created", "order.updated", "order.deleted"]
STOCK_TOPICS = ["product.updated"]
MARK = "_thousand_order"  # in the meta data of an order that we pushed: our number
ARRIVED = "delivered"  # a status of the plugins that follow parcels, as "shipped" is
LEFT = {"completed", "shipped", ARRIVED}
PAID = {"processing", "partial-shipped", "refunded", *LEFT}
BACK = {"refunded", "cancelled"}
NOT_YET = {"pending", "processing", "on-hold"}  # after "completed": it was set back
LANDED = "_wc_order_attribution_session_entry"  # the address that the visit began at


def parse(headers: Mapping[str, str], body: bytes, currency: str) -> Told:
    topic = base.text(headers.get("X-WC-Webhook-Topic"), 40)
    facts = base.load(body)
    if topic == "order.deleted" and "line_items" not in facts:
        return Told(kind=topic, about=base.named(facts.get("id"), "the order's id"), all_back=True)
    if topic in STOCK_TOPICS:
        return _product(topic, facts)
    if topic not in TOPICS:
        return Told(kind=topic or "?")
    return _order(topic, facts)


def _order(topic: str, facts: dict[str, Any]) -> Told:
    about = base.named(facts.get("id"), "the order's id")
    currency = base.currency_of(facts.get("currency"))
    if not isinstance(facts.get("line_items"), list):
        raise BadBody("the order has no lines")
    status = base.text(facts.get("status"), 30)
    meta = {
        one["key"]: base.text(one.get("value"), 1000)
        for one in base.rows(facts.get("meta_data"))
        if isinstance(one.get("key"), str)
    }
    changed = base.moment(facts.get("date_modified_gmt") or facts.get("date_modified"))
    completed = base.moment(facts.get("date_completed_gmt") or facts.get("date_completed"))
    left = completed or (changed if status != "completed" else "")
    billing = base.inside(facts.get("billing"))
    where = base.inside(facts.get("shipping"))
    coupons = base.rows(facts.get("coupon_lines"))
    codes = [base.text(one.get("code"), 60) for one in coupons]
    return Told(
        kind=topic,
        about=about,
        currency=currency,
        version=changed,
        placed_at=base.moment(facts.get("date_created_gmt") or facts.get("date_created")),
        paid=status in PAID
        or (status == "cancelled" and bool(base.moment(facts.get("date_paid")))),
        test=meta.get("_wcpay_mode") == "test",
        all_back=status in BACK,
        total=base.amount(facts.get("total"), currency, "the order's total"),
        lines=[_line(one, currency) for one in base.rows(facts.get("line_items"))],
        whole=True,
        backs=[
            Back(
                base.named(one.get("id"), "the refund's id"),
                {},
                abs(base.signed(one.get("total"), currency, "a refund")),
            )
            for one in base.rows(facts.get("refunds"))
        ],
        shipped={"order": left} if status in LEFT and left else {},
        delivered={"order": changed} if status == ARRIVED and changed else {},
        off=["order"] if status in NOT_YET else [],
        codes=[code for code in codes if code],
        landing=meta.get(LANDED, ""),
        cart=(meta.get(base.PARAMETER) or meta.get(f"_{base.PARAMETER}", ""))[:300],
        ours=meta.get(MARK, "")[:40],
        email=base.text(billing.get("email"), 254),
        country=base.text(where.get("country") or billing.get("country"), 2).upper(),
    )


def _line(one: dict[str, Any], currency: str) -> Line:
    tax = base.amount(one.get("total_tax"), currency, "a line's tax")
    names = [base.text(one.get(key)) for key in ("variation_id", "product_id") if one.get(key)]
    return Line(
        id=base.named(one.get("id"), "a line's id"),
        sku=base.text(one.get("sku")),
        names=names,
        title=base.text(one.get("name"), 200),
        quantity=max(1, base.pieces(one.get("quantity"))),
        gross=base.amount(one.get("total"), currency, "a line's total") + tax,
        tax=tax,
    )


# ------------------------------------------------------------------ stock


def _product(topic: str, facts: dict[str, Any]) -> Told:
    """A product or a variation as it is; that of variations is not in their product."""
    if "line_items" in facts or not isinstance(facts.get("stock_status"), str):
        raise BadBody("the body is not that of a product")
    if facts.get("type") == "variable":
        return Told(kind=topic, restocked=True)
    if facts.get("manage_stock") == "parent":
        return Told(kind=topic, restocked=True)
    item = item_of(facts)
    if not item.version:
        raise BadBody("date_modified is missing")
    return Told(kind=topic, stock=[item])


def item_of(row: dict[str, Any], parent: dict[str, Any] | None = None) -> StockItem:
    """Return the stock of a product, or of one variation of `parent`, which may keep it."""
    keeps = row
    if row.get("manage_stock") == "parent" and parent:
        keeps = parent
    if row.get("manage_stock"):
        count = keeps.get("stock_quantity")
        is_number = isinstance(count, int | float | Decimal) and not isinstance(count, bool)
        count = base.count_of(count) if is_number else 0
    else:
        count = None if row.get("stock_status") in ("instock", "onbackorder") else 0
    above = (parent or {}).get("id") or row.get("parent_id")
    versions = [base.moment(one.get("date_modified_gmt") or one.get("date_modified"))
                for one in (row, keeps)]  # fmt: skip
    return StockItem(
        external_id=base.named(row.get("id"), "the product's id"),
        parent_id=base.text(above, 64) if above else "",
        item_id="",
        sku=base.text(row.get("sku")),
        place="",
        count=count,
        version=max(versions),
    )
