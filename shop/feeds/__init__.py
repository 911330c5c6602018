"""Catalogue files as brands have them: which kind a file is, and its products.

`detect` and `read` are pure; `shop.feeds.importer` brings a feed into the shop.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext as _

from shop.feeds import base, merchant, shopify, tables, woocommerce
from shop.feeds.base import Parsed, ParsedProduct, ParsedVariant, Problem, UnreadableFeed

__all__ = [
    "Parsed",
    "ParsedProduct",
    "ParsedVariant",
    "Problem",
    "UnreadableFeed",
    "detect",
    "read",
]

_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
FORMATS = ("shopify", "woocommerce", "merchant_xml", "merchant_tsv", "table")


def supported() -> str:
    """Return the sentence that names what can be imported."""
    return _(
        "We read Shopify and WooCommerce product CSV, Google Merchant XML (RSS or Atom)"
        " and Google Merchant TSV files, and other tables with a title and a price."
    )


def detect(path: Path) -> str:
    """Return the format of a file. Raises UnreadableFeed for one that we do not know."""
    with base.open_bytes(path) as stream:
        start = stream.read(512)
    if not start.strip(b"\x00 \r\n\t"):
        raise UnreadableFeed(_("The file is empty."))
    if start[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        message = _("This is a ZIP archive or a spreadsheet. Save it as CSV first.")
        raise UnreadableFeed(f"{message} {supported()}")
    start = start.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    first = start[:1]
    if first == b"<":
        if _PAGE.match(start):
            raise UnreadableFeed(f"{_('This is a web page, no catalogue.')} {supported()}")
        return "merchant_xml"
    if first in {b"{", b"["}:
        raise UnreadableFeed(f"{_('This is JSON. Save the catalogue as CSV first.')} {supported()}")
    columns, delimiter = base.header_of(path)
    if shopify.recognises(columns):
        return "shopify"
    if woocommerce.recognises(columns):
        return "woocommerce"
    if merchant.recognises(columns, delimiter):
        return "merchant_tsv"
    if tables.recognises(columns):
        return "table"
    message = _("We do not know this kind of file: its first line has no columns that we expect.")
    raise UnreadableFeed(f"{message} {supported()}")


def read(path: Path, format: str, currency: str, at: datetime) -> Iterator[Parsed]:
    """Yield products and problems of a file of `format`; `currency` where it names none."""
    if format == "shopify":
        columns, _delimiter = base.header_of(path)
        if not shopify.recognises(columns):
            raise UnreadableFeed(_("This is no Shopify CSV: Handle, Title or Variant Price lacks."))
        return shopify.read(path, currency)
    if format == "woocommerce":
        columns, _delimiter = base.header_of(path)
        if not woocommerce.recognises(columns):
            message = _("This is no WooCommerce CSV: Type, SKU, Name or Regular price lacks.")
            raise UnreadableFeed(message)
        return woocommerce.read(path, currency, at)
    if format == "merchant_tsv":
        columns, delimiter = base.header_of(path)
        if not merchant.recognises(columns, delimiter):
            raise UnreadableFeed(_("This is no Merchant TSV: id, title or price lacks."))
        return merchant.read_tsv(path, currency, at)
    if format == "merchant_xml":
        return merchant.read_xml(path, currency, at)
    if format == "table":
        columns, _delimiter = base.header_of(path)
        if not tables.recognises(columns):
            raise UnreadableFeed(_("This table has no column with a title, or none with a price."))
        return tables.read(path, currency)
    raise UnreadableFeed(supported())
