"""A payment provider for demos and tests: no money, but the same steps and signatures.

It keeps nothing. Its page is `/pay/fake/<reference>/`; its messages are signed like a real
provider's and go through the same door. Live mode refuses it.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from shop.gateways.base import BadMessage, Event, NoAnswer, OwnFee, Started

NAME = "fake"
HEADER = "X-Fake-Signature"
KINDS = {
    *("captured", "pending", "failed", "refunded", "refund_failed"),
    *("dispute_opened", "chargeback", "chargeback_won", "chargeback_lost"),
    *("fee", "payout_paid", "payout_failed"),
}


def _sign(body: bytes) -> str:
    key = hashlib.sha256(b"fake gateway:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, body, hashlib.sha256).hexdigest()


class FakeGateway:
    name = NAME

    def start(
        self, *, number, amount, currency, email, language, key, return_url, cancel_url
    ) -> Started:
        digest = hmac.new(settings.SECRET_KEY.encode(), key.encode(), hashlib.sha256)
        reference = f"fs_{digest.hexdigest()[:24]}"
        return Started(reference, reverse("shop:fake_pay", args=[reference]))

    def look(self, reference: str) -> Event | None:
        return None  # it tells everything at once, and keeps nothing

    def close(self, reference: str) -> bool:
        return True  # its page shows whether the order still waits

    def parse(self, headers: Mapping[str, str], body: bytes) -> Event:
        if not settings.DEMO:
            raise BadMessage("the fake gateway is refused in live mode")
        if not hmac.compare_digest(headers.get(HEADER, "").encode(), _sign(body).encode()):
            raise BadMessage("the signature does not fit the body")
        try:
            told = json.loads(body)
            event = Event(
                gateway=NAME,
                external_id=str(told["id"])[:120],
                kind=str(told["type"]),
                at=datetime.fromisoformat(told["at"]),
                order_number=str(told["order"]),
                session=str(told.get("session", "")),
                charge=str(told.get("charge", "")),
                reference=str(told.get("reference", ""))[:120],
                amount=int(told.get("amount", 0)),
                currency=str(told.get("currency", "")),
                fingerprint=str(told.get("fingerprint", "")),
                our_refund=str(told.get("our_refund", "")),
                fees=[
                    {
                        "reference": str(fee["reference"])[:120],
                        "amount": None if fee["amount"] is None else int(fee["amount"]),
                        "currency": str(fee["currency"]),
                    }
                    for fee in told.get("fees", [])
                ],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BadMessage(f"the body cannot be read: {error!r}") from error
        if event.kind not in KINDS:
            raise BadMessage(f"unknown type {event.kind}")
        return event

    def refund(self, *, charge: str, amount: int, currency: str, key: str) -> str:
        return f"fr_{hashlib.sha256(key.encode()).hexdigest()[:24]}"

    def fee_of(self, reference: str) -> tuple[int, str]:
        raise NoAnswer("this provider tells its fees with the payment")

    def own_fees(self, since: datetime) -> list[OwnFee]:
        return []

    def fingerprint_of(self, charge: str) -> str:
        return ""  # it is told with the payment


def message(
    kind: str,
    *,
    order: str,
    amount: int,
    currency: str,
    session: str = "",
    charge: str = "",
    reference: str = "",
    event_id: str = "",
    fingerprint: str = "",
    our_refund: str = "",
    fees: Sequence[dict[str, Any]] = (),
    at: datetime | None = None,
) -> tuple[dict[str, str], bytes]:
    """Return (headers, body) of a correctly signed message."""
    facts = {"our_refund": our_refund, "fees": list(fees)}
    body = json.dumps(
        {name: value for name, value in facts.items() if value}
        | {
            "id": event_id or f"fe_{secrets.token_hex(12)}",
            "type": kind,
            "at": (at or datetime.now(UTC)).isoformat(),
            "order": order,
            "session": session,
            "charge": charge,
            "reference": reference,
            "amount": amount,
            "currency": currency,
            "fingerprint": fingerprint,
        },
        sort_keys=True,
    ).encode()
    return {HEADER: _sign(body)}, body
