"""Shopify's webhooks: orders, refunds, fulfilments, and the app being removed.

What a message is follows from its signed body; the topic, a header that nothing signs, must fit.
Amounts are those of `currency`, the shop's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.ownshops import base
from shop.ownshops.base import Back, BadBody, Line, StockItem, Told

SIGNATURE = "X-Shopify-Hmac-Sha256"
TOPICS = (
    "orders/paid orders/updated orders/edited orders/cancelled refunds/create fulfillments/create "
    "fulfillments/update fulfillment_events/create app/uninstalled"
).split()
STOCK_TOPICS = ["inventory_levels/update", "products/update"]
PARCEL_TOPICS = ["orders/fulfilled", "orders/partially_fulfilled"]  # rings: what left is asked for
PAID = {"paid", "partially_refunded", "refunded"}


def parse(headers: Mapping[str, str], body: bytes, currency: str) -> Told:
    """Return what a signed body says; `currency` is the brand's, for refunds that name none."""
    topic = base.text(headers.get("X-Shopify-Topic"), 40)
    event = base.text(headers.get("X-Shopify-Event-Id") or headers.get("X-Shopify-Webhook-Id"))
    facts = base.load(body)
    readers = {
        "orders/paid": _order,
        "orders/updated": _order,
        "orders/cancelled": _order,
        "orders/edited": _edited,
        "refunds/create": _refund,
        "fulfillments/create": _fulfilment,
        "fulfillments/update": _fulfilment,
        "fulfillment_events/create": _carrier,
        "app/uninstalled": _uninstalled,
        "orders/fulfilled": _sent,
        "orders/partially_fulfilled": _sent,
        "inventory_levels/update": _level,
        "products/update": _product,
    }
    if topic not in readers:
        return Told(kind=topic or "?", event=event)
    return readers[topic](topic, event, facts, currency)


def _order(topic: str, event: str, facts: dict[str, Any], _currency: str) -> Told:
    about = base.named(facts.get("id"), "the order's id")
    currency = base.currency_of(facts.get("currency"))
    if not isinstance(facts.get("line_items"), list):
        raise BadBody("the order has no lines")
    status = base.text(facts.get("financial_status"), 30)
    shipped, delivered, off = _parcels(base.rows(facts.get("fulfillments")))
    landing = base.text(facts.get("landing_site"), 1000)
    codes = [base.text(one.get("code"), 60) for one in base.rows(facts.get("discount_codes"))]
    notes = base.rows(facts.get("note_attributes"))
    where = base.inside(facts.get("shipping_address")) or base.inside(facts.get("billing_address"))
    return Told(
        kind=topic,
        about=about,
        event="" if topic == "orders/updated" else event,  # one act may update it twice
        currency=currency,
        version=base.moment(facts.get("updated_at")),
        placed_at=base.moment(facts.get("created_at")),
        paid=status in PAID,
        test=facts.get("test") is True,
        all_back=status == "refunded" or bool(base.moment(facts.get("cancelled_at"))),
        total=base.amount(facts.get("total_price"), currency, "the order's total"),
        lines=_lines(facts, currency),
        backs=[_back(one, currency) for one in base.rows(facts.get("refunds"))],
        shipped=shipped,
        delivered=delivered,
        off=off,
        codes=[code for code in codes if code],
        landing=landing,
        cart=next(
            (base.text(n.get("value"), 300) for n in notes if n.get("name") == base.PARAMETER), ""
        ),
        ours=_ours(facts),
        email=base.text(facts.get("email"), 254),
        country=base.text(where.get("country_code"), 2).upper(),
    )


def _ours(facts: dict[str, Any]) -> str:
    """Return our number on an order that we pushed, from the two places where it stands."""
    tags = base.text(facts.get("tags"), 1000).split(",")
    tagged = [tag.strip() for tag in tags if tag.strip().startswith("TH-")]
    return base.text(facts.get("source_identifier"), 40) or "".join(tagged[:1])[:40]


def _lines(facts: dict[str, Any], currency: str) -> list[Line]:
    included = facts.get("taxes_included") is True
    found = []
    for one in base.rows(facts.get("line_items")):
        quantity = base.pieces(one.get("quantity"))
        if not quantity:
            continue
        price = base.amount(one.get("price"), currency, "a line's price")
        if isinstance(one.get("discount_allocations"), list):
            shares = base.rows(one["discount_allocations"])
            off = sum(
                base.optional(share.get("amount"), currency, "a discount") for share in shares
            )
        else:
            off = base.optional(one.get("total_discount"), currency, "a discount")
        tax = _tax(one, currency)
        gross = price * quantity - off + (0 if included else tax)
        if gross < 0 or tax > gross:
            raise BadBody("a line's discount or tax is more than its price")
        found.append(
            Line(
                id=base.named(one.get("id"), "a line's id"),
                sku=base.text(one.get("sku")),
                names=[base.text(one.get(k)) for k in ("variant_id", "product_id") if one.get(k)],
                title=base.text(one.get("title"), 200),
                quantity=quantity,
                gross=gross,
                tax=tax,
                less=_less(one, quantity),
                variant=base.text(one.get("variant_title"), 200),
            )
        )
    return found


def _less(one: dict[str, Any], quantity: int) -> int:
    """Return the pieces that are not of the order any more, taken off or given back."""
    if one.get("current_quantity") is None:
        return 0
    return max(0, quantity - base.pieces(one["current_quantity"]))


def _tax(one: dict[str, Any], currency: str) -> int:
    return sum(
        base.optional(tax.get("price"), currency, "a tax")
        for tax in base.rows(one.get("tax_lines"))
    )


def _edited(topic: str, event: str, facts: dict[str, Any], _currency: str) -> Told:
    """An edit names pieces by line, no money: what was added counts when it is paid."""
    edit = base.inside(facts.get("order_edit"))
    about = base.named(edit.get("order_id"), "the order's id")
    changes = base.inside(edit.get("line_items"))
    removed: dict[str, int] = {}
    for one in base.rows(changes.get("removals")):
        key = base.named(one.get("id"), "a line's id")
        removed[key] = removed.get(key, 0) + base.pieces(one.get("delta"))
    return Told(
        kind=topic,
        about=about,
        event=event,
        version=base.moment(edit.get("committed_at") or edit.get("created_at")),
        edit=base.named(edit.get("id"), "the edit's id"),
        removed=removed,
        added=bool(base.rows(changes.get("additions"))),
    )


def _refund(topic: str, event: str, facts: dict[str, Any], currency: str) -> Told:
    about = base.named(facts.get("order_id"), "the order's id")
    if not isinstance(facts.get("refund_line_items"), list):
        raise BadBody("the refund has no list of lines")
    named = _shop_currency(facts)
    back = _back(facts, named or currency)
    return Told(kind=topic, about=about, event=event, currency=named, backs=[back])


def _shop_currency(facts: dict[str, Any]) -> str:
    """Return the shop's own currency, in which a refund tells its lines; "" where it names none.

    Its transactions are in the shopper's.
    """
    sets = [facts.get("total_duties_set")]
    sets += [one.get("subtotal_set") for one in base.rows(facts.get("refund_line_items"))]
    sets += [one.get("amount_set") for one in base.rows(facts.get("order_adjustments"))]
    told = [base.inside(base.inside(one).get("shop_money")).get("currency_code") for one in sets]
    told += [one.get("currency") for one in base.rows(facts.get("transactions"))]
    return next((base.currency_of(one) for one in told if one), "")


def _back(facts: dict[str, Any], currency: str) -> Back:
    """Return a refund: what was really paid back, over the lines that it names.

    Shipping that was given back is told apart and is not of the goods. A refund that moved no
    money tells of goods taken off an order. One that was paid in another currency than the shop's
    is worth its lines and shipping, less what the shop notes as the difference.
    """
    moves = [
        one for one in base.rows(facts.get("transactions"))
        if one.get("kind") == "refund" and one.get("status") == "success"
    ]  # fmt: skip
    adjustments: dict[str, int] = {}
    for one in base.rows(facts.get("order_adjustments")):
        kind, name = base.text(one.get("kind")), "an adjustment"
        worth = base.signed(one.get("amount"), currency, name)
        worth += base.signed(one.get("tax_amount") or 0, currency, name)
        adjustments[kind] = adjustments.get(kind, 0) + worth
    shipping = abs(adjustments.get("shipping_refund", 0))
    lines: dict[str, int] = {}
    pieces: dict[str, int] = {}
    for one in base.rows(facts.get("refund_line_items")):
        line = base.inside(one.get("line_item"))
        key = base.named(one.get("line_item_id") or line.get("id"), "a line's id")
        if "subtotal" in one:
            value = base.amount(one["subtotal"], currency, "a refund")
        else:
            price = base.amount(line.get("price"), currency, "a line's price")
            value = price * base.pieces(one.get("quantity"))
        lines[key] = lines.get(key, 0) + value + base.optional(one.get("total_tax"), currency)
        pieces[key] = pieces.get(key, 0) + base.pieces(one.get("quantity") or 0)
    if any(one.get("currency") not in (None, "", currency) for one in moves):
        moved = sum(lines.values()) + shipping - adjustments.get("refund_discrepancy", 0)
    else:
        moved = sum(base.amount(one.get("amount"), currency, "a refund") for one in moves)
    goods = max(0, moved - shipping)
    share = min(goods, sum(lines.values()))
    parts = base.money.split(share, list(lines.values())) if share else [0] * len(lines)
    return Back(
        id=base.named(facts.get("id"), "the refund's id"),
        lines=dict(zip(lines, parts, strict=True)),
        rest=goods - share,
        pieces=pieces,
    )


def _parcels(
    fulfilments: list[dict[str, Any]],
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Return when parcels left, when they arrived, and those that were cancelled."""
    shipped, delivered, off = {}, {}, []
    for one in fulfilments:
        key = base.named(one.get("id"), "the fulfilment's id")
        if one.get("status") in ("cancelled", "error", "failure"):
            off.append(key)
            continue
        if sent := base.moment(one.get("created_at")):
            shipped[key] = sent
        arrived = base.moment(one.get("updated_at"))
        if one.get("shipment_status") == "delivered" and arrived:
            delivered[key] = arrived
    return shipped, delivered, off


def _fulfilment(topic: str, event: str, facts: dict[str, Any], _currency: str) -> Told:
    about = base.named(facts.get("order_id"), "the order's id")
    shipped, delivered, off = _parcels([facts])
    return Told(
        kind=topic,
        about=about,
        event=event,
        version=base.moment(facts.get("updated_at")) if off else "",
        shipped=shipped,
        delivered=delivered,
        off=off,
    )


def _carrier(topic: str, event: str, facts: dict[str, Any], _currency: str) -> Told:
    about = base.named(facts.get("order_id"), "the order's id")
    parcel = base.named(facts.get("fulfillment_id"), "the fulfilment's id")
    arrived = base.moment(facts.get("happened_at"))
    delivered = {parcel: arrived} if facts.get("status") == "delivered" and arrived else {}
    return Told(kind=topic, about=about, event=event, delivered=delivered)


def _sent(topic: str, event: str, facts: dict[str, Any], _currency: str) -> Told:
    """A parcel left. It may be of any order there: no more of it is kept than which one it is."""
    return Told(kind=topic, about=base.named(facts.get("id"), "the order's id"), event=event)


def _uninstalled(topic: str, event: str, facts: dict[str, Any], _currency: str) -> Told:
    if not base.text(facts.get("myshopify_domain")) or "line_items" in facts:
        raise BadBody("the body is not that of a shop")
    return Told(kind=topic, event=event, uninstalled=True)


# ------------------------------------------------------------------ stock


# One act in the shop, with one event id, may change many: each is known by what it says.


def _level(topic: str, _event: str, facts: dict[str, Any], _currency: str) -> Told:
    """How many of one item lie in one place; null where they are not counted."""
    at = base.moment(facts.get("updated_at"))
    if not at:
        raise BadBody("updated_at is missing")
    item = base.named(facts.get("inventory_item_id"), "inventory_item_id")
    place = base.named(facts.get("location_id"), "location_id")
    if "available" not in facts:
        raise BadBody("available is missing")
    count = _count(facts["available"])
    return Told(kind=topic, stock=[StockItem("", "", item, "", place, count, at)])


def _count(value: object) -> int | None:
    """Return pieces; what was oversold there is none left."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadBody("the stock is no number of pieces")
    return base.count_of(value)


def _product(topic: str, _event: str, facts: dict[str, Any], _currency: str) -> Told:
    """Each variant with the sum of its places."""
    if not isinstance(facts.get("variants"), list) or "line_items" in facts:
        raise BadBody("the body is not that of a product")
    parent = base.named(facts.get("id"), "the product's id")
    items = []
    for one in base.rows(facts["variants"]):
        at = base.moment(one.get("updated_at") or facts.get("updated_at"))
        if not at:
            raise BadBody("updated_at is missing")
        counted = bool(base.text(one.get("inventory_management")))
        item = base.text(one.get("inventory_item_id"), 64)
        names = (base.named(one.get("id"), "a variant's id"), parent, item)
        count = _count(one.get("inventory_quantity")) if counted else None
        items.append(StockItem(*names, base.text(one.get("sku")), base.ALL, count, at))
    return Told(kind=topic, stock=items)
