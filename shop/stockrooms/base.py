"""What we say to a shop that keeps stock, and what it answers, in our words."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from config.lib import money, outbound
from shop import pictures
from shop.models import Stockroom
from shop.ownshops import words
from shop.ownshops.base import StockItem

MOST_BYTES = 5_000_000
BY = "Thousand"  # how our payments and tags are called there


class NoAnswer(Exception):
    """It did not work now and may later; the text is a note of `ownshops.words`."""


class Refused(Exception):
    """Asked the same again, the shop would say no again; the text is a note."""


@dataclass(frozen=True, slots=True)
class Sold:
    """One line of a sale: what the shop calls it, and what was paid for it, VAT included."""

    external_id: str
    parent_id: str
    title: str
    quantity: int
    gross: int
    tax: int
    tax_bp: int


@dataclass(frozen=True, slots=True)
class Sale:
    """A brand's part of a paid order. Amounts are minor units of `currency`."""

    number: str  # ours: the order there is tagged with it, and found by it
    currency: str
    at: datetime
    email: str
    name: str
    address: str
    postal_code: str
    city: str
    country: str
    phone: str
    lines: list[Sold]
    shipping: int = 0
    shipping_tax: int = 0
    is_test: bool = False

    @property
    def total(self) -> int:
        return sum(line.gross for line in self.lines) + self.shipping

    @property
    def names(self) -> tuple[str, str]:
        """First and last name, as both shops want them; one word is the last name."""
        first, _space, last = self.name.rpartition(" ")
        return first, last

    def decimal(self, amount: int) -> str:
        return str(money.decimal(amount, self.currency))


@dataclass(frozen=True, slots=True)
class Remote:
    """An order there."""

    id: str
    at: datetime  # when it was made, by the clock there
    is_cancelled: bool = False
    refunds: list[str] = field(default_factory=list)  # what was noted with them


@dataclass(frozen=True, slots=True)
class Page:
    items: list[StockItem]
    cursor: str  # where the next one begins; "": that was all


@dataclass(frozen=True, slots=True)
class Sent:
    """A parcel that left there for an order."""

    id: str
    carrier: str = ""
    code: str = ""
    url: str = ""
    pieces: dict[str, int] | None = None  # by variant there; None: all that is left
    has_arrived: bool = False
    is_off: bool = False  # it was taken back there


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an order there."""

    parcels: list[Sent] = field(default_factory=list)
    is_cancelled: bool = False


class Client(ABC):
    """One shop's API, asked with its brand's keys."""

    def __init__(self, room: Stockroom) -> None:
        self.room = room

    @abstractmethod
    def find(self, sale: Sale) -> Remote | None:
        """Return the order there that is this sale."""

    @abstractmethod
    def create(self, sale: Sale) -> Remote:
        """Make the sale an order there, paid, with the stock taken."""

    @abstractmethod
    def cancel(self, external_id: str) -> None:
        """Cancel an order there and put its stock back."""

    @abstractmethod
    def give_back(self, external_id: str, sale: Sale, amount: int, reference: str) -> None:
        """Note there that an amount went back to the shopper; no money moves there."""

    @abstractmethod
    def look(self, external_id: str) -> Fate:
        """Return what became of an order there."""

    @abstractmethod
    def read(self, cursor: str, until: float = math.inf) -> Page:
        """Return the stock of some variants, from `cursor` on; fewer after `until` (monotonic)."""

    @abstractmethod
    def subscribe(self, address: str, secret: str) -> None:
        """Have the shop tell changes of stock to an address of ours; again, it changes nothing."""

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        json: object = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> outbound.Answer:
        """Ask the shop under its own address and nowhere else. Raises NoAnswer, Refused."""
        url = f"{self.room.address}{path}"
        try:
            answer = outbound.request(
                method, url, headers=headers, json=json, params=params, body=body,
                max_bytes=MOST_BYTES, allow_private=pictures.of_a_test(url),
            )  # fmt: skip
        except outbound.OutboundError as error:
            raise NoAnswer(words.note("no_answer")) from error
        if answer.status in (401, 403):
            raise NoAnswer(words.note("keys"))
        if (
            answer.status >= 500
            or answer.status in (408, 425, 429)
            or answer.status in range(300, 400)
        ):
            raise NoAnswer(words.note("answered", answer.status))
        if answer.status >= 400:
            raise Refused(words.note("said_no", answer.status, message_of(answer)))
        return answer


def loaded(answer: outbound.Answer) -> object:
    try:
        return answer.json()
    except outbound.OutboundError as error:
        raise NoAnswer(words.note("no_json")) from error


def message_of(answer: outbound.Answer) -> str:
    """Return the few words that a shop says with its refusal."""
    try:
        told = answer.json()
    except outbound.OutboundError:
        return ""
    message = told.get("message", "") if isinstance(told, dict) else ""
    return plain(message)


def plain(message: object) -> str:
    return " ".join(str(message).split())[:120] if isinstance(message, str) else ""
