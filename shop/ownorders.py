"""Messages of brands' own shops: each once, in any order, kept first and worked on after.

keep(integration, told, digest, at) -> WebhookEvent   # stored; nothing is done yet
apply_one(pk) / apply_waiting(at)                     # by the worker; safe to run again
replay(row, at) -> WebhookEvent                       # apply again what was refused or failed

A message and its effect are one transaction. What an order is follows from all its messages, so
one that comes early waits by itself and a repeated one adds nothing.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime

from django.db import OperationalError, connection, transaction

from config.lib import money
from shop import beside, dispatches, integrations, ownsales, ownshops, pushes, stocklevels
from shop.models import Integration, Order, Stockroom, WebhookEvent
from shop.ownsales import Refused
from shop.ownshops import base, state, words
from shop.ownshops.base import Told
from shop.ownshops.state import State

logger = logging.getLogger(__name__)
Outcome = WebhookEvent.Outcome
UNUSED = ["", Outcome.REFUSED, Outcome.FAILED]  # not part of what an order adds up to
MOST_MESSAGES = 500  # of one order
PATIENCE_S = 3  # that a program of the brand waits to read what became of its message


class Altered(Exception):
    """A message that we know came back with other contents."""


class Busy(Exception):
    """The order is being worked on; the message is kept and its turn comes."""


def keep(integration: Integration, told: Told, digest: str, at: datetime) -> WebhookEvent:
    """Keep a signed message; again, it is the same row. Raises Altered."""
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
    if not fresh and row.body_sha256 != digest:
        raise Altered(f"{integration} {told.kind} of {told.about} came back altered")
    return row


def receive(integration: Integration, told: Told, digest: str, at: datetime) -> WebhookEvent:
    """Keep a message and apply it at once. Raises Altered; Busy when that takes too long."""
    row = keep(integration, told, digest, at)
    return row if row.outcome else apply_one(row.pk, wait_s=PATIENCE_S)


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


def apply_one(pk: int, wait_s: int = 30) -> WebhookEvent:
    """Apply one message that was kept, once; `wait_s` bounds the wait for others and the work.

    Raises Busy; then it is as it was.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{wait_s}s'")
                cursor.execute(f"SET LOCAL statement_timeout = '{wait_s}s'")
            row = WebhookEvent.objects.select_for_update(of=("self",)).get(pk=pk)
            return row if row.outcome else _apply_safely(row)
    except OperationalError as error:
        raise Busy(f"message {pk} has to wait") from error


def apply_waiting(at: datetime, limit: int = 500) -> int:
    """Apply what was kept by `at` and nobody has applied yet, oldest first; return how many."""
    rows = WebhookEvent.objects.filter(outcome="", integration__isnull=False, received_at__lte=at)
    done = 0
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)[:limit]):
        try:
            apply_one(pk)
            done += 1
        except Busy:
            logger.warning("message %s of an own shop waits: its order is busy", pk)
    return done


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
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("message %s of an own shop was not applied", row.pk)
        row.outcome, row.note = Outcome.FAILED, words.note("error", type(error).__name__)
    row.save(update_fields=["outcome", "note", "order"])
    return row


def _apply(row: WebhookEvent) -> None:
    told, integration = Told.from_json(row.body["told"]), row.integration
    at = base.at(row.body["received_at"])
    if told.uninstalled:
        integrations.switch(integration, on=False, at=at)
        row.note = "removed"
    elif integration.state == Integration.State.OFF:
        row.outcome, row.note = Outcome.IGNORED, "off"
    elif told.stock or told.restocked:
        _apply_stock(row, told, at)
    elif told.kind in ownshops.PARCEL_TOPICS:
        ours = dispatches.ring(integration, told.about, at)
        row.outcome, row.note = Outcome.IGNORED, "ours" if ours else "not_used"
    elif told.about:
        _lock(integration, told.about)
        _apply_order(row, told, at)
    else:
        row.outcome, row.note = Outcome.IGNORED, "not_used"


def _apply_stock(row: WebhookEvent, told: Told, at: datetime) -> None:
    row.note = stocklevels.tell(row.integration, told, at)
    if row.note == "no_stockroom":
        row.outcome = Outcome.IGNORED
        return
    beside.look(row.integration.stockroom, at)


def _apply_order(row: WebhookEvent, told: Told, at: datetime) -> None:
    integration = row.integration
    messages = _messages(row)
    if _is_ours(integration, [one for _at, one in messages]):
        row.outcome, row.note = Outcome.IGNORED, "ours"
        dispatches.ring(integration, told.about, at)
        return
    now = state.fold(messages)
    _check(told, now, ownsales.find(integration, told.about))
    if now.paid_at is None:
        row.outcome, row.note = Outcome.IGNORED, "waiting"
        return
    known, unknown = ownsales.match(integration, now)
    if not known:
        raise Refused(ownsales.left_out(unknown) or "no_lines")
    is_test = integrations.has_test_mark(integration, now.landing, now.cart)
    said = []
    if is_test and integrations.turn_green(integration, at):
        said.append("tested")
    if now.test:
        row.note = "; ".join([*said, "shop_test"])[:300]
        return
    row.order, more = ownsales.bring(integration, told.about, now, known, at)
    said += more
    if told.added:
        said.append("added")
    if unknown:
        said.append(ownsales.left_out(unknown))
    row.note = "; ".join(said)[:300]


def _is_ours(integration: Integration, told: list[Told]) -> bool:
    """Say whether an order there is one that we pushed: it was sold, and credited, here."""
    room = Stockroom.objects.filter(integration=integration).first()
    if room is None:
        return False
    numbers = {one.ours for one in told if one.ours}
    if any(beside.is_test(room, number) for number in numbers):
        return True
    about = told[-1].about
    return any(pushes.is_ours(room, number, about) for number in numbers or {""})


def _lock(integration: Integration, about: str) -> None:
    with connection.cursor() as cursor:
        key = f"own-shop:{integration.pk}:{about}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _messages(row: WebhookEvent) -> list[tuple[datetime, Told]]:
    """Return what was told of the order so far, this message last."""
    rows = row.integration.events.filter(about=row.about).exclude(pk=row.pk)
    kept = list(rows.exclude(outcome__in=UNUSED).order_by("pk")[:MOST_MESSAGES])
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
