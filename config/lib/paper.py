"""A page of a PDF as our documents use it.

The built-in fonts know Western European letters; other letters are written in those.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from text_unidecode import unidecode

LEFT, WIDE, NARROW, HEIGHT = 20, 120, 50, 6  # millimetres


class Page(FPDF):
    """A4 with our margins; text that the fonts lack is written in letters they have."""

    def __init__(self, day: date) -> None:
        super().__init__(format="A4")
        self.set_margins(LEFT, LEFT)
        self.set_creation_date(datetime.combine(day, time(), UTC))
        self.add_page()

    def line(self, text: str, *, bold: bool = False, size: int = 10, align: str = "J") -> None:
        self.set_font("Helvetica", "B" if bold else "", size)
        self.multi_cell(0, HEIGHT, plain(text), align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def row(self, label: str, value: str, *, bold: bool = False) -> None:
        self.set_font("Helvetica", "B" if bold else "", 10)
        self.cell(WIDE, HEIGHT, plain(label)[:70])
        self.cell(NARROW, HEIGHT, value, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def party(self, title: str, facts: dict[str, str]) -> None:
        self.ln(4)
        self.line(title, bold=True)
        for text in (facts.get("name"), facts.get("address"), facts.get("country")):
            if text:
                self.line(text)
        if facts.get("vat_number"):
            self.line(_("VAT number: %s") % facts["vat_number"])


def plain(text: str) -> str:
    """Return `text` in Latin-1; a letter outside it is written as its nearest one."""
    return "".join(
        one if one.encode("latin-1", "ignore") else unidecode(one) for one in text
    )  # fmt: skip
