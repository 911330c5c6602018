"""Google Merchant feeds: RSS 2.0 or Atom as XML, and tab-separated text.

One item is one variant; items that share an `item_group_id` are one product.
"""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.utils.translation import gettext as _

from shop.feeds import base, merchantxml
from shop.feeds.base import BadValue, Options, Parsed, ParsedProduct, ParsedVariant, Problem
from shop.feeds.merchantxml import Item

COLUMNS = {"id", "title", "price"}
OPTIONS = {
    "color": "Color",
    "size": "Size",
    "material": "Material",
    "pattern": "Pattern",
    "gender": "Gender",
}
IN_STOCK = {"in stock", "available for order", "limited availability"}
NOT_NOW = {"out of stock", "preorder", "pre order", "backorder", "discontinued"}
OPEN_ITEMS = 20_000  # grouped items kept back until their group is whole
WANTED = frozenset(
    "id title price sale_price sale_price_effective_date availability quantity"
    " sell_on_google_quantity item_group_id description summary content product_type"
    " google_product_category brand link image_link additional_image_link unit_pricing_measure".split()
) | OPTIONS.keys() | base.DETAIL_NAMES  # fmt: skip


def recognises(columns: list[str], delimiter: str) -> bool:
    """Tell whether a header is that of a Merchant text feed."""
    names = {_name(column) for column in columns}
    return delimiter == "\t" and names >= COLUMNS


def read_tsv(path: Path, currency: str, at: datetime) -> Iterator[Parsed]:
    """Yield the products of a tab-separated feed as it holds at `at` (for sale prices)."""
    yield from _products(_tsv_items(path), currency, at)


def read_xml(path: Path, currency: str, at: datetime) -> Iterator[Parsed]:
    """Yield the products of an RSS or Atom feed as it holds at `at` (for sale prices)."""
    yield from _products(merchantxml.items(path, WANTED), currency, at)


def _name(column: str) -> str:
    return column.lower().removeprefix("g:").replace(" ", "_")


def _of(row: base.Row) -> str:
    """Return the external id of the product that a row is of."""
    group = row.get("item_group_id", "g:item_group_id", "item group id")
    return group or row.get("id", "g:id")


def _tsv_items(path: Path) -> Iterator[Item | Problem]:
    for row in base.rows(path, _of):
        if isinstance(row, Problem):
            yield row
            continue
        item = Item(row.line)
        for column, value in row.cells.items():
            name = _name(column)
            several = value.split(",") if name == "additional_image_link" else [value]
            item.fields[name] = [part.strip() for part in several]
        yield item


def _products(items: Iterator[Item | Problem], currency: str, at: datetime) -> Iterator[Parsed]:
    """Join items to products; groups wait until whole, at most OPEN_ITEMS items at a time."""
    waiting: OrderedDict[str, ParsedProduct] = OrderedDict()
    kept = 0
    closed: set[str] = set()
    singles: set[str] = set()
    for item in items:
        if isinstance(item, Problem):
            yield item
            continue
        parsed = _offer(item, currency, at)
        if isinstance(parsed, Problem):
            yield parsed
            continue
        identity, group = item.get("id"), item.get("item_group_id")[:200]
        if not group and identity not in singles:
            if identity in waiting or identity in closed:  # a group has the name of this one
                parsed.external_id = f"item:{identity}"
            singles.add(identity)
            yield parsed
            continue
        key = group if group in waiting or group not in singles else f"group:{group}"[:200]
        if not group or key in closed:
            value = base.shorten(group or identity)
            yield Problem(item.line, "id", value, _("This id was used before."))
            continue
        if key in waiting:
            if problem := _join(waiting[key], parsed):
                yield problem
                continue
        else:
            parsed.external_id = key
            waiting[key] = parsed
        kept += 1
        while kept > OPEN_ITEMS:
            oldest, product = waiting.popitem(last=False)
            kept -= len(product.variants)
            closed.add(oldest)
            yield product
    yield from waiting.values()


def _join(product: ParsedProduct, other: ParsedProduct) -> Problem | None:
    variant = other.variants[0]
    if other.currency != product.currency:
        reason = _("All variants of a product need one currency.")
        return Problem(other.line, "price", other.currency, reason)
    if any(have.sku == variant.sku for have in product.variants):
        return Problem(other.line, "id", base.shorten(variant.sku), _("This id was used before."))
    if len(product.variants) >= base.MAX_VARIANTS:
        return Problem(other.line, "id", base.shorten(variant.sku), _("More than 500 variants."))
    product.variants.append(variant)
    product.turns(other.turns_at)
    product.images += [image for image in other.images if image not in product.images]
    return None


def _offer(item: Item, currency: str, at: datetime) -> ParsedProduct | Problem:
    """Return a product with one variant, or the first thing that is wrong with the item."""
    name = "id"
    try:
        identity = _needed(item, "id", 120)
        name = "title"
        title = _needed(item, "title", 10_000)[:200]
        name = "price"
        price, code = base.price_with_currency(item.get("price"), currency)
        name = "sale_price"
        price, compare_at, turns_at = _sale(item, price, code, at)
        name = "availability"
        stock = _stock(item)
    except BadValue as error:
        of = item.get("item_group_id")[:200] or item.get("id")[:200]
        return Problem(item.line, name, base.shorten(item.get(name)), str(error), of)
    addresses = [*item.fields.get("image_link", ()), *item.fields.get("additional_image_link", ())]
    shelves = (*item.fields.get("product_type", ()), item.get("google_product_category"))
    product = ParsedProduct(
        external_id=identity,
        title=title,
        description=item.get("description", "summary", "content"),
        line=item.line,
        currency=code,
        category="\n".join(filter(None, shelves)),
        vendor=item.get("brand"),
        details={} if base.DETAIL_NAMES.isdisjoint(item.fields) else base.details(item),
        url=base.web_address(item.get("link")),
        images=[(url, "") for url in map(base.web_address, addresses) if url],
    )
    variant = ParsedVariant(identity, _options(item), price, compare_at, stock, item.line)
    variant.image = base.web_address(item.get("image_link")) if variant.options else ""
    variant.content = base.content(item.get("unit_pricing_measure"))
    product.variants.append(variant)
    product.turns(turns_at)
    return product


def _needed(item: Item, name: str, length: int) -> str:
    value = item.get(name)
    if not value:
        raise BadValue(_("This field is missing."))
    if len(value) > length:
        raise BadValue(_("This field is too long."))
    return value


def _options(item: Item) -> Options:
    if not item.get("item_group_id"):
        return ()
    return tuple((label, item.get(name)) for name, label in OPTIONS.items() if item.get(name))


def _sale(
    item: Item, price: int, code: str, at: datetime
) -> tuple[int, int | None, datetime | None]:
    """Return (what is paid, what it cost before, until when) for the sale that holds at `at`."""
    if not item.get("sale_price"):
        return price, None, None
    sale, sale_code = base.price_with_currency(item.get("sale_price"), code)
    if sale_code != code:
        raise BadValue(_("The sale price has another currency than the price."))
    if sale >= price:
        return price, None, None
    start, end = _bounds(item.get("sale_price_effective_date"), at)
    turns_at = min((one for one in (start, end) if one and one > at), default=None)
    if (start and at < start) or (end and at >= end):
        return price, None, turns_at if start and at < start else None
    return sale, price, turns_at


def _bounds(period: str, at: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the first moment of a sale and the first after it; a day of its end is of it."""
    if not period:
        return None, None
    first, _slash, last = (part.strip() for part in period.partition("/"))
    try:
        start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
        if "T" not in last and ":" not in last:
            end += timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise BadValue(_("The dates of the sale cannot be read.")) from error
    return tuple(one if one.tzinfo else one.replace(tzinfo=at.tzinfo) for one in (start, end))


def _stock(item: Item) -> int | None:
    """A feed tells whether there is stock, seldom how much: None means "enough"."""
    text = item.get("availability").lower().replace("_", " ")
    if text in NOT_NOW:
        return 0
    if text and text not in IN_STOCK:
        raise BadValue(_("Write in_stock, out_of_stock, preorder or backorder."))
    quantity = item.get("quantity", "sell_on_google_quantity")
    return base.stock(quantity) if quantity else None
