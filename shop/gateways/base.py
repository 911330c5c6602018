"""The seam to payment providers: start a payment, understand a message, give money back.

A gateway moves money and tells about it; it never touches an order. `shop.payments` applies
what it tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class BadMessage(Exception):
    """A message that the provider did not sign, or that makes no sense."""


class NoAnswer(Exception):
    """The provider did not answer as it should; it is not known whether it acted."""


@dataclass(frozen=True, slots=True)
class Started:
    """A payment that waits at the provider: its id there, and where the shopper goes."""

    reference: str
    url: str


@dataclass(frozen=True, slots=True)
class Event:
    """What a provider told, in our words.

    kind: captured, pending (money is on its way), failed, refunded, refund_failed, dispute_opened,
    chargeback, chargeback_won, chargeback_lost, fee, payout_paid, payout_failed, or ignored.
    `session` is the provider's id of the payment attempt, `charge` that of the payment,
    `reference` that of the charge, refund, dispute or payout. `fees`: {reference, amount,
    currency} each; amount None: the provider is still to be asked.
    """

    gateway: str
    external_id: str
    kind: str
    at: datetime
    order_number: str = ""
    session: str = ""
    charge: str = ""
    reference: str = ""
    amount: int = 0
    currency: str = ""
    fingerprint: str = ""
    our_refund: str = ""  # Refund.reference, if the refund was ours
    fees: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OwnFee:
    """A fee for no payment, such as a monthly one; below zero: it is given back."""

    reference: str
    amount: int
    currency: str
    at: datetime


class Gateway(Protocol):
    """One payment provider."""

    name: str

    def start(
        self,
        *,
        number: str,
        amount: int,
        currency: str,
        email: str,
        language: str,
        key: str,
        return_url: str,
        cancel_url: str,
    ) -> Started:
        """Open a payment page; the same `key` opens the same page. Raises NoAnswer."""

    def look(self, reference: str) -> Event | None:
        """Ask what became of a payment page: the event that would tell it, None while nothing
        has. Raises NoAnswer."""

    def close(self, reference: str) -> bool:
        """Close a payment page; False when it was over already. Raises NoAnswer."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> Event:
        """Check the signature over the raw body and return the event. Raises BadMessage."""

    def refund(self, *, charge: str, amount: int, currency: str, key: str) -> str:
        """Send money back, once per `key`; return the provider's id. Raises NoAnswer."""

    def fee_of(self, reference: str) -> tuple[int, str]:
        """Return (amount, currency) of a fee that a message only named. Raises NoAnswer."""

    def own_fees(self, since: datetime) -> list[OwnFee]:
        """Return what it took since then for itself, for no payment. Raises NoAnswer."""

    def fingerprint_of(self, charge: str) -> str:
        """Return what tells the card or account that paid from others; "" for a method
        that has no such mark. Raises NoAnswer."""
