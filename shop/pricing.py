"""What a bag costs: line amounts, the VAT within them, and each brand's shipping. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

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


def shipping_tax(amount: int, lines: Sequence[Priced]) -> int:
    """Return the VAT within shipping: it follows the goods, in proportion to their gross."""
    if not amount or not any(line.gross for line in lines):
        return 0
    shares = money.split(amount, [line.gross for line in lines])
    return sum(
        money.tax_within(share, line.tax_bp) for share, line in zip(shares, lines, strict=True)
    )


def tax_part(gross: int, left_gross: int, left_tax: int) -> int:
    """Return the VAT within `gross` that is given back of what is left of a line.

    In proportion to what is left, half up; so giving back everything gives back all tax,
    whatever was given back before. Needs 0 <= gross <= left_gross.
    """
    if left_gross == 0:
        return 0
    return (2 * gross * left_tax + left_gross) // (2 * left_gross)
