"""VIES, the EU's register of VAT numbers: asked for each number that a creator gives us."""

from django.conf import settings

from affiliates.vies.base import Answer, Checker, NoAnswer
from affiliates.vies.fake import FakeVies
from affiliates.vies.rest import Vies

__all__ = ["Answer", "Checker", "NoAnswer", "checker"]


def checker() -> Checker:
    """Return who is asked here: a stand-in in demo unless an address is set, else VIES."""
    return FakeVies() if settings.DEMO and not settings.VIES_API_URL else Vies()
