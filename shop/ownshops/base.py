"""What an own shop tells, in our words: one message about one order there.

The readers take whatever a signed body holds and return clean values or raise BadBody; ids are
text, amounts minor units, moments aware. Nothing of the shopper is kept but mail and country.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from math import ceil
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.utils.dateparse import parse_datetime

from config.lib import money

MOST_LINES, MOST_AMOUNT, MOST_PIECES = 500, 10**12, 100_000
ALL = "*"
PARAMETER = "thousand"  # of our click, in an address, a cart or an order


class BadBody(Exception):
    """The body is not what this shop sends; the text is shown to the brand."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line there, as it was paid: gross with tax and after discounts."""

    id: str
    sku: str
    names: list[str]  # ids of its product and variant there
    title: str
    quantity: int
    gross: int
    tax: int
    less: int = 0  # pieces of `quantity` that are not of the order any more
    variant: str = ""  # what it is called beside the title, such as `M / red`


@dataclass(frozen=True, slots=True)
class Back:
    """Money given back: what falls on lines by their id, and the rest of it."""

    id: str
    lines: dict[str, int]
    rest: int = 0
    pieces: dict[str, int] = field(default_factory=dict)  # by line; without money: taken off only


@dataclass(frozen=True, slots=True)
class StockItem:
    """How many of one variant lie in one place there. `count` None: they are not counted."""

    external_id: str  # of the variant
    parent_id: str  # of its product
    item_id: str  # of its stock, where that has an id of its own
    sku: str
    place: str  # ALL: the sum of all places
    count: int | None
    version: str  # ISO 8601: when this last changed there
    counts: bool = True  # False: a place that serves no web orders


@dataclass(frozen=True, slots=True)
class Told:
    """One message. Each field says what it adds to what is known of the order, or of stock."""

    kind: str
    about: str = ""  # the order's id there
    event: str = ""  # what makes it this message and no other
    currency: str = ""
    version: str = ""  # ISO 8601: when the order there was last changed
    placed_at: str = ""
    paid: bool = False
    test: bool = False
    all_back: bool = False  # cancelled or given back as a whole
    total: int | None = None
    lines: list[Line] = field(default_factory=list)
    whole: bool = False  # a line that is left out is not of the order any more
    edit: str = ""  # the id of a change of the order
    removed: dict[str, int] = field(default_factory=dict)  # pieces that it took off, by line
    added: bool = False  # it put something on, which counts once it is paid
    backs: list[Back] = field(default_factory=list)
    shipped: dict[str, str] = field(default_factory=dict)  # parcel -> moment
    delivered: dict[str, str] = field(default_factory=dict)
    off: list[str] = field(default_factory=list)  # parcels that did not leave after all
    codes: list[str] = field(default_factory=list)
    landing: str = ""
    cart: str = ""
    email: str = ""
    country: str = ""
    uninstalled: bool = False
    ours: str = ""  # the number of an order that we pushed there
    stock: list[StockItem] = field(default_factory=list)
    restocked: bool = False  # something of stock changed that is to be read

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Told:
        known = {name: facts[name] for name in cls.__dataclass_fields__ if name in facts}
        known["lines"] = [Line(**one) for one in known.get("lines", [])]
        known["backs"] = [Back(**one) for one in known.get("backs", [])]
        known["stock"] = [StockItem(**one) for one in known.get("stock", [])]
        return cls(**known)


# ------------------------------------------------------------------ readers


def load(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; ids stay whole numbers, amounts exact."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise BadBody("the body is no JSON") from error
    if not isinstance(found, dict):
        raise BadBody("the body is no JSON object")
    return found


def _no_number(word: str) -> None:
    raise ValueError(word)


def text(value: object, most: int = 120) -> str:
    """Return a short text of a string or number; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int) and value.bit_length() > 256:
        return ""
    found = str(value).encode("utf-8", "ignore").decode()
    return "".join(c for c in found if c.isprintable()).strip()[:most]


def named(value: object, what: str) -> str:
    """Return an id that has to be there."""
    found = text(value, 64)
    if not found:
        raise BadBody(f"{what} is missing")
    return found


def amount(value: object, currency: str, what: str = "an amount") -> int:
    """Return minor units, half up, of a decimal that may not be negative."""
    found = signed(value, currency, what)
    if found < 0:
        raise BadBody(f"{what} is negative")
    return found


def signed(value: object, currency: str, what: str = "an amount") -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadBody(f"{what} is no amount")
    try:
        number = Decimal(str(value).strip()[:40])
        if not number.is_finite() or abs(number) >= MOST_AMOUNT:
            raise BadBody(f"{what} is too large")
        places = money.exponent(currency)
        return int(number.scaleb(places).quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation as error:
        raise BadBody(f"{what} is no amount") from error


def optional(value: object, currency: str, what: str = "an amount") -> int:
    """Return 0 for what is not told."""
    return 0 if value in (None, "") else amount(value, currency, what)


def pieces(value: object) -> int:
    """Return how many; a part of one, such as a metre and a half, is rounded up."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadBody("a quantity is no number of pieces")
    if not 0 <= value <= MOST_PIECES:
        raise BadBody("a quantity is no number of pieces")
    return ceil(value)


def count_of(value: float | Decimal) -> int:
    """Return pieces in stock: what was oversold is none, and more than a billion nobody has."""
    return int(max(0, min(value, 10**9)))


def currency_of(value: object) -> str:
    found = text(value, 8).upper()
    if found not in money.CURRENCIES:
        raise BadBody(f"the currency “{found}” is not one that we know")
    return found


def moment(value: object) -> str:
    """Return a moment as ISO 8601 in UTC; "" for none. Without a zone it is UTC."""
    raw = text(value, 40)
    try:
        found = parse_datetime(raw) if raw else None
        if found is None:
            return ""
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""


def at(word: str) -> datetime:
    return datetime.fromisoformat(word)


def rows(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, MOST_LINES at most."""
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        raise BadBody("a list is expected")
    if len(value) > MOST_LINES:
        raise BadBody(f"a list is longer than {MOST_LINES}")
    return [one for one in value if isinstance(one, dict)]


def inside(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def click_in(address: str) -> str:
    """Return the value of our parameter in an address."""
    try:
        return parse_qs(urlsplit(address).query).get(PARAMETER, [""])[0][:300]
    except ValueError:
        return ""


def discount_in(address: str) -> str:
    """Return the code of a discount link: `/discount/CODE?…`."""
    try:
        parts = urlsplit(address).path.split("/")
    except ValueError:
        return ""
    return parts[2][:60] if len(parts) > 2 and parts[1] == "discount" else ""
