"""What every feed parser speaks: files opened as text, rows with line numbers, strict numbers.

Pure: nothing here knows the database. Parsers yield `ParsedProduct` and `Problem`;
`UnreadableFeed` says that nothing of the file can be taken over.
"""

import codecs
import csv
import gzip
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import datetime
from html import unescape
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, TextIO

from django.utils.translation import gettext as _

from config.lib import money
from shop import pricing

MAX_BYTES = 512 * 1024 * 1024  # unpacked
READING_S = 180  # for all passes over one file; what is empty counts as well
MOST_BEFORE = 20  # lines before the names of the columns
MAX_LINE = 1024 * 1024  # characters in one physical line
MAX_COLUMNS = 400
MAX_CELL = 100_000  # characters
MAX_VARIANTS = 500  # of one product

Options = tuple[tuple[str, str], ...]


class UnreadableFeed(Exception):
    """A file of which nothing can be taken over; its text is shown to the brand."""


class BadValue(ValueError):
    """A cell that cannot be read; its text is the reason shown beside the line."""


@dataclass(slots=True)
class ParsedVariant:
    """Price and compare_at in minor units of the product's currency; stock None: unlimited.

    Where it is not `counted`, the feed does not say how many there are: that stays as it is here.
    """

    sku: str
    options: Options
    price: int
    compare_at: int | None
    stock: int | None
    line: int
    image: str = ""  # the address of the picture that shows this variant, if the feed says
    content: str = ""  # in the spelling of pricing.content
    counted: bool = True

    def __reduce__(self) -> tuple:
        return ParsedVariant, _VARIANT(self)


@dataclass(slots=True)
class ParsedProduct:
    """One product of a feed, with every variant and picture the feed gave it."""

    external_id: str
    title: str
    description: str  # HTML or text as the feed has it, not yet sanitised
    line: int
    currency: str
    category: str = ""  # paths like `Home > Pots`, best first, one a line
    vendor: str = ""
    tags: tuple[str, ...] = ()
    url: str = ""
    published: bool = True
    tax_class: str = ""  # empty: the feed does not say
    details: dict[str, str] = field(default_factory=dict)  # what a shelf may require
    variants: list[ParsedVariant] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)  # (address, alternative text)
    turns_at: datetime | None = None  # when a sale of it begins or ends next

    def turns(self, *moments: datetime | None) -> None:
        """Note moments at which a price of it changes by itself; the first one counts."""
        self.turns_at = min(filter(None, (self.turns_at, *moments)), default=None)

    def __reduce__(self) -> tuple:
        return ParsedProduct, _PRODUCT(self)


# Pickled by their fields in order, which takes a third of the time that dataclasses do.
_VARIANT, _PRODUCT = (
    attrgetter(*(one.name for one in fields(kind))) for kind in (ParsedVariant, ParsedProduct)
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One row, or one field of it, that is left out, and why.

    `product` is the external id of the product it belongs to, where that can be told: one that
    is in the shop stays as it last was.
    """

    line: int
    field: str
    value: str
    reason: str
    product: str = ""


Parsed = ParsedProduct | Problem


class _Capped(io.RawIOBase):
    """A byte stream that refuses to give more than MAX_BYTES (gzip bombs), or for too long."""

    def __init__(self, inner: BinaryIO) -> None:
        self.inner = inner
        self.left = MAX_BYTES
        self.meter = _METER.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if self.meter and time.monotonic() > self.meter.end:
            raise UnreadableFeed(_("This file takes too long to read. Split it."))
        try:
            data = self.inner.read(len(buffer))
        except (OSError, EOFError) as error:
            raise UnreadableFeed(_("The compressed file is damaged.")) from error
        self.left -= len(data)
        if self.left < 0:
            raise UnreadableFeed(_("The file is larger than 512 MB when unpacked."))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.inner.close()
        super().close()


class Meter:
    """How far the file that was opened last has been read, and until when it may be."""

    def __init__(self) -> None:
        self.end = time.monotonic() + READING_S
        self.file: BinaryIO | None = None
        self.size = 0

    def watch(self, file: BinaryIO, size: int) -> None:
        self.file, self.size = file, size

    def percent(self) -> int | None:
        """0..99, of the bytes on disk; None where nothing is being read."""
        if self.file is None or self.file.closed or not self.size:
            return None
        return min(99, 100 * self.file.tell() // self.size)


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Let a meter follow the files that are opened within."""
    meter = Meter()
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


def open_bytes(path: Path) -> BinaryIO:
    """Open a plain or gzip-compressed file; the unpacked size is capped."""
    raw = path.open("rb")
    if meter := _METER.get():
        meter.watch(raw, path.stat().st_size)
    magic = raw.read(2)
    raw.seek(0)
    inner = gzip.GzipFile(fileobj=raw) if magic == b"\x1f\x8b" else raw
    return io.BufferedReader(_Capped(inner), buffer_size=1 << 16)


def encoding_of(path: Path) -> str:
    """Return the text encoding of a file: by its marks, else UTF-8, else Windows-1252."""
    with open_bytes(path) as stream:
        start = stream.peek(4)[:4]
        if len(start) == 4 and start[0] and start[2] and not start[1] and not start[3]:
            return "utf-16-le"  # western letters without a byte order mark
        if len(start) == 4 and start[1] and start[3] and not start[0] and not start[2]:
            return "utf-16-be"
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := stream.read(1 << 18):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8"
    return "utf-8" if _is_mostly_utf8(path) else "cp1252"


def _is_mostly_utf8(path: Path) -> bool:
    """Whether a few bytes of a file are damaged, such as a text that was cut within a letter.

    In another encoding hardly any letter beyond ASCII is one in UTF-8 too.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    with open_bytes(path) as stream:
        while good + bad < 100_000 and (chunk := stream.read(1 << 18)):
            text = decoder.decode(chunk)
            damaged = text.count("\ufffd")
            bad += damaged
            good += len(text) - len(text.encode("ascii", "ignore")) - damaged
    return good > 10 * bad


def open_text(path: Path) -> TextIO:
    """Open a file as text in the encoding it has, line ends untouched (for `csv`)."""
    encoding = encoding_of(path)
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, errors="replace", newline="")


_TOLD = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)


def delimiter_of(header: str) -> str:
    """Return the delimiter of a header line: the candidate that splits it most often."""
    return max(",;\t", key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def lines(stream: TextIO) -> Iterator[str]:
    """Yield physical lines; refuse one that would not fit in memory politely."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            message = _("Line %(line)d is longer than a million characters.")
            raise UnreadableFeed(message % {"line": number})
        yield line


@dataclass(slots=True)
class Row:
    """One record of a delimited file, by column name in lower case."""

    line: int  # where the record starts in the file, from 1
    cells: dict[str, str]

    def get(self, *names: str) -> str:
        """Return the first filled cell among the columns `names`."""
        for name in names:
            if value := self.cells.get(name):
                return value
        return ""


def header_of(path: Path) -> tuple[list[str], str]:
    """Return (column names in lower case, delimiter) of a delimited text file."""
    names, delimiter, _skipped = _head(path)
    return names, delimiter


def _head(path: Path) -> tuple[list[str], str, int]:
    """Return column names, delimiter, and how many lines stand before those below the names.

    Before the names, empty lines and a spreadsheet's `sep=;` are passed over.
    """
    told = ""
    with open_text(path) as stream:
        for skipped, line in enumerate(islice(lines(stream), MOST_BEFORE), 1):
            text = line.strip("\r\n")
            if found := _TOLD.fullmatch(text.strip()):
                told = found[1]
            elif text.strip(",;\t "):
                delimiter = told or delimiter_of(text)
                names = next(csv.reader([text], delimiter=delimiter), [])
                return [name.strip().lower() for name in names], delimiter, skipped
    return [], ",", 0


def rows(
    path: Path, product: Callable[[Row], str] | None = None, also: Mapping[str, str] | None = None
) -> Iterator[Row | Problem]:
    """Yield the records of a delimited file, or what is wrong with one.

    `product` tells the external id of a row's product, so that one with a bad row stays;
    `also` what else columns are called.
    """
    names, delimiter, skipped = _head(path)
    names = [(also or {}).get(name, name) for name in names]
    if len(names) > MAX_COLUMNS:
        raise UnreadableFeed(_("The file has more than 400 columns."))
    taken: list[str] = []  # the lines of the record that is read
    with open_text(path) as stream:
        text = lines(stream)
        for _line in islice(text, skipped):
            pass
        reader = csv.reader(_noted(text, taken), delimiter=delimiter)
        while True:
            taken.clear()
            start = skipped + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells = None
            if delimiter == "\t" and _swallowed(taken, len(names), whole=cells is not None):
                apart = [_by_tabs(line.strip("\r\n")) for line in taken]
            elif cells is None:
                yield Problem(start, "", "", _("A cell is far too long. Is a quote not closed?"))
                continue
            else:
                apart = [cells]
            for n, found in enumerate(apart):
                if any(cell.strip() for cell in found):
                    yield _row(start + n, found, names, product)


def _noted(text: Iterator[str], taken: list[str]) -> Iterator[str]:
    for line in text:
        taken.append(line)
        yield line


def _swallowed(taken: list[str], columns: int, *, whole: bool) -> bool:
    """Whether a quote that is not closed, as in a text without quoting, took further rows in.

    No cell holds as many tabs as a row has.
    """
    further = taken[1:] if len(taken) > 1 else ()
    return any(line.count("\t") >= columns - 1 for line in further) or (not whole and bool(further))


def _by_tabs(line: str) -> list[str]:
    """Return the cells of a line, quoted ones without their quotes."""
    plain = line.split("\t")
    quoted = next(csv.reader([line], delimiter="\t"), [])
    return quoted if len(quoted) == len(plain) else plain


def _row(
    line: int, cells: list[str], names: list[str], product: Callable[[Row], str] | None
) -> Row | Problem:  # fmt: skip
    row = Row(line, dict(zip(names, map(clean, cells), strict=False)))
    if any(cell.strip() for cell in cells[len(names) :]):
        reason = _("This row has more cells than the header has columns.")
        return Problem(line, "", shorten(cells[0]), reason, product(row)[:200] if product else "")
    return row


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Return `text` without control characters, direction overrides and outer spaces."""
    return (text if text.isprintable() else _CONTROL.sub("", text)).strip()


_ENTITY = re.compile(r"&(?:#[0-9]{1,6}|#x[0-9a-fA-F]{1,5}|[A-Za-z][A-Za-z0-9]{1,9});")


def title(text: str) -> str:
    """Return a title as one reads it: shops export `Mug &amp; pot`."""
    return clean(_ENTITY.sub(lambda found: unescape(found[0]), text)) if "&" in text else text


def shorten(value: str, length: int = 200) -> str:
    """Return what of a cell a report shows."""
    return value if len(value) <= length else value[: length - 1] + "…"


_AMOUNT = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,3})?", re.ASCII)
_MERCHANT = re.compile(r"(?:([A-Za-z]{3})\s*)?([0-9][0-9.,]*)(?:\s*([A-Za-z]{3}))?", re.ASCII)


def price(text: str, currency: str) -> int:
    """Return a positive amount in minor units.

    Plain, with a point or a comma as the decimal sign, or as people write it: `€ 1.234,56`.
    `1,234`, which may mean two numbers, is refused, and so is `1_000`. Raises BadValue.
    """
    if not text:
        raise BadValue(_("The price is missing."))
    try:
        plain = _AMOUNT.fullmatch(text)
        amount = money.parse(text, currency) if plain else money.typed(text[:40], currency)
    except money.TwoReadings as error:
        raise BadValue(str(error)) from error
    except money.BadAmount as error:
        if _AMOUNT.fullmatch(text):
            raise BadValue(_("The price has too many decimals or is too large.")) from error
        raise BadValue(_("Write the price like 34.50 or 34,50, without other signs.")) from error
    if amount == 0:
        raise BadValue(_("The price is 0. A product needs a price."))
    return amount


def price_with_currency(text: str, currency: str) -> tuple[int, str]:
    """Read `25.00 USD` (or `USD 25.00`, or a bare number in `currency`). Raises BadValue."""
    if not text:
        raise BadValue(_("The price is missing."))
    match = _MERCHANT.fullmatch(text)
    if not match:
        try:
            return price(text, currency), currency
        except BadValue as error:
            raise BadValue(_("Write the price like 34.50 EUR.")) from error
    code = (match[1] or match[3] or currency).upper()
    if code not in money.CURRENCIES:
        raise BadValue(_("We do not know this currency."))
    return price(match[2], code), code


_STOCK = re.compile(r"(-?[0-9]{1,9})(?:[.,]0{1,4})?", re.ASCII)


def stock(text: str) -> int:
    """Return a number of pieces; where more was sold than there was (`-2`), there are none.

    Raises BadValue for a part of a piece.
    """
    found = _STOCK.fullmatch(text)
    if not found:
        raise BadValue(_("The stock must be a whole number."))
    return max(0, int(found[1]))


DETAILS = {  # what a shelf may require, and the columns that may tell it
    key: (key, key.replace("_", " "), f"meta: {key}", f"meta: _{key}")
    for key in ("ingredients", "allergens", "manufacturer", "manufacturer_contact", "warnings")
}


DETAIL_NAMES = frozenset(name for names in DETAILS.values() for name in names)


def details(row) -> dict[str, str]:
    """Return what a row tells in columns named like our details, or like meta fields with them."""
    return {key: text[:2000] for key, names in DETAILS.items() if (text := row.get(*names))}


def content(*texts: str) -> str:
    """Return the first content that can be read, such as `500 g`; else an empty string."""
    for text in filter(None, texts):
        with suppress(ValueError):
            return pricing.content(text)
    return ""


def web_address(text: str) -> str:
    """Return `text` if it is an http(s) address of sane length, else an empty string."""
    sane = text.lower().startswith(("https://", "http://")) and len(text) <= 1000
    return text if sane and not re.search(r"\s", text) else ""
