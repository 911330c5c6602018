"""The seam to whoever moves our money: each rail turns a batch into a document or calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from affiliates.models import Payout, PayoutBatch


class Refused(Exception):
    """A batch that this rail cannot carry; the message says what to change."""


@dataclass(frozen=True)
class Document:
    """A file that an admin hands to the bank."""

    name: str
    content_type: str
    content: bytes


class Rail(Protocol):
    """One way to pay out."""

    name: str

    def carries(self, currency: str) -> bool:
        """Say whether this rail pays in a currency."""
        ...

    def minimum(self, currency: str) -> int:
        """Return the smallest amount worth sending, in minor units."""
        ...

    def schema(self) -> str:
        """Return the form that files have from now on; a batch keeps the one it was sent in."""
        ...

    def document(self, batch: PayoutBatch, payouts: list[Payout]) -> Document:
        """Return the batch as a file; the same batch gives the same bytes. Raises Refused."""
        ...


def reference(payout: Payout, n: int = 1) -> str:
    """Return the key of attempt `n`: never used for another payout or attempt."""
    return f"thousand-payout-{payout.pk}-{n}"
