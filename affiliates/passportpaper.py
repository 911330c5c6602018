"""Passports in words: on the page, on paper, and what other markets' say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates import clock, passportfacts, passports
from affiliates.models import Passport, PassportEvidence
from config.lib import local
from creators.models import Platform


@dataclass(frozen=True)
class Line:
    """One row of a passport: what it is about, and what is said."""

    label: str
    said: str


def channels(facts: dict[str, Any]) -> list[Line]:
    """Return the channels of a passport, as words."""
    return [
        Line(
            f"{Platform(one['platform']).label}, {one['handle']}",
            _("verified on %(day)s") % {"day": _day(one["verified_on"])},
        )
        for one in facts["channels"]
    ]


def lines(facts: dict[str, Any]) -> list[Line]:
    """Return the figures of a passport, as words, in the order of the fields."""
    said = facts["facts"]
    return [
        Line(str(label), _words(name, said[name]))
        for name, label in passportfacts.FIELDS.items()
        if name in said
    ]


@dataclass(frozen=True)
class Shown:
    """What another market says, as words."""

    row: PassportEvidence
    said: list[Line]


def shown(rows: Iterable[PassportEvidence]) -> list[Shown]:
    """Return evidence as pages show it: how long it is about, her channel there, the figures."""
    return [
        Shown(
            row,
            [Line(_("Since"), _day(row.facts["since"])), *channels(row.facts), *lines(row.facts)],
        )
        for row in rows
    ]


def _words(name: str, figures: dict[str, int]) -> str:
    if name == passportfacts.ORDERS:
        n = figures["count"]
        said = ngettext("%(n)s order", "%(n)s orders", n)
        return said % {"n": number_format(n, force_grouping=True)}
    if name == passportfacts.REFUNDS:
        return f"{local.decimal(figures['rate_bp'] / 100, 1)}%"
    kept = figures["kept" if name == passportfacts.SAMPLES else "on_time"]
    return _("%(kept)d of %(of)d") % {"kept": kept, "of": figures["of"]}


def _day(iso: str) -> str:
    return date_format(date.fromisoformat(iso), "j F Y")


def pdf(row: Passport) -> bytes:
    """Return a passport as PDF in the language that is active; the same bytes each time."""
    from config.lib.paper import Page  # slow to load: only who makes a document waits for it

    facts = passports.read(row)
    page = Page(clock.local_day(row.issued_at))
    page.line(_("Creator passport"), bold=True, size=18)
    page.line(_("Issued by %(issuer)s") % {"issuer": facts["issuer"]})
    page.line(
        _("Number %(number)s, %(from)s to %(until)s")
        % {
            "number": row.uid,
            "from": date_format(clock.local_day(row.issued_at), "j F Y"),
            "until": date_format(clock.local_day(row.expires_at), "j F Y"),
        }
    )
    page.ln(4)
    page.line(_("Channels"), bold=True)
    for line in channels(facts):
        page.row(line.label, line.said)
    if said := lines(facts):
        page.ln(4)
        page.line(_("Since %(day)s") % {"day": _day(facts["since"])}, bold=True)
        for line in said:
            page.row(line.label, line.said)
    page.ln(6)
    page.line(note(), size=8, align="L")
    page.line(f"{facts['issuer']}/{passports.KEYS_PATH}", size=8)
    return bytes(page.output())


def note() -> str:
    """Say what a paper is worth."""
    return _(
        "This paper proves nothing by itself: anybody can print one. The file that belongs to it "
        "is signed, and can be checked against the keys and the list of withdrawn passports at "
        "the address below."
    )
