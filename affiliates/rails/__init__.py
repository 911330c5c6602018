"""The rails by name."""

from datetime import date

from django.conf import settings
from django.utils.translation import gettext as _

from affiliates import clock
from affiliates.rails.base import Document, Outcome, Rail, Refused, Result, reference
from affiliates.rails.fake import Fake
from affiliates.rails.sepa import Sepa, debtor
from affiliates.rails.stripe import Connect, DemoConnect
from config.lib import money

RAILS: dict[str, Rail] = {rail.name: rail for rail in (Sepa(), Fake(), Connect())}

__all__ = [
    "RAILS",
    "Document",
    "Outcome",
    "Rail",
    "Refused",
    "Result",
    "creator_currencies",
    "debtor",
    "for_account",
    "minimum",
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


def for_account(name: str, currency: str) -> Rail | None:
    """Return what takes `currency` to a creator's account that was given for the rail `name`.

    That rail itself where it carries the currency, else another of this market that does: the
    demo rail carries all of them in a demo. None: nothing does, and the money stays with us.
    """
    ways = sorted(_of_creators(), key=lambda rail: rail.name != name)
    return next((rail for rail in ways if rail.carries(currency)), None)


def minimum(rail: Rail, currency: str, on: date) -> int:
    """Return the least that goes out on a pay day: on one Friday a year anything does.

    Also where that Friday's batch is built on a later day of its week.
    """
    return 1 if clock.in_small_week(on) else rail.minimum(currency)


def creator_currencies() -> frozenset[str]:
    """Return the currencies in which creators can be paid here."""
    return frozenset(
        code for code in money.CURRENCIES if any(rail.carries(code) for rail in _of_creators())
    )


def _of_creators() -> list[Rail]:
    rows = [rail for rail in RAILS.values() if rail.pays_creators]
    return [rail for rail in rows if rail.name != "fake" or settings.DEMO]
