"""The seam to whoever knows which VAT numbers are in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class NoAnswer(Exception):
    """The register did not say; it is asked again later."""


@dataclass(frozen=True)
class Answer:
    """Whether a number is in use now; `consultation` proves to a tax office that we asked."""

    valid: bool
    consultation: str = ""


class Checker(Protocol):
    """One register of VAT numbers."""

    def check(self, number: str) -> Answer:
        """Return what is known of `number` (with its country's letters). Raises NoAnswer."""
        ...
