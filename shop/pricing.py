"""What a bag costs: line amounts, the VAT within them, and each brand's shipping. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.lib import money


@dataclass(frozen=True, slots=True)
class Priced:
    """One line: gross = quantity × unit_price − discount, with the tax that gross holds."""

    quantity: int
    unit_price: int
    discount: int
    tax_bp: int

    @property
    def listed(self) -> int:
        return self.quantity * self.unit_price

    @property
    def gross(self) -> int:
        return self.listed - self.discount

    @property
    def tax(self) -> int:
        return money.tax_within(self.gross, self.tax_bp)


def shipping(price: int, free_from: int | None, gross: int) -> int:
    """Return a brand's shipping for goods worth `gross` (minor units, VAT included)."""
    return 0 if free_from is not None and gross >= free_from else price


def shipping_rates(amount: int, lines: Sequence[Priced]) -> dict[int, tuple[int, int]]:
    """Return what of shipping (gross) has each rate of VAT, and that VAT, by rate.

    It follows the goods, in proportion to their gross.
    """
    found: dict[int, tuple[int, int]] = {}
    if not amount or not any(line.gross for line in lines):
        return found
    shares = money.split(amount, [line.gross for line in lines])
    for share, line in zip(shares, lines, strict=True):
        gross, tax = found.get(line.tax_bp, (0, 0))
        found[line.tax_bp] = gross + share, tax + money.tax_within(share, line.tax_bp)
    return found


def shipping_tax(amount: int, lines: Sequence[Priced]) -> int:
    """Return the VAT within shipping."""
    return sum(tax for _gross, tax in shipping_rates(amount, lines).values())


def tax_part(gross: int, left_gross: int, left_tax: int) -> int:
    """Return the VAT within `gross` that is given back of what is left of a line.

    In proportion to what is left, half up; so giving back everything gives back all tax,
    whatever was given back before. Needs 0 <= gross <= left_gross.
    """
    if left_gross == 0:
        return 0
    return (2 * gross * left_tax + left_gross) // (2 * left_gross)


UNITS = {  # how much of the base unit one is
    "mg": (Decimal("0.000001"), "kg"), "g": (Decimal("0.001"), "kg"), "kg": (Decimal(1), "kg"),
    "ml": (Decimal("0.001"), "l"), "cl": (Decimal("0.01"), "l"), "dl": (Decimal("0.1"), "l"),
    "l": (Decimal(1), "l"), "cm": (Decimal("0.01"), "m"), "m": (Decimal(1), "m"),
    "piece": (Decimal(1), "piece"),
}  # fmt: skip
ALIASES = {"gr": "g", "gram": "g", "kilo": "kg", "liter": "l", "litre": "l", "ct": "piece",
           "pcs": "piece", "pc": "piece", "stuk": "piece", "stuks": "piece"}  # fmt: skip
_CONTENT = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,3})?)\s*([A-Za-z]{1,6})", re.ASCII)


def content(text: str) -> str:
    """Return a content in one spelling: `1,5 KG` is `1.5 kg`. Raises ValueError."""
    match = _CONTENT.fullmatch(text.strip())
    unit = match[2].lower() if match else ""
    unit = ALIASES.get(unit, unit)
    if unit not in UNITS or Decimal(match[1].replace(",", ".")) == 0:
        raise ValueError(f"no content: {text[:40]!r}")
    return f"{match[1].replace(',', '.')} {unit}"


def unit_price(price: int, text: str) -> tuple[int, str] | None:
    """Return the price of one kilogram, litre or metre of what holds `text`, half up.

    None where there is nothing to compare: no content, a piece, or just one unit of it.
    Source: directive 98/6/EC, art. 2 and 3.
    """
    if not text:
        return None
    number, _space, unit = text.partition(" ")
    factor, base = UNITS[unit]
    amount = Decimal(number) * factor
    if base == "piece" or amount == 1:
        return None
    return int((price / amount + Decimal("0.5")) // 1), base
