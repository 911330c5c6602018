"""Stripe Connect: a transfer from our balance at Stripe to a brand's own account there.

From Stripe's documentation: the first answer of an `Idempotency-Key` is replayed for at least
24 hours, also when it was an error; other parameters under it are refused; 409 says that it
is being answered just now; a 5xx leaves open whether it was done. A transfer is found again
by its `transfer_group`, which is the key.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from affiliates.models import Payout, PayoutAttempt, PayoutBatch
from affiliates.rails.base import Document, Outcome, Refused, Result, reference
from config.lib import money, outbound, stripe

KEY_HOURS = 23  # for so long a key is sure to replay: Stripe promises 24


class Connect:
    """Payouts to brands; their money is at Stripe already."""

    name = "connect"
    sends = True
    pays_creators = False
    safe_hours = KEY_HOURS

    def carries(self, currency: str) -> bool:
        return True

    def minimum(self, currency: str) -> int:
        return 10 * 10 ** money.exponent(currency)

    def schema(self) -> str:
        return "transfers"

    def debtor(self) -> None:
        return None

    def document(self, batch: PayoutBatch, payouts: list[Payout]) -> Document:
        """Return the list of what is sent, for the one who lets it go. Raises Refused."""
        if not payouts:
            raise Refused(_("The batch holds no payout."))
        if not settings.DEMO and not settings.STRIPE_SECRET_KEY:
            raise Refused(_("Set STRIPE_SECRET_KEY: payouts to brands go through Stripe."))
        file = io.StringIO()
        rows = csv.writer(file)
        rows.writerow(["reference", "brand", "account", "amount", "currency"])
        for payout in payouts:
            account = account_of(payout)
            if not account:
                name = payout.brand.name if payout.brand_id else str(payout)
                raise Refused(_("%s has no account at Stripe.") % name)
            total = money.decimal(payout.amount + payout.vat, payout.currency)
            rows.writerow(
                [reference(payout), payout.brand.slug, account, total, payout.currency]
            )  # fmt: skip
        return Document(f"{batch.message_id}.csv", "text/csv", file.getvalue().encode())

    def send(self, attempt: PayoutAttempt) -> Outcome:
        """Ask for the transfer of an attempt, always under its own key."""
        payout = attempt.payout
        fields = {
            "amount": str(payout.amount + payout.vat),
            "currency": payout.currency.lower(),
            "destination": account_of(payout),
            "transfer_group": attempt.idempotency_key,
            "metadata[payout]": str(payout.pk),
        }
        try:
            answer = stripe.call("POST", "/v1/transfers", fields, attempt.idempotency_key)
        except outbound.OutboundError as error:
            return Outcome(Result.UNKNOWN, reason=str(error))
        return _outcome(answer, payout)

    def find(self, attempt: PayoutAttempt) -> Outcome:
        """Ask what became of an attempt; FAILED means that Stripe does not know it."""
        fields = {"transfer_group": attempt.idempotency_key, "limit": "2"}
        try:
            answer = stripe.call("GET", "/v1/transfers", fields)
            told = answer.json()
        except outbound.OutboundError as error:
            return Outcome(Result.UNKNOWN, reason=str(error))
        if answer.status != 200 or not isinstance(told, dict):
            return Outcome(Result.UNKNOWN, reason=f"asking was answered with {answer.status}")
        found = told.get("data") or []
        if not found:
            return Outcome(Result.FAILED, reason="Stripe knows no such transfer")
        if len(found) > 1:
            return Outcome(Result.UNKNOWN, reason="Stripe knows more than one such transfer")
        return of_transfer(found[0], attempt.payout)


def account_of(payout: Payout) -> str:
    """Return where a payout goes: to the account that had waited when it was built.

    Payouts from before that was kept go to the brand's account of now.
    """
    return payout.destination or (payout.brand.connect_account if payout.brand else "")


def _outcome(answer: outbound.Answer, payout: Payout) -> Outcome:
    try:
        told = answer.json()
    except outbound.OutboundError:
        return Outcome(Result.UNKNOWN, reason=f"{answer.status} without JSON")
    if not isinstance(told, dict):
        return Outcome(Result.UNKNOWN, reason=f"{answer.status} without an object")
    if answer.status == 200:
        return of_transfer(told, payout)
    error = told.get("error")
    error = error if isinstance(error, dict) else {}
    words = f"{error.get('code') or error.get('type') or answer.status}: {error.get('message', '')}"
    if answer.status in {401, 403, 429}:  # not looked at: our key, our rights, or our haste
        return Outcome(Result.LATER, reason=words[:300], wait_s=_wait_s(answer.headers))
    if answer.status == 409 or answer.status >= 500 or error.get("type") == "idempotency_error":
        return Outcome(Result.UNKNOWN, reason=words[:300])
    return Outcome(Result.FAILED, reason=words[:300])


def of_transfer(told: Mapping[str, Any], payout: Payout) -> Outcome:
    """Return SUCCEEDED for a transfer that is the payout's, else UNKNOWN: a person must look."""
    said = (told.get("amount"), str(told.get("currency", "")).upper(), told.get("destination"))
    if said != (payout.amount + payout.vat, payout.currency, account_of(payout)):
        return Outcome(Result.UNKNOWN, reason=f"the transfer differs: {said}"[:300])
    return Outcome(Result.SUCCEEDED, reference=str(told.get("id", ""))[:64])


def _wait_s(headers: Mapping[str, str]) -> int:
    """Return how long Stripe asks us to wait: `Retry-After` in seconds, a minute without one."""
    asked = headers.get("Retry-After", "").strip()
    return min(max(int(asked), 1), 3600) if asked.isascii() and asked.isdigit() else 60


class DemoConnect(Connect):
    """Demo: a Stripe that accepts everything at once and moves nothing."""

    def send(self, attempt: PayoutAttempt) -> Outcome:
        return Outcome(Result.SUCCEEDED, reference=f"tr_demo_{attempt.pk}")

    def find(self, attempt: PayoutAttempt) -> Outcome:
        return Outcome(Result.FAILED, reason="the demo keeps no list")
