"""WooCommerce's product CSV: one row per product or variation, in any order.

A variation names its parent by SKU or as `id:12`. The file is read twice: first for the line
of each parent's last variation, so that the second reading keeps a product only that long.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

from django.utils.translation import gettext as _

from shop.feeds import base, woocolumns
from shop.feeds.base import (
    BadValue,
    Options,
    Parsed,
    ParsedProduct,
    ParsedVariant,
    Problem,
    Row,
    UnreadableFeed,
)

MAX_OPEN = 20_000  # rows kept back until their product is whole
ATTRIBUTES = 10  # of one variation; the exporter numbers them
TAX = {  # the classes that WooCommerce makes, by the language it was set up in
    "reduced-rate": "reduced", "zero-rate": "zero", "verlaagd-tarief": "reduced",
    "gereduceerd-tarief": "reduced", "laag-tarief": "reduced", "nultarief": "zero",
    "nul-tarief": "zero",
}  # fmt: skip
_LIST = re.compile(r"\\,|,")


@dataclass(slots=True)
class _Family:
    """A variable product while it waits for its variations, or they for it."""

    parent: Row | None = None
    variations: list[Row] = field(default_factory=list)


def recognises(columns: list[str]) -> bool:
    """Tell whether a header is one of WooCommerce's."""
    known = woocolumns.english(columns)
    return {known.get(name, name) for name in columns} >= woocolumns.ENGLISH


def read(path: Path, currency: str, at: datetime) -> Iterator[Parsed]:
    """Yield the products as they hold at `at`; prices are in `currency`, which it never names."""
    columns, _delimiter = base.header_of(path)
    also = woocolumns.english(columns)
    last, names = _first_look(path, also)
    families: dict[str, _Family] = {}
    ends: dict[int, list[str]] = {}
    for key, line in last.items():
        ends.setdefault(line, []).append(key)
    seen: set[str] = set()
    kept = 0

    def product(row: Row) -> str:
        parent = row.get("parent")
        return names.get(parent, parent.removeprefix("id:")) if parent else _key(row)

    for row in base.rows(path, product, also):
        if isinstance(row, Problem):
            yield row
            continue
        kinds = _kinds(row)
        if "variation" in kinds:
            parent = row.get("parent")
            if parent:
                families.setdefault(names.get(parent, parent), _Family()).variations.append(row)
                kept += 1
            else:
                yield Problem(
                    row.line, "Parent", "", _("The product of this variation is missing.")
                )
        else:
            key = _key(row)
            if not key or key in seen:
                reason = _("This id was used before.") if key else _("ID and SKU are missing.")
                yield Problem(row.line, "ID", base.shorten(key), reason)
            elif "variable" in kinds and key in last:
                families.setdefault(key, _Family()).parent = row
                kept += 1
            else:
                yield from _alone(row, kinds, currency, at)
            seen.add(key)
        for key in ends.pop(row.line, ()):
            if key in families and (families[key].parent or key in seen):
                family = families.pop(key)
                kept -= len(family.variations) + (family.parent is not None)
                yield from _whole(family, currency, at)
        if kept > MAX_OPEN:
            raise UnreadableFeed(_("Variations stand too far from their products. Sort by ID."))
    for family in families.values():
        yield from _whole(family, currency, at)


def _first_look(path: Path, also: dict[str, str]) -> tuple[dict[str, int], dict[str, str]]:
    """Return (line of the last row of each parent with variations, key of each name of it)."""
    last: dict[str, int] = {}
    names: dict[str, str] = {}
    parents: dict[str, int] = {}
    for row in base.rows(path, also=also):
        if isinstance(row, Problem):
            continue
        if "variation" in _kinds(row):
            last[row.get("parent")] = row.line
        elif "variable" in _kinds(row) and (key := _key(row)):
            parents.setdefault(key, row.line)
            for name in (row.get("sku"), f"id:{row.get('id')}"):
                names.setdefault(name, key)
    found: dict[str, int] = {}
    for name, line in last.items():
        key = names.get(name, name)
        found[key] = max(found.get(key, 0), line, parents.get(key, 0))
    return found, names


def _kinds(row: Row) -> set[str]:
    """The type cell is a list: `simple, downloadable, virtual`."""
    return {part.strip().lower() for part in row.get("type").split(",")}


def _key(row: Row) -> str:
    """The id stays when a SKU is changed; a file written by hand may have only SKUs."""
    return row.get("id") or row.get("sku")


def _alone(row: Row, kinds: set[str], currency: str, at: datetime) -> Iterator[Parsed]:
    """Yield a product of one row, or why it is none."""
    refused = {
        "grouped": _("A grouped product only lists others. They come in by themselves."),
        "external": _("This product is sold by another shop."),
        "variable": _("This product has no variations in the file."),
    }
    for kind, reason in refused.items():
        if kind in kinds:
            yield Problem(row.line, "Type", kind, reason)
            return
    if not kinds & {"simple", "subscription", "bundle", ""}:
        reason = _("We do not know this type of product.")
        yield Problem(row.line, "Type", base.shorten(row.get("type")), reason)
        return
    product = _product(row, currency)
    if isinstance(product, Problem):
        yield product
        return
    variant = _variant(row, None, product, at)
    if isinstance(variant, Problem):
        yield variant
        return
    product.variants.append(variant)
    yield product


def _whole(family: _Family, currency: str, at: datetime) -> Iterator[Parsed]:
    """Yield a variable product with its good variations, and what is wrong with the others."""
    if family.parent is None:
        for row in family.variations:
            reason = _("The product of this variation is not in the file, or was refused.")
            yield Problem(row.line, "Parent", base.shorten(row.get("parent")), reason)
        return
    product = _product(family.parent, currency)
    if isinstance(product, Problem):
        yield product
        return
    for row in sorted(family.variations, key=_position):
        if row.get("published") not in {"", "1"}:
            continue
        variant = _variant(row, family.parent, product, at)
        if isinstance(variant, Problem):
            yield variant
        elif any(have.options == variant.options for have in product.variants):
            value = base.shorten(", ".join(value for _name, value in variant.options))
            reason = _("Another row has the same options.")
            yield Problem(row.line, "Attribute 1 value(s)", value, reason)
        elif len(product.variants) >= base.MAX_VARIANTS:
            yield Problem(row.line, "Parent", product.external_id, _("More than 500 variants."))
        else:
            product.variants.append(variant)
            if variant.image and (variant.image, "") not in product.images:
                product.images.append((variant.image, ""))
    if product.variants:
        yield product


def _position(row: Row) -> int:
    text = row.get("position")
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def _product(row: Row, currency: str) -> ParsedProduct | Problem:
    title, key = row.get("name"), _key(row)
    if not title:
        return Problem(row.line, "Name", "", _("The title is missing."), key)
    if len(key) > 200:
        return Problem(row.line, "ID", base.shorten(key), _("This field is too long."))
    return ParsedProduct(
        external_id=key,
        title=title[:200],
        description=row.get("description", "short description"),
        line=row.line,
        currency=currency,
        category="\n".join(_parts(row.get("categories"))),
        vendor=row.get("brands"),
        details=base.details(row),
        tags=tuple(_parts(row.get("tags"))),
        published=row.get("published") in {"", "1"}
        and row.get("visibility in catalog").lower() != "hidden",
        tax_class=_tax_class(row),
        images=[(url, "") for url in map(base.web_address, _parts(row.get("images"))) if url],
    )


def _parts(cell: str) -> list[str]:
    r"""Split a list at its commas; `\,` is a comma within a part."""
    parts, current, at = [], "", 0
    for match in _LIST.finditer(cell):
        current += cell[at : match.start()]
        at = match.end()
        if match[0] == ",":
            parts.append(current)
            current = ""
        else:
            current += ","
    parts.append(current + cell[at:])
    return [part.strip() for part in parts if part.strip()]


def _tax_class(row: Row) -> str:
    if row.get("tax status").lower() == "none":
        return "zero"
    return TAX.get(row.get("tax class").lower(), "")


def _variant(
    row: Row, parent: Row | None, product: ParsedProduct, at: datetime
) -> ParsedVariant | Problem:
    currency, column = product.currency, "Regular price"
    try:
        price = base.price(row.get("regular price"), currency)
        column = "Sale price"
        price, compare_at, turns_at = _sale(row, price, currency, at)
        column = "Stock"
        stock = _stock(row, parent)
    except BadValue as error:
        of = _key(parent or row)
        return Problem(row.line, column, base.shorten(row.get(column.lower())), str(error), of)
    sku = row.get("sku") or f"id:{row.get('id')}"
    if sku == "id:":
        return Problem(row.line, "SKU", "", _("ID and SKU are missing."))
    if len(sku) > 120:
        reason = _("The SKU is longer than 120 characters.")
        return Problem(row.line, "SKU", base.shorten(sku), reason)
    options = _options(row) if parent else ()
    product.turns(turns_at)
    variant = ParsedVariant(sku, options, price, compare_at, stock, row.line)
    variant.content = base.content(row.get("meta: content", "meta: _content", "content"))
    if parent:
        pictures = map(base.web_address, _parts(row.get("images")))
        variant.image = next((url for url in pictures if url), "")
    return variant


def _options(row: Row) -> Options:
    """What a variation is; an attribute without a value there means "any"."""
    pairs = [
        (row.get(f"attribute {n} name"), row.get(f"attribute {n} value(s)"))
        for n in range(1, ATTRIBUTES + 1)
    ]
    return tuple((name[:60], value[:120]) for name, value in pairs if name and value)


def _sale(
    row: Row, price: int, currency: str, at: datetime
) -> tuple[int, int | None, datetime | None]:
    """Return (what is paid, what it cost before, until when) for the sale that holds at `at`."""
    if not row.get("sale price"):
        return price, None, None
    sale = base.price(row.get("sale price"), currency)
    first, last = row.get("date sale price starts"), row.get("date sale price ends")
    try:
        start = _moment(first, at) if first else None
        end = _moment(last, at, last=True) if last else None
    except ValueError as error:
        raise BadValue(_("The dates of the sale cannot be read.")) from error
    if sale >= price or (end and end <= at):
        return price, None, None
    if start and at < start:
        return price, None, start
    return sale, price, end


def _moment(text: str, at: datetime, last: bool = False) -> datetime:
    """Read a date or a moment; of a bare date its first, or with `last` the next day's first."""
    moment = datetime.fromisoformat(text)
    if last and len(text) <= 10 and moment.time() == time():
        with suppress(OverflowError):  # 9999-12-31: for ever
            moment += timedelta(days=1)
    return moment if moment.tzinfo else moment.replace(tzinfo=at.tzinfo)


def _stock(row: Row, parent: Row | None) -> int | None:
    """How many there are; None where it does not count them, or sells beyond them."""
    if row.get("in stock?").lower() in {"0", "no", "false"}:
        return 0
    if row.get("backorders allowed?").lower() in {"1", "notify", "yes"}:
        return None
    text = row.get("stock")
    if text.lower() == "parent" and parent:
        text = parent.get("stock")
    return base.stock(text) if text else None
