"""The seam to whoever knows which name belongs to an account."""

from __future__ import annotations

from typing import Protocol

from affiliates.models import PayoutMethod

Result = PayoutMethod.NameCheck


class NoAnswer(Exception):
    """The checker did not answer; it is asked again later."""


class Checker(Protocol):
    """One source of name checks."""

    def check(self, iban: str, holder: str) -> Result:
        """Return match, close, none, or unchecked when it cannot tell. Raises NoAnswer."""
        ...
