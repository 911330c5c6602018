"""Whether a shopper must agree before a cookie remembers which creator she came by.

The cookie holds clicks on creators' links and nothing else; only attribution and the
advertisement line read it. Rules are data: one row per country, with its source.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

HOME = "NL"  # of shoppers whose country nobody tells us: we look up no addresses


@dataclass(frozen=True, slots=True)
class Rule:
    """What one country asks, and where that is written."""

    needs_consent: bool
    source: str


EVERYWHERE = Rule(True, "Directive 2002/58/EC, art. 5(3)")
RULES = {"NL": Rule(False, "Telecommunicatiewet, art. 11.7a(3)(b)")}


def country_of(environ: dict[str, str]) -> str:
    """Return the shopper's country as the proxy in front of us tells it, else the home one."""
    return environ.get(settings.COUNTRY_HEADER, HOME) if settings.COUNTRY_HEADER else HOME


def rule(environ: dict[str, str]) -> Rule:
    return RULES.get(country_of(environ), EVERYWHERE)
