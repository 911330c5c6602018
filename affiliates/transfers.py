"""What Stripe tells of the transfers to brands: late, twice, in any order, and once booked."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates import payouts
from affiliates.models import Payout, PayoutAttempt
from affiliates.payouts import sending
from affiliates.rails import Result
from affiliates.rails.stripe import of_transfer
from config.lib import stripe
from shop.models import WebhookEvent

logger = logging.getLogger(__name__)
GATEWAY = "connect"
KINDS = frozenset({"transfer.created", "transfer.updated", "transfer.reversed"})
Outcome = WebhookEvent.Outcome


class BadMessage(Exception):
    """A message that Stripe did not sign, or that cannot be read."""


class Altered(Exception):
    """The id of an earlier message with another body."""


def receive(header: str, body: bytes, at: datetime) -> WebhookEvent:
    """Check and apply one message, once. Raises BadMessage, Altered."""
    try:
        stripe.verify(header, body, settings.STRIPE_CONNECT_WEBHOOK_SECRET)
        told = json.loads(body)
        name, kind, thing = str(told["id"])[:120], str(told["type"])[:60], told["data"]["object"]
        group = str(thing.get("transfer_group") or "")
    except stripe.Unsigned as error:
        raise BadMessage(str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadMessage(f"the body cannot be read: {error!r}") from error
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        row, new = WebhookEvent.objects.get_or_create(
            gateway=GATEWAY, external_id=name,
            defaults={"kind": kind, "body": told, "body_sha256": digest},
        )  # fmt: skip
        if not new:
            if row.body_sha256 != digest:
                raise Altered(f"{name} came again with another body")
            return row
        row.outcome, row.note = _apply(kind, group, thing, at)
        row.save(update_fields=["outcome", "note"])
    return row


def _apply(kind: str, group: str, thing: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    attempt = PayoutAttempt.objects.filter(idempotency_key=group).first()
    if kind not in KINDS or attempt is None:
        return Outcome.IGNORED, ""
    try:
        with transaction.atomic():
            return _book(attempt, thing, at)
    except payouts.NotAllowed as error:
        logger.error("%s of %s does not fit: %s", kind, attempt, error)
        return Outcome.REFUSED, str(error)[:300]


def _book(attempt: PayoutAttempt, thing: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    """Book what a transfer is now: made, and perhaps taken back."""
    payout = payouts.lock_payout(attempt.payout_id)
    outcome = of_transfer(thing, payout)
    if outcome.result != Result.SUCCEEDED:
        raise payouts.NotAllowed(outcome.reason)
    sending.record(attempt, outcome, at)
    back = int(thing.get("amount_reversed") or 0)
    if not back:
        return Outcome.APPLIED, ""
    if back != thing["amount"]:
        facts = {"back": back, "sent": thing["amount"]}
        raise payouts.NotAllowed(_("Only %(back)s of %(sent)s came back.") % facts)
    payout.refresh_from_db()
    if payout.state == Payout.State.PAID:
        payouts.returned(payout, "taken back at Stripe", at)
    return Outcome.APPLIED, ""
