"""Orders of brands' own shops: each message once, in any order, one order there is one here.

receive(integration, told, digest, at) -> WebhookEvent   # kept, and applied if it can be
replay(row, at) -> WebhookEvent                          # apply again what was refused or failed

A message and its effect are one transaction. What an order is follows from all its messages
(`ownshops.state`), so a message that comes early waits by itself and a repeated one adds nothing.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from config.lib import money
from shop import integrations, orders, parcels, refunds, signals
from shop.checkout import seller_of
from shop.models import BrandOrder, Integration, Order, OrderLine, Payment, Variant, WebhookEvent
from shop.ownshops import base, state, words
from shop.ownshops.base import Line, Told
from shop.ownshops.state import State

logger = logging.getLogger(__name__)
Outcome = WebhookEvent.Outcome
OUT = [Outcome.REFUSED, Outcome.FAILED]
MOST_MESSAGES = 500  # of one order


class Refused(Exception):
    """The message fits no order of ours; the text is a note of `ownshops.words`."""


class Altered(Exception):
    """A message that we know came back with other contents."""


@transaction.atomic
def receive(integration: Integration, told: Told, digest: str, at: datetime) -> WebhookEvent:
    """Keep a signed message and apply it; again, it changes nothing. Raises Altered."""
    about = told.about if integration.provider != Integration.Provider.API else ""
    name = f"{told.kind}:{about}:{told.event or digest}"
    row, fresh = WebhookEvent.objects.get_or_create(
        gateway=integration.provider,
        external_id=f"{integration.pk}:{hashlib.sha256(name.encode()).hexdigest()}",
        defaults={
            "kind": told.kind[:60],
            "about": told.about,
            "integration": integration,
            "body": {"received_at": at.isoformat(), "told": told.as_json()},
            "body_sha256": digest,
        },
    )
    if not fresh:
        if row.body_sha256 != digest:
            raise Altered(f"{integration} {told.kind} of {told.about} came back altered")
        return row
    return _apply_safely(row)


@transaction.atomic
def refuse(integration: Integration, kind: str, why: str, digest: str) -> WebhookEvent:
    """Keep that a signed message could not be read."""
    row, _fresh = WebhookEvent.objects.get_or_create(
        gateway=integration.provider,
        external_id=f"{integration.pk}:{digest}",
        defaults={
            "kind": kind[:60] or "?", "integration": integration, "body": {},
            "body_sha256": digest, "outcome": Outcome.REFUSED,
            "note": words.note("body", why)[:300],
        },
    )  # fmt: skip
    return row


@transaction.atomic
def replay(row: WebhookEvent) -> WebhookEvent:
    """Apply a kept message again, as if it came when it did; harmless where it was applied."""
    row = WebhookEvent.objects.select_for_update(of=("self",)).get(pk=row.pk)
    return _apply_safely(row) if row.body else row


def _apply_safely(row: WebhookEvent) -> WebhookEvent:
    """Apply under a savepoint; what goes wrong is kept with its reason."""
    try:
        with transaction.atomic():
            row.outcome, row.note = Outcome.APPLIED, ""
            _apply(row)
    except Refused as error:
        row.outcome, row.note = Outcome.REFUSED, str(error)[:300]
    except Exception as error:
        logger.exception("message %s of an own shop was not applied", row.pk)
        row.outcome, row.note = Outcome.FAILED, words.note("error", type(error).__name__)
    row.save(update_fields=["outcome", "note", "order"])
    return row


def _apply(row: WebhookEvent) -> None:
    told, integration = Told.from_json(row.body["told"]), row.integration
    if told.uninstalled:
        integrations.switch(integration, on=False)
        row.note = "removed"
        return
    if integration.state == Integration.State.OFF:
        row.outcome, row.note = Outcome.IGNORED, "off"
        return
    if not told.about:
        row.outcome, row.note = Outcome.IGNORED, "not_used"
        return
    _lock(integration, told.about)
    at = base.at(row.body["received_at"])
    now = state.fold(_messages(row))
    order = Order.objects.filter(checkout_key=_key(integration, told.about)).first()
    _check(told, now, order)
    if now.paid_at is None:
        row.outcome, row.note = Outcome.IGNORED, "waiting"
        return
    known, unknown = _matched(integration, now)
    if not known:
        raise Refused(_left_out(unknown) or "no_lines")
    is_test = integrations.has_test_mark(integration, now.landing, now.cart)
    said = []
    if is_test and integrations.turn_green(integration, at):
        said.append("tested")
    if now.test:
        row.note = "; ".join([*said, "shop_test"])[:300]
        return
    order = _order(order, integration, told.about, now, known, at)
    row.order = order
    part = order.parts.get()
    _arrive(part, integration, now)
    said += _give_back(order, part, now, at)
    if unknown:
        said.append(_left_out(unknown))
    row.note = "; ".join(said)[:300]


def _lock(integration: Integration, about: str) -> None:
    with connection.cursor() as cursor:
        key = f"own-shop:{integration.pk}:{about}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _key(integration: Integration, about: str) -> str:
    """Return the checkout key of an order there: it makes one order here."""
    return hashlib.sha256(f"own-shop:{integration.pk}:{about}".encode()).hexdigest()


def _messages(row: WebhookEvent) -> list[tuple[datetime, Told]]:
    rows = row.integration.events.filter(about=row.about).exclude(pk=row.pk)
    kept = list(rows.exclude(outcome__in=OUT).order_by("pk")[:MOST_MESSAGES])
    return [(base.at(one.body["received_at"]), Told.from_json(one.body["told"]))
            for one in [*kept, row]]  # fmt: skip


def _check(told: Told, now: State, order: Order | None) -> None:
    """Signed is not enough: currency and amounts are compared. Raises Refused."""
    expected = order.currency if order else now.currency
    if told.currency and expected and told.currency != expected:
        raise Refused(words.note("currency", told.currency, expected))
    goods = sum(line.gross for line in told.lines)
    rounded = len(told.lines)  # each line's tax may be a cent off
    if told.paid and told.total is not None and goods > told.total + rounded:
        amounts = [money.decimal(one, told.currency) for one in (goods, told.total)]
        raise Refused(words.note("total", *amounts))


def _matched(integration: Integration, now: State) -> tuple[dict[str, Variant], list[Line]]:
    """Return the brand's variant of each line by the line's id, and the lines without one.

    By SKU, else by an id of variant or product where that leaves one variant. Raises Refused
    for a product in another currency.
    """
    lines = [line for line in now.lines.values() if line.gross]
    names = {name for line in lines for name in line.names}
    rows = Variant.objects.filter(brand=integration.brand_id).select_related("product")
    by_sku = {one.sku: one for one in rows.filter(sku__in={line.sku for line in lines} - {""})}
    by_name: dict[str, list[Variant]] = {}
    for one in rows.filter(product__external_id__in=names, is_active=True):
        by_name.setdefault(one.product.external_id, []).append(one)
    found: dict[str, Variant] = {}
    for line in lines:
        named = [by_name[name] for name in line.names if len(by_name.get(name, [])) == 1]
        variant = by_sku.get(line.sku) or (named[0][0] if named else None)
        if variant is None:
            continue
        if variant.product.currency != now.currency:
            facts = (now.currency, variant.sku, variant.product.currency)
            raise Refused(words.note("product_currency", *facts))
        found[line.id] = variant
    return found, [line for line in lines if line.id not in found]


def _left_out(lines: list[Line]) -> str:
    if not lines:
        return ""
    names = ", ".join((line.sku or line.title or line.id)[:40] for line in lines[:5])
    return words.note("left_out", names)


def _order(
    order: Order | None, integration: Integration, about: str, now: State,
    known: dict[str, Variant], at: datetime,
) -> Order:  # fmt: skip
    """Return the order here with every known line, paid; what is new is credited."""
    fresh = order is None
    if order is None:
        order = _place(integration, about, now)
    part = order.parts.get()
    have = set(part.lines.values_list("external_id", flat=True))
    added = [
        _line(part, now.lines[key], variant) for key, variant in known.items() if key not in have
    ]
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


def _place(integration: Integration, about: str, now: State) -> Order:
    key = _key(integration, about)
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


def _line(part: BrandOrder, line: Line, variant: Variant) -> OrderLine:
    unit = -(-line.gross // line.quantity)
    net = line.gross - line.tax
    return OrderLine(
        brand_order=part,
        variant=variant,
        title=line.title or variant.product.title,
        options=variant.options,
        withdrawal=variant.product.withdrawal,
        quantity=line.quantity,
        unit_price=unit,
        discount=unit * line.quantity - line.gross,
        tax_bp=(line.tax * 10_000 + net // 2) // net if net else 0,
        gross=line.gross,
        tax=line.tax,
        external_id=line.id,
    )


# ------------------------------------------------------------------ on its way, and back


def _arrive(part: BrandOrder, integration: Integration, now: State) -> None:
    """Bring shipping and delivery to what is told; a carrier goes before our assumption."""
    if not now.shipped_at and not now.delivered_at:
        return
    part.refresh_from_db()
    shipped, delivered = now.shipped_at or now.delivered_at, now.delivered_at
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
    lines = {line.external_id: line for line in part.lines.all()}
    closes = _closes(order, lines)
    target = state.gone(now, closes, at)
    shares = {
        ("line", line.pk): more
        for key, line in lines.items()
        if (more := min(target.get(key, 0), line.gross - line.charged_back_gross)
            - line.refunded_gross) > 0
    }  # fmt: skip
    if shares:
        refunds.refund(order, at=at, shares=shares, reason="in the brand's own shop")
    if state.gone(now, {}, at) != target:
        return ["too_late"]
    return []


def _closes(order: Order, lines: dict[str, OrderLine]) -> dict[str, datetime]:
    """Return until when what goes back of a line counts, by the line's id there."""
    asked = signals.sales_close.send(sender=Order, order=order)
    known: dict[int, datetime] = {}
    for _listener, answer in asked:
        known |= answer or {}
    return {key: known[line.pk] for key, line in lines.items() if line.pk in known}
