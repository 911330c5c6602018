"""The seam to whoever moves our money: each rail turns a batch into a document or calls."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from affiliates.models import Payout, PayoutAttempt, PayoutBatch


class Refused(Exception):
    """A batch that this rail cannot carry; the message says what to change."""


@dataclass(frozen=True)
class Document:
    """A file that an admin hands to the bank."""

    name: str
    content_type: str
    content: bytes


class Result(StrEnum):
    """How an attempt stands after a call."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # refused for certain: this key will never pay
    UNKNOWN = "unknown"  # it may have paid
    LATER = "later"  # not looked at yet; the same again after `wait_s`


@dataclass(frozen=True)
class Outcome:
    """What a call to a rail led to."""

    result: Result
    reference: str = ""  # the provider's id of the payment
    reason: str = ""
    wait_s: int = 60


class Rail(Protocol):
    """One way to pay out: by a file that an admin hands on, or by calls (`sends`)."""

    name: str
    sends: bool
    pays_creators: bool  # to the bank accounts that creators give

    def carries(self, currency: str) -> bool:
        """Say whether this rail pays in a currency."""
        ...

    def minimum(self, currency: str) -> int:
        """Return the smallest amount worth sending, in minor units."""
        ...

    def schema(self) -> str:
        """Return the form that files have from now on; a batch keeps the one it was sent in."""
        ...

    def debtor(self) -> dict[str, str] | None:
        """Return the account that money leaves from now on; a batch keeps its own. None: none."""
        ...

    def document(self, batch: PayoutBatch, payouts: list[Payout]) -> Document:
        """Return the batch as a file; the same batch gives the same bytes. Raises Refused."""
        ...


class SendingRail(Rail, Protocol):
    """A rail that is called, one attempt at a time."""

    safe_hours: int  # within so many hours the same key never pays twice

    def send(self, attempt: PayoutAttempt) -> Outcome:
        """Ask for the payment of an attempt under its key."""
        ...

    def find(self, attempt: PayoutAttempt) -> Outcome:
        """Ask what became of an attempt; FAILED: there is no such payment."""
        ...


def reference(payout: Payout, n: int = 1) -> str:
    """Return the key of attempt `n`: never used for another payout or attempt."""
    return f"thousand-payout-{payout.pk}-{n}"
