"""Orders of brands' own shops as orders here: lines that the brand sells, and what went back.

An order is brought to the sum of its messages (`ownshops.state`), again and again. A line that
grows gets a row for what is new; a line that shrinks, or loses pieces, was given back in part.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from shop import orders, parcels, refunds, signals
from shop.checkout import seller_of
from shop.countries import COUNTRIES
from shop.feeds.shopify import NO_OPTION
from shop.models import BrandOrder, Integration, Order, OrderLine, Payment, Variant
from shop.ownshops import base, state, words
from shop.ownshops.base import Line
from shop.ownshops.state import State
from shop.pricing import tax_part

ARRIVED_WITHIN = timedelta(days=45)  # of payment: what is told to have come later came then
MERCHANT_COUNTRIES = sorted({code for code, _name in COUNTRIES} | {"US", "GB"})
GROWN = "\t"  # between the id there and a count: no id there holds it


class Refused(Exception):
    """The message fits no order of ours; the text is a note of `ownshops.words`."""


def key_of(integration: Integration, about: str) -> str:
    """Return the checkout key of an order there: it makes one order here."""
    return hashlib.sha256(f"own-shop:{integration.pk}:{about}".encode()).hexdigest()


def find(integration: Integration, about: str) -> Order | None:
    return Order.objects.filter(checkout_key=key_of(integration, about)).first()


def bring(
    integration: Integration, about: str, now: State, known: dict[str, Variant], at: datetime
) -> tuple[Order, list[str]]:
    """Bring the order here to what is known of it; return it and what is to be said."""
    gone = state.gone(now, {}, at)
    left = {key: line.gross - gone[key] for key, line in now.lines.items()}
    order = _order(find(integration, about), integration, about, now, known, left)
    part = order.parts.get()
    _arrive(part, now)
    return order, _give_back(order, part, now, at)


def match(integration: Integration, now: State) -> tuple[dict[str, Variant], list[Line]]:
    """Return the brand's variant of each line by the line's id, and the lines without one.

    By SKU, else by an id of variant or product where that leaves one variant, else, of a line
    without a SKU, by its name. Raises Refused for a product in another currency.
    """
    lines = [line for line in now.lines.values() if line.gross]
    names = {name for line in lines for name in line.names}
    rows = Variant.objects.filter(brand=integration.brand_id).select_related("product")
    skus = {sku for line in lines for sku in _skus(line)}
    by_sku = {one.sku: one for one in rows.filter(sku__in=skus)}
    by_name: dict[str, list[Variant]] = {}
    for one in rows.filter(product__external_id__in=names, is_active=True):
        by_name.setdefault(one.product.external_id, []).append(one)
    found: dict[str, Variant] = {}
    for line in lines:
        named = [by_name[name] for name in line.names if len(by_name.get(name, [])) == 1]
        fits = next((by_sku[sku] for sku in _skus(line) if sku in by_sku), None)
        if variant := fits or (named[0][0] if named else None):
            found[line.id] = variant
    nameless = [line for line in lines if line.id not in found and not line.sku]
    found |= _by_title(rows, nameless) if nameless else {}
    for variant in found.values():
        if variant.product.currency != now.currency:
            facts = (now.currency, variant.sku, variant.product.currency)
            raise Refused(words.note("product_currency", *facts))
    return found, [line for line in lines if line.id not in found]


def _skus(line: Line) -> list[str]:
    """Return what a catalogue may call a line: its SKU, or what stands there in place of one.

    WooCommerce's export has ids, Shopify's Merchant feed ids of product and variant by country.
    """
    found = [line.sku] if line.sku else []
    found += [f"id:{name}" for name in line.names]
    if len(line.names) == 2:
        variant, product = line.names
        found += [f"shopify_{code}_{product}_{variant}" for code in MERCHANT_COUNTRIES]
    return found


def _by_title(rows: QuerySet[Variant], lines: list[Line]) -> dict[str, Variant]:
    """Return the one variant on sale that is called like each line, by the line's id."""
    called: dict[tuple[str, str], list[Variant]] = {}
    titles = {line.title for line in lines if line.title}
    for one in rows.filter(is_active=True, product__title__in=titles):
        label = " / ".join(value for _name, value in one.options)
        called.setdefault((one.product.title, label), []).append(one)
    found = {}
    for line in lines:
        label = "" if line.variant.lower() == NO_OPTION else line.variant
        if len(those := called.get((line.title, label), [])) == 1:
            found[line.id] = those[0]
    return found


def left_out(lines: list[Line]) -> str:
    if not lines:
        return ""
    names = ", ".join((line.sku or line.title or line.id)[:40] for line in lines[:5])
    return words.note("left_out", names)


def _order(
    order: Order | None, integration: Integration, about: str, now: State,
    known: dict[str, Variant], left: dict[str, int],
) -> Order:  # fmt: skip
    """Return the order here with every known line, paid; what is new is credited.

    `left`: what of each line is not given back, by its id there.
    """
    fresh = order is None
    if order is None:
        order = _place(integration, about, now)
    part = order.parts.get()
    have = _rows(part)
    added = [
        row for key, variant in known.items()
        if (row := _line(part, now.lines[key], variant, have.get(key, []), left[key]))
    ]  # fmt: skip
    OrderLine.objects.bulk_create(added)
    if fresh:
        payment = Payment.objects.create(
            order=order,
            gateway=integration.provider,
            kind=Payment.Kind.CAPTURE,
            amount=orders.total(order),
            currency=order.currency,
            reference=f"{integration.pk}:{about}",
            external=True,
            created_at=now.paid_at,
        )
        orders.mark_paid(order, payment, now.paid_at)
    elif added:
        orders.tell(signals.order_paid, order=order)
    return Order.objects.get(pk=order.pk)


def _rows(part: BrandOrder) -> dict[str, list[OrderLine]]:
    """Return the rows of each line by its id there, the first one first."""
    found = defaultdict(list)
    for row in part.lines.order_by("pk"):
        found[row.external_id.partition(GROWN)[0]].append(row)
    return dict(found)


def _left(rows: list[OrderLine]) -> int:
    """Return what of these rows is not given back."""
    return sum(row.gross - row.refunded_gross - row.charged_back_gross for row in rows)


def _place(integration: Integration, about: str, now: State) -> Order:
    key = key_of(integration, about)
    order = Order.objects.create(
        number=orders.new_number(),
        checkout_key=key,
        token_hash=orders.hash_token(orders.token_of(key)),
        currency=now.currency,
        email=now.email,
        country=now.country,
        referral={
            "own_shop": {
                "codes": now.codes,
                "discount_link": base.discount_in(now.landing),
                "landing": base.click_in(now.landing),
                "cart": now.cart,
            }
        },
        own_shop=True,
        integration=integration,
        placed_at=min(now.placed_at or now.paid_at, now.paid_at),
    )
    brand = integration.brand
    BrandOrder.objects.create(
        order=order, brand=brand, seller=seller_of(brand), return_days=brand.return_days
    )
    return order


def _line(
    part: BrandOrder, line: Line, variant: Variant, rows: list[OrderLine], left: int
) -> OrderLine | None:
    """Return the row of a line, or of what is left of it beyond its rows; None where nothing is."""
    gross = left - _left(rows) if rows else line.gross
    if gross <= 0:
        return None
    quantity = max(1, line.quantity * gross // line.gross)
    tax = tax_part(gross, line.gross, line.tax)
    unit, net = -(-gross // quantity), gross - tax
    return OrderLine(
        brand_order=part,
        variant=variant,
        title=line.title or variant.product.title,
        options=variant.options,
        withdrawal=variant.product.withdrawal,
        quantity=quantity,
        unit_price=unit,
        discount=unit * quantity - gross,
        tax_bp=(tax * 10_000 + net // 2) // net if net else 0,
        gross=gross,
        tax=tax,
        external_id=f"{line.id}{GROWN}{len(rows)}" if rows else line.id,
    )


# ------------------------------------------------------------------ on its way, and back


def _arrive(part: BrandOrder, now: State) -> None:
    """Bring shipping and delivery to what is told; a carrier goes before our assumption.

    Whatever a shop says of the future, or says again and again: no sale waits for ever.
    """
    latest = now.paid_at + ARRIVED_WITHIN
    shipped, delivered = (
        moment and min(moment, latest) for moment in (now.shipped_at, now.delivered_at)
    )
    if not (shipped or delivered or now.set_back):
        return
    part.refresh_from_db()
    shipped = shipped or delivered
    if delivered is None and shipped == part.shipped_at:
        delivered = part.delivered_at
    if (shipped, delivered) == (part.shipped_at, part.delivered_at):
        return
    moved = delivered != part.delivered_at
    part.shipped_at, part.delivered_at = shipped, delivered
    part.save(update_fields=["shipped_at", "delivered_at"])
    if moved:
        orders.tell(signals.order_delivered, brand_order=part)


def assume_delivered(at: datetime, limit: int = 500) -> int:
    """Call parcels delivered whose brand's days after shipping are over; return how many."""
    rows = BrandOrder.objects.filter(
        order__own_shop=True, order__integration__isnull=False,
        shipped_at__isnull=False, delivered_at=None,
    )  # fmt: skip
    day = timedelta(days=1)
    due = rows.filter(
        shipped_at__lte=at - day * F("order__integration__delivered_after_days")
    ).select_related("order__integration")
    done = 0
    for part in due.order_by("shipped_at")[:limit]:
        days = part.order.integration.delivered_after_days
        done += parcels.deliver(part, part.shipped_at + timedelta(days=days))
    return done


def _give_back(order: Order, part: BrandOrder, now: State, at: datetime) -> list[str]:
    """Book what has gone back of each line and is not booked; return what is to be said."""
    lines = _rows(part)
    closes = _closes(order, lines)
    target = state.gone(now, closes, at)
    shares = {}
    for key, rows in lines.items():
        if key not in now.lines:
            continue
        more = _left(rows) - (now.lines[key].gross - target[key])
        for row in reversed(rows):  # what came last goes back first
            part_of = min(more, row.gross - row.refunded_gross - row.charged_back_gross)
            if part_of > 0:
                shares["line", row.pk] = part_of
                more -= part_of
    if shares:
        refunds.refund(order, at=at, shares=shares, reason="in the brand's own shop")
    if state.gone(now, {}, at) != target:
        return ["too_late"]
    return []


def _closes(order: Order, lines: dict[str, list[OrderLine]]) -> dict[str, datetime]:
    """Return until when what goes back of a line counts, by the line's id there."""
    asked = signals.sales_close.send(sender=Order, order=order)
    known: dict[int, datetime] = {}
    for _listener, answer in asked:
        known |= answer or {}
    return {key: known[rows[0].pk] for key, rows in lines.items() if rows[0].pk in known}
