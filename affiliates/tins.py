"""Tax numbers, above all of natural persons: checked by their own check digits where those are published.

Which number a country gives its people: the European Commission's "TINs by country" sheets.
"""

from __future__ import annotations

import re
from importlib import import_module

from stdnum.exceptions import ValidationError

# Country → the numbers of python-stdnum that serve as one there; a country that is missing
# here publishes no check digits.
KINDS: dict[str, tuple[str, ...]] = {
    "AT": ("at.tin",), "BE": ("be.nn", "be.bis"), "BG": ("bg.egn", "bg.pnf"), "CH": ("ch.ssn",),
    "CY": ("cy.vat",), "CZ": ("cz.rc",), "DE": ("de.idnr",), "DK": ("dk.cpr",), "EE": ("ee.ik",),
    "ES": ("es.nif",), "FI": ("fi.hetu",), "FR": ("fr.nif",), "GB": ("gb.utr",), "GR": ("gr.vat",),
    "HR": ("hr.oib",), "IE": ("ie.pps",), "IT": ("it.codicefiscale",), "LT": ("lt.asmens",),
    "LV": ("lv.pvn",), "NL": ("nl.bsn",), "NO": ("no.fodselsnummer",),
    "PL": ("pl.pesel", "pl.nip"), "PT": ("pt.nif",), "RO": ("ro.cnp",),
    "SE": ("se.personnummer",), "SI": ("si.ddv",), "SK": ("sk.rc",),
}  # fmt: skip
ENTITIES: dict[str, tuple[str, ...]] = {"NL": ("nl.bsn",)}
PLAIN = re.compile(r"[A-Z0-9]{5,20}")
LOOSE = {"GB"}  # whose people may have another number than the one with check digits


class NotATin(ValueError):
    """A text that is no tax number of its country."""


def clean(text: str, country: str) -> str:
    """Return a tax number in its compact form. Raises NotATin.

    A Dutch one is a BSN: nine digits that pass the 11-test.
    """
    return _checked(text, country, KINDS.get(country, ()))


def clean_entity(text: str, country: str) -> str:
    """Return a legal person's tax number in its compact form. Raises NotATin.

    A Dutch one is an RSIN, which passes the same test as a BSN.
    """
    return _checked(text, country, ENTITIES.get(country, ()))


def _checked(text: str, country: str, kinds: tuple[str, ...]) -> str:
    for name in kinds:
        try:
            return str(import_module(f"stdnum.{name}").validate(text))
        except ValidationError:
            continue
    plain = re.sub(r"[\s./-]", "", text).upper()
    if (kinds and country not in LOOSE) or not PLAIN.fullmatch(plain):
        raise NotATin(f"no tax number of {country}")
    return plain
