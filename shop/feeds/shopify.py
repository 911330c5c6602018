"""Shopify's product CSV: rows that share a Handle are one product.

The first row of a product carries its title and text; further rows carry a variant, a
picture, or both. Columns that we do not know are ignored, so every edition is read: that with
`Handle` and `Variant Price`, and that with `URL handle` and `Price`.
"""

from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from shop.feeds import base
from shop.feeds.base import BadValue, Options, Parsed, ParsedProduct, ParsedVariant, Problem, Row

COLUMNS = {"handle", "title", "variant price"}
NO_OPTION = "default title"
NEWER = {  # the names of columns beside `URL handle`, as they were before
    "url handle": "handle",
    "description": "body (html)",
    "published on online store": "published",
    "sku": "variant sku",
    "price": "variant price",
    "compare-at price": "variant compare at price",
    "inventory tracker": "variant inventory tracker",
    "inventory quantity": "variant inventory qty",
    "continue selling when out of stock": "variant inventory policy",
    "product image url": "image src",
    "variant image url": "variant image",
}
GOES_ON = {"continue", "true", "yes", "1"}  # selling what it has no more of


def recognises(columns: list[str]) -> bool:
    """Tell whether a header is one of Shopify's."""
    names = _newer(columns)
    return {names.get(name, name) for name in columns} >= COLUMNS


def _newer(columns: list[str]) -> dict[str, str]:
    """Return what to rename where a header has the newer names."""
    return NEWER if "url handle" in columns and "handle" not in columns else {}


def read(path: Path, currency: str) -> Iterator[Parsed]:
    """Yield the products of a Shopify CSV; prices are in `currency`, which it never names."""
    uncounted = False
    for one in _read(path, currency):
        if isinstance(one, ParsedProduct) and not uncounted:
            uncounted = any(not variant.counted for variant in one.variants)
        yield one
    if uncounted:
        reason = _(
            "Shopify leaves this column out where a shop has several places. What is new here is"
            " sold out until you type its stock; what you typed stays."
        )
        yield Problem(1, "Inventory quantity", "", reason)


def _read(path: Path, currency: str) -> Iterator[Parsed]:
    group: list[Row] = []
    seen: set[str] = set()
    columns, _delimiter = base.header_of(path)
    for row in base.rows(path, lambda row: row.get("handle"), _newer(columns)):
        if isinstance(row, Problem):
            yield row
            continue
        handle = row.get("handle")
        if not handle:
            yield Problem(row.line, "Handle", "", _("The handle is missing."))
            continue
        if group and group[0].get("handle") != handle:
            yield from _product(group, currency)
            group = []
        if not group:
            if handle in seen:
                reason = _("Rows of one product must follow each other.")
                yield Problem(row.line, "Handle", base.shorten(handle), reason)
                continue
            seen.add(handle)
        group.append(row)
    if group:
        yield from _product(group, currency)


def _product(group: list[Row], currency: str) -> Iterator[Parsed]:
    first = group[0]
    handle = first.get("handle")
    title = first.get("title")
    if not title:
        yield Problem(first.line, "Title", "", _("The title is missing."), handle)
        return
    if len(handle) > 200:
        reason = _("The handle is longer than 200 characters.")
        yield Problem(first.line, "Handle", base.shorten(handle), reason)
        return
    if first.get("gift card").lower() == "true":
        yield Problem(first.line, "Gift Card", "true", _("Gift cards cannot be sold here."))
        return
    product = ParsedProduct(
        external_id=handle,
        title=title[:200],
        description=first.get("body (html)"),
        line=first.line,
        currency=currency,
        category="\n".join(filter(None, (first.get("product category"), first.get("type")))),
        vendor=first.get("vendor"),
        details=base.details(first),
        tags=tuple(tag.strip() for tag in first.get("tags").split(",") if tag.strip()),
        published=first.get("status").lower() in {"", "active"}
        and first.get("published").lower() != "false",
    )
    names = [first.get(f"option{n} name") for n in (1, 2, 3)]
    for row in group:
        if address := base.web_address(row.get("image src")):
            product.images.append((address, row.get("image alt text")[:200]))
        elif row.get("image src"):
            reason = _("This is not the address of a picture.")
            yield Problem(row.line, "Image Src", base.shorten(row.get("image src")), reason)
        if _is_variant(row):
            yield from _add_variant(product, row, names)
    known = {address for address, _alt in product.images}
    product.images += [(v.image, "") for v in product.variants if v.image not in {"", *known}]
    if product.variants:
        yield product


def _is_variant(row: Row) -> bool:
    """A row without price and options only carries a further picture."""
    return bool(row.get("variant price", "option1 value", "variant sku", "title"))


def _add_variant(product: ParsedProduct, row: Row, names: list[str]) -> Iterator[Problem]:
    column, handle = "Variant Price", product.external_id
    try:
        amount = base.price(row.get("variant price"), product.currency)
        column = "Variant Compare At Price"
        compared = row.get("variant compare at price")
        compare_at = base.price(compared, product.currency) if compared.strip("0.,") else None
        column = "Variant Inventory Qty"
        stock = _stock(row)
    except BadValue as error:
        yield Problem(row.line, column, base.shorten(row.get(column.lower())), str(error), handle)
        return
    if len(product.variants) >= base.MAX_VARIANTS:
        yield Problem(row.line, "Handle", product.external_id, _("More than 500 variants."))
        return
    counted = stock is None or "variant inventory qty" in row.cells
    options = _options(row, names)
    sku = row.get("variant sku") or _sku(product.external_id, options)
    if len(sku) > 120:
        reason = _("The SKU is longer than 120 characters.")
        yield Problem(row.line, "Variant SKU", base.shorten(sku), reason)
        return
    if any(other.options == options for other in product.variants):
        reason = _("Another row has the same options.")
        yield Problem(row.line, "Option1 Value", base.shorten(row.get("option1 value")), reason)
        return
    product.variants.append(
        ParsedVariant(
            sku=sku,
            options=options,
            price=amount,
            compare_at=compare_at if compare_at and compare_at > amount else None,
            stock=stock,
            line=row.line,
            image=base.web_address(row.get("variant image")),
            counted=counted,
            content=base.content(
                row.get("unit price total measure") + row.get("unit price total measure unit")
            ),
        )
    )


def _stock(row: Row) -> int | None:
    """Stock counts only where Shopify tracks it and does not sell beyond it.

    The column is left out where a shop has several locations.
    """
    tracked = row.get("variant inventory tracker")
    quantity = row.get("variant inventory qty")
    if not tracked or row.get("variant inventory policy").lower() in GOES_ON:
        if quantity:
            base.stock(quantity)
        return None
    return base.stock(quantity or "0")


def _options(row: Row, names: list[str]) -> Options:
    values = [row.get(f"option{n} value") for n in (1, 2, 3)]
    pairs = zip(names, values, strict=True)
    return tuple(
        (name or _("Option"), value)
        for name, value in pairs
        if value and value.lower() != NO_OPTION
    )


def _sku(handle: str, options: Options) -> str:
    """The key of a variant without a SKU: its product and what it is."""
    values = [value for _name, value in options]
    return "/".join([handle, *values])[:120]
