"""Stripe's REST API as its documentation writes it down: one request, one signature.

Form-encoded requests with an `Idempotency-Key`; `Stripe-Signature` holds a timestamp and the
HMAC-SHA256 over `timestamp.body`. What an answer means is decided by who asked.
"""

import hashlib
import hmac
import time
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlencode

from django.conf import settings

from config.lib import outbound

API = "https://api.stripe.com"
TOLERANCE_S = 300


class Unsigned(Exception):
    """A message that Stripe did not sign, or not lately."""


def call(
    method: str, path: str, fields: Mapping[str, str] | None = None, key: str = ""
) -> outbound.Answer:
    """Ask Stripe once; a 4xx or 5xx is an answer too. Raises outbound.OutboundError."""
    base = getattr(settings, "STRIPE_API_URL", "") or API
    login = b64encode(f"{settings.STRIPE_SECRET_KEY}:".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    body = None
    if method == "POST":
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": key}
        body = urlencode(fields or {}).encode()
    return outbound.request(
        method, base + path, headers=headers, body=body,
        params=None if method == "POST" else fields, allow_private=base != API,
    )  # fmt: skip


def verify(header: str, body: bytes, secret: str) -> None:
    """Check the signature of a message over its raw body. Raises Unsigned."""
    parts = [part.partition("=")[::2] for part in header.split(",")]
    stamp = next((value for name, value in parts if name.strip() == "t"), "")
    known = secret and stamp.isascii() and stamp.isdigit()
    if not known or abs(time.time() - int(stamp)) > TOLERANCE_S:
        raise Unsigned("the signature is missing, too old, or cannot be checked")
    wanted = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    given = [value.encode() for name, value in parts if name.strip() == "v1"]
    if not any(hmac.compare_digest(wanted.encode(), value) for value in given):
        raise Unsigned("the signature does not fit the body")


def sign(body: bytes, secret: str, at_s: int) -> str:
    """Return the header that Stripe would send (for tests of the whole path)."""
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"
