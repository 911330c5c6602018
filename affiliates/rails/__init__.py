"""The rails by name."""

from django.conf import settings
from django.utils.translation import gettext as _

from affiliates.rails.base import Document, Outcome, Rail, Refused, Result, reference
from affiliates.rails.fake import Fake
from affiliates.rails.sepa import Sepa, debtor
from affiliates.rails.stripe import Connect, DemoConnect

RAILS: dict[str, Rail] = {rail.name: rail for rail in (Sepa(), Fake(), Connect())}

__all__ = [
    "RAILS",
    "Document",
    "Outcome",
    "Rail",
    "Refused",
    "Result",
    "debtor",
    "named",
    "reference",
]


def named(name: str) -> Rail:
    """Return a rail; the demo rail only exists in a demo market. Raises Refused."""
    if name not in RAILS or (name == "fake" and not settings.DEMO):
        raise Refused(_("This way of paying does not exist here: %s.") % name)
    if name == "connect" and settings.DEMO and not settings.STRIPE_SECRET_KEY:
        return DemoConnect()
    return RAILS[name]
