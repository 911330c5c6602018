"""Does the name belong to the account? (verification of payee), asked once per account."""

from django.conf import settings

from affiliates.namechecks.base import Checker, NoAnswer
from affiliates.namechecks.fake import FakeChecker
from affiliates.namechecks.later import BankTellsLater

__all__ = ["Checker", "NoAnswer", "checker"]


def checker() -> Checker:
    """Return who checks names here: a stand-in in demo, in live the bank that gets the file."""
    return FakeChecker() if settings.DEMO else BankTellsLater()
