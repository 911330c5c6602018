"""Stripe: Checkout Sessions on Stripe's own page, by its REST API.

The payment intent is what we call the charge: disputes and refunds name it. How Stripe is
called and what it signs: `config.lib.stripe`.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from config.lib import outbound, stripe
from shop.gateways.base import BadMessage, Event, NoAnswer, OwnFee, Started

NAME = "stripe"
SESSION_MINUTES = 31  # Stripe's least is 30
ROUND_S = 120  # asked twice within it, a question has the same words, and so the same key

KINDS = {
    "checkout.session.completed": "captured",
    "checkout.session.async_payment_succeeded": "captured",
    "checkout.session.async_payment_failed": "failed",
    "checkout.session.expired": "failed",
    "refund.created": "refunded",
    "refund.updated": "refunded",
    "charge.refund.updated": "refunded",
    "refund.failed": "refunded",
    "charge.dispute.created": "dispute_opened",
    "charge.dispute.funds_withdrawn": "chargeback",
    "charge.dispute.funds_reinstated": "chargeback_won",
    "charge.dispute.closed": "chargeback_lost",
    "charge.succeeded": "fee",
    "charge.updated": "fee",
    "payout.paid": "payout_paid",
    "payout.failed": "payout_failed",
}


class StripeGateway:
    name = NAME

    def start(
        self, *, number, amount, currency, email, language, key, return_url, cancel_url
    ) -> Started:
        now_s = int(time.time())
        fields = {
            "mode": "payment",
            "client_reference_id": number,
            "customer_email": email,
            "locale": language if language in {"en", "nl"} else "auto",
            "success_url": return_url,
            "cancel_url": cancel_url,
            "expires_at": str(now_s - now_s % ROUND_S + ROUND_S + 60 * SESSION_MINUTES),
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": currency.lower(),
            "line_items[0][price_data][unit_amount]": str(amount),
            "line_items[0][price_data][product_data][name]": f"Thousand {number}",
            "metadata[order]": number,
            "payment_intent_data[metadata][order]": number,
        }
        digest = hashlib.sha256(urlencode(fields).encode()).hexdigest()
        answer = self._ask("POST", "/v1/checkout/sessions", fields, f"{key}-{digest[:16]}")
        return Started(str(answer["id"]), str(answer["url"]))

    def look(self, reference: str) -> Event | None:
        path = f"/v1/checkout/sessions/{quote(reference, safe='')}"
        page = self._ask("GET", path, {"expand[]": "payment_intent"})
        try:
            kind = _became(page)
            intent = page.get("payment_intent")
            thing = page | {"payment_intent": intent["id"] if isinstance(intent, dict) else intent}
            told = {"type": kind, "created": time.time()}
            told["id"] = f"look-{kind.rpartition('.')[2]}-{page['payment_status']}-{reference}"
            return _event(told, thing) if kind else None
        except (ValueError, KeyError, TypeError) as error:
            raise NoAnswer(f"{path} cannot be read: {error!r}") from error

    def close(self, reference: str) -> bool:
        path = f"/v1/checkout/sessions/{quote(reference, safe='')}"
        if self._ask("GET", path).get("status") != "open":
            return False
        return self._ask("POST", f"{path}/expire", {}, f"close-{reference}")["status"] == "expired"

    def refund(self, *, charge: str, amount: int, currency: str, key: str) -> str:
        fields = {"payment_intent": charge, "amount": str(amount), "metadata[refund]": key}
        return str(self._ask("POST", "/v1/refunds", fields, key)["id"])

    def fee_of(self, reference: str) -> tuple[int, str]:
        told = self._ask("GET", f"/v1/balance_transactions/{quote(reference, safe='')}")
        return int(told["fee"]), str(told["currency"]).upper()

    def own_fees(self, since: datetime) -> list[OwnFee]:
        """No message tells them: they are read from the list of balance transactions."""
        found: list[OwnFee] = []
        asked = {"type": "stripe_fee", "created[gte]": str(int(since.timestamp())), "limit": "100"}
        while True:
            page = self._list("/v1/balance_transactions", asked)
            for move in page["data"]:
                at = datetime.fromtimestamp(int(move["created"]), UTC)
                facts = (-int(move["net"]), str(move["currency"]).upper(), at)
                found.append(OwnFee(str(move["id"])[:120], *facts))
            if not page.get("has_more") or not page["data"]:
                return found
            asked["starting_after"] = found[-1].reference

    def fingerprint_of(self, charge: str) -> str:
        """Cards and SEPA accounts have one; iDEAL and most others have none."""
        path = f"/v1/payment_intents/{quote(charge, safe='')}"
        told = self._ask("GET", path, {"expand[]": "latest_charge"})
        paid = told.get("latest_charge")
        if not isinstance(paid, dict):
            raise NoAnswer(f"{path} answered without its charge")
        details = paid.get("payment_method_details") or {}
        kind = details.get(str(details.get("type") or ""))
        return str(kind.get("fingerprint") or "") if isinstance(kind, dict) else ""

    def parse(self, headers: Mapping[str, str], body: bytes) -> Event:
        try:
            stripe.verify(headers.get("Stripe-Signature", ""), body, settings.STRIPE_WEBHOOK_SECRET)
            told = json.loads(body)
            return _event(told, told["data"]["object"])
        except stripe.Unsigned as error:
            raise BadMessage(str(error)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadMessage(f"the body cannot be read: {error!r}") from error

    def _list(self, path: str, fields: dict[str, str]) -> dict[str, Any]:
        page = self._ask("GET", path, fields)
        if not isinstance(page.get("data"), list):
            raise NoAnswer(f"{path} answered without a list")
        return page

    def _ask(
        self, method: str, path: str, fields: dict[str, str] | None = None, key: str = ""
    ) -> dict[str, Any]:
        try:
            answer = stripe.call(method, path, fields, key)
            data = answer.json()
        except outbound.OutboundError as error:
            raise NoAnswer(f"no answer to {path}") from error
        if answer.status != 200 or not isinstance(data, dict) or not {"id", "data"} & data.keys():
            problem = data.get("error") if isinstance(data, dict) else None
            code = problem.get("code", "") if isinstance(problem, dict) else ""
            raise NoAnswer(f"{path} answered {answer.status} {code}".strip())
        return data


def _event(told: dict[str, Any], thing: dict[str, Any]) -> Event:
    charge = thing.get("payment_intent") or thing.get("charge") or ""
    metadata = thing.get("metadata") or {}
    is_session = thing.get("object") == "checkout.session"
    return Event(
        gateway=NAME,
        external_id=str(told["id"])[:120],
        kind=_kind(told, thing),
        at=datetime.fromtimestamp(int(told["created"]), UTC),
        order_number=str(metadata.get("order") or thing.get("client_reference_id") or ""),
        session=str(thing["id"]) if is_session else "",
        charge=str(charge),
        reference=str(charge if is_session else thing.get("id", ""))[:120],
        amount=int(thing.get("amount_total" if is_session else "amount") or 0),
        currency=str(thing.get("currency") or "").upper(),
        our_refund=str(metadata.get("refund") or ""),
        fees=_fees(thing),
    )


def _became(page: dict[str, Any]) -> str:
    """Return the type of the event that told how a session is, "" while nothing happened.

    A slow method that failed leaves it complete and unpaid; its intent wants another method.
    """
    if page["status"] == "expired":
        return "checkout.session.expired"
    if page["status"] != "complete":
        return ""
    intent = page.get("payment_intent")
    state = intent.get("status") if isinstance(intent, dict) else ""
    refused = state in {"requires_payment_method", "canceled"}
    if page["payment_status"] == "unpaid" and refused:
        return "checkout.session.async_payment_failed"
    return "checkout.session.completed"


def _kind(told: dict[str, Any], thing: dict[str, Any]) -> str:
    kind = KINDS.get(told["type"], "ignored")
    if told.get("account"):  # of a brand's own account, whose money is not ours
        return "ignored"
    if kind == "captured" and thing.get("payment_status") not in {"paid", "no_payment_required"}:
        return "pending"
    if kind == "refunded" and thing.get("status") in {"failed", "canceled"}:
        return "refund_failed"
    if kind == "refunded" and thing.get("status") not in {"succeeded", "pending"}:
        return "ignored"
    if kind == "chargeback_lost" and thing.get("status") not in {"lost", "warning_closed"}:
        return "ignored"  # that it was won is told by the money that comes back
    return kind


def _fees(thing: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what Stripe kept: of a dispute's transactions, or the one of a charge."""
    if thing.get("object") == "charge":
        moves = [thing.get("balance_transaction")]
    elif thing.get("object") == "dispute":
        moves = thing.get("balance_transactions") or []
    else:
        moves = []
    found = []
    for move in moves:
        if isinstance(move, str) and move:
            found.append({"reference": move[:120], "amount": None, "currency": ""})
        elif isinstance(move, dict) and move.get("fee"):
            fee, currency = int(move["fee"]), str(move["currency"]).upper()
            found.append({"reference": str(move["id"])[:120], "amount": fee, "currency": currency})
    return found
