"""Any other table with a header: columns by the names that shop systems give them.

One row is one variant. Rows that name the same product belong together when they follow each
other: by a product id or handle, by a parent's SKU, or, where the title is empty, with the row above.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _

from shop.feeds import base
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

TITLE = ("title", "name", "product title", "product name", "naam", "titel")
PRODUCT = ("product handle", "handle", "slug", "product id", "parent_sku", "parent sku")
OWN_ID = ("id", "sku", "variant sku", "artikelnummer", "variant id", "book_id")
SKU = ("sku", "variant sku", "artikelnummer", "id", "variant id")
PRICE = ("price", "variant price", "prijs", "regular price", "regular_price")
COMPARE = ("compare_at_price", "compare at price", "variant compare at price")
STOCK = ("stock", "inventory_count", "stockonhand", "quantity", "voorraad", "inventory quantity")
TEXT = ("description", "product description", "short_description", "omschrijving")
SHELF = ("category", "categories", "product_type", "category1", "product category", "categorie")
PICTURE = ("image_url", "image", "image1_src", "product thumbnail", "product image 1", "afbeelding")
ALL_LACK = {"grouped", "bundle", "virtual", "downloadable", "booking"}  # types that are no goods
STATES = {"", "1", "active", "published", "true", "yes"}
_PRICE_IN = re.compile(r"(?:variant )?price ([a-z]{3})")
_FOREIGN_PRICE = re.compile(r"(?:variant )?price (?![a-z]{3}$).+")


def recognises(columns: list[str]) -> bool:
    """Tell whether a header has a title, and a price or at least an id."""
    names = set(columns)
    priced = names & set(PRICE) or any(_PRICE_IN.fullmatch(name) for name in names)
    return bool(names & set(TITLE) and (priced or names & set(OWN_ID)))


def read(path: Path, currency: str) -> Iterator[Parsed]:
    """Yield the products of a table; prices are in its currency column, else in `currency`."""
    columns, _delimiter = base.header_of(path)
    prices = _price_columns(columns, currency)
    _refuse_cents(path, columns, prices)
    listed = _listed(path, prices, currency) if "currency" in columns else {}
    group: list[Row] = []
    seen: set[str] = set()
    for row in base.rows(path, lambda row: row.get(*PRODUCT, *OWN_ID)):
        if isinstance(row, Problem):
            yield row
            continue
        if _is_listing(row):
            if row.get(*SKU) not in listed and row.get("currency") == currency:
                reason = _("This price cannot be read.")
                yield Problem(row.line, prices[0], base.shorten(row.get(*prices)), reason)
            continue
        if group and _same(group[0], row):
            group.append(row)
            continue
        yield from _product(_priced(group, listed, prices, currency), prices, currency, seen)
        group = [row]
    yield from _product(_priced(group, listed, prices, currency), prices, currency, seen)


def _is_listing(row: Row) -> bool:
    """Whether a row only gives the price of a variant in one more currency."""
    bare = not row.get(*TITLE, "option1_value", *PICTURE, *TEXT)
    return bare and bool(row.get("currency") and row.get("slug") and row.get("sku"))


def _listed(path: Path, prices: tuple[str, ...], currency: str) -> dict[str, str]:
    """Return the prices in `currency` that stand in rows of their own, by SKU."""
    found = {}
    for row in base.rows(path):
        if isinstance(row, Row) and _is_listing(row) and row.get("currency") == currency:
            with suppress(BadValue):
                base.price(row.get(*prices), currency)
                found[row.get("sku")] = row.get(*prices)
    return found


def _priced(
    group: list[Row], listed: dict[str, str], prices: tuple[str, ...], currency: str
) -> list[Row]:
    """Give a product its prices in `currency`, if the file lists one for each of its variants."""
    variants = [row for row in group if not (len(group) > 1 and _is_frame(row, prices))]
    if listed and variants and all(row.get("sku") in listed for row in variants):
        for row in variants:
            row.cells[prices[0]] = listed[row.get("sku")]
            for name in COMPARE:
                row.cells.pop(name, None)
        for row in group:
            row.cells["currency"] = currency
    return group


def _price_columns(columns: list[str], currency: str) -> tuple[str, ...]:
    """Return the columns that hold the price. Raises UnreadableFeed where one is for nowhere."""
    for name in columns:
        if _FOREIGN_PRICE.fullmatch(name):
            message = _("Line 1: we do not know the price column “%(name)s”. Take it out.")
            raise UnreadableFeed(message % {"name": name})
    found = [name for name in columns if _PRICE_IN.fullmatch(name)]
    mine = [name for name in found if name.endswith(f" {currency.lower()}")]
    plain = [name for name in PRICE if name in columns]
    if not mine and not plain:
        if found:
            message = _("The file has prices, but none in %(currency)s.")
            raise UnreadableFeed(message % {"currency": currency})
        raise UnreadableFeed(_("The file has no column with a price. Add one called price."))
    return (*mine, *plain)


def _refuse_cents(path: Path, columns: list[str], prices: tuple[str, ...]) -> None:
    """A file that names no currency and whose prices are all whole hundreds may mean cents."""
    if "currency" in columns:
        return
    texts = (row.get(*prices) for row in base.rows(path) if isinstance(row, Row))
    found = [text for text in islice(texts, 1_000) if text]
    if found and all(text.isdigit() and len(text) >= 3 and text.endswith("00") for text in found):
        message = _(
            "All prices are whole hundreds: 3500 may mean 35.00 or 3500.00. Write them with"
            " decimals, or add a column currency."
        )
        raise UnreadableFeed(message)


def _same(first: Row, row: Row) -> bool:
    """Whether `row` is a further variant of the product that begins with `first`."""
    key = first.get(*PRODUCT) or first.get("sku")
    if row.get(*PRODUCT):
        parent = row.get("parent_sku", "parent sku")
        return row.get(*PRODUCT) == key or (bool(parent) and parent == first.get("sku"))
    return not row.get(*TITLE) and bool(row.get(*SKU))


def _product(
    group: list[Row], prices: tuple[str, ...], currency: str, seen: set[str]
) -> Iterator[Parsed]:  # fmt: skip
    if not group:
        return
    first = group[0]
    title = first.get(*TITLE)
    key = first.get(*PRODUCT, *OWN_ID) or title
    if not title:
        yield Problem(first.line, "title", "", _("The title is missing."), key[:200])
        return
    if len(key) > 200 or key in seen:
        reason = _("This field is too long.") if len(key) > 200 else _("This id was used before.")
        yield Problem(first.line, "id", base.shorten(key), reason)
        return
    seen.add(key)
    if (kind := first.get("type").lower()) in ALL_LACK:
        yield Problem(first.line, "type", kind, _("We do not know this type of product."))
        return
    code = first.get("currency") or currency
    pictures = [base.web_address(row.get(*PICTURE)) for row in group]
    state = first.get("status", "product status", "published").lower()
    product = ParsedProduct(
        external_id=key,
        title=title[:200],
        description=first.get(*TEXT),
        line=first.line,
        currency=code,
        category=first.get(*SHELF).replace("->", ">").replace("/", ">").replace(",", "\n"),
        vendor=first.get("brand", "vendor", "authors"),
        url=base.web_address(first.get("link", "url", "product url")),
        published=state in STATES,
        details=base.details(first),
        images=[(url, "") for url in dict.fromkeys(pictures) if url],
    )
    several = len(group) > 1
    for row in group:
        if several and row is first and _is_frame(row, prices):
            continue
        variant = _variant(row, product, prices, code, several)
        if isinstance(variant, Problem):
            yield variant
        elif len(product.variants) >= base.MAX_VARIANTS:
            yield Problem(row.line, "sku", variant.sku, _("More than 500 variants."), key)
        elif several and any(other.options == variant.options for other in product.variants):
            reason = _("Another row has the same options.")
            yield Problem(row.line, "sku", base.shorten(variant.sku), reason)
        else:
            product.variants.append(variant)
    if product.variants:
        yield product


def _is_frame(row: Row, prices: tuple[str, ...]) -> bool:
    """A first row that only carries the product: without price, or with price 0."""
    return not row.get(*prices).strip("0.,")


def _variant(
    row: Row, product: ParsedProduct, prices: tuple[str, ...], code: str, several: bool
) -> ParsedVariant | Problem:  # fmt: skip
    column = prices[0]
    try:
        price, code = base.price_with_currency(row.get(*prices), code)
        if code != product.currency:
            raise BadValue(_("All variants of a product need one currency."))
        column = "compare_at_price"
        compared = row.get(*COMPARE)
        compare_at = base.price(compared, code) if compared.strip("0.,") else None
        column = "stock"
        tracked = row.get("track_inventory", "trackinventory", "variant manage inventory").lower()
        quantity = "" if tracked == "false" else row.get(*STOCK)
        stock = base.stock(quantity) if quantity else None
    except BadValue as error:
        value = base.shorten(row.get(column, *(prices if column == prices[0] else ())))
        return Problem(row.line, column, value, str(error), product.external_id)
    options = _options(row, product) if several else ()
    sku = row.get(*SKU) or "/".join([product.external_id, *(value for _name, value in options)])
    if len(sku) > 120:
        return Problem(row.line, "sku", base.shorten(sku), _("This field is too long."))
    if compare_at is not None and compare_at <= price:
        compare_at = None
    variant = ParsedVariant(sku, options, price, compare_at, stock, row.line)
    variant.counted = any(name in row.cells for name in STOCK)
    variant.content = base.content(row.get("content", "inhoud"))
    return variant


def _options(row: Row, product: ParsedProduct) -> Options:
    """What a variant is: numbered option columns, a list between bars, or its own title."""
    pairs = []
    for n in (1, 2, 3):
        name = row.get(f"option{n}_name", f"option{n} name", f"variant option {n} name")
        value = row.get(f"option{n}_value", f"option{n} value", f"variant option {n} value")
        if value:
            pairs.append((name[:60], value[:120]))
    if not pairs and (values := row.get("optionvalues")):
        pairs = [("", value.strip()[:120]) for value in values.split("|")]
    if not pairs and (title := row.get("variant title", *TITLE)) and title != product.title:
        pairs = [("", title.removeprefix(product.title).strip(" -–,")[:120] or title[:120])]
    return tuple(pairs)
