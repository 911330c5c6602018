"""The rails by name."""

from django.conf import settings

from affiliates.rails.base import Document, Rail, Refused, reference
from affiliates.rails.fake import Fake
from affiliates.rails.sepa import Sepa, debtor

RAILS: dict[str, Rail] = {rail.name: rail for rail in (Sepa(), Fake())}

__all__ = ["RAILS", "Document", "Rail", "Refused", "debtor", "named", "reference"]


def named(name: str) -> Rail:
    """Return a rail; the demo rail only exists in a demo market. Raises Refused."""
    if name not in RAILS or (name == "fake" and not settings.DEMO):
        raise Refused(f"there is no rail {name!r} here")
    return RAILS[name]
