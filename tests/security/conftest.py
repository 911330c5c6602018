"""Attacks on money end with books that balance, as the tests of money do."""

from tests.affiliates.conftest import books

__all__ = ["books"]
