"""A brand's orders, and their invoices and credit notes, as tables for its own books."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import money
from config.lib.tables import Asked, Column, Table, Wrong, day, share
from shop import documents
from shop.models import Brand, OrderLine, SaleDocument


def period(asked: Asked, today: date) -> tuple[date, date]:
    """Return the first and the last day that are asked for: this month unless told.

    Raises Wrong for days that are none, or the wrong way round.
    """
    try:
        first, last = (
            date.fromisoformat(asked[name]) if asked.get(name) else None
            for name in ("first", "last")
        )
    except ValueError as error:
        raise Wrong(_("Choose a first and a last day.")) from error
    first, last = first or today.replace(day=1), last or today
    if first > last:
        raise Wrong(_("The first day is after the last one."))
    return first, last


def _rows(brand: Brand, asked: Asked) -> QuerySet[OrderLine]:
    """Return the lines of what was paid in these local days, with their place in their part."""
    first, last = period(asked, timezone.localdate())
    lines = OrderLine.objects.filter(
        brand_order__brand=brand,
        brand_order__paid_at__gte=_midnight(first),
        brand_order__paid_at__lt=_midnight(last + timedelta(days=1)),
    ).annotate(place=Window(RowNumber(), partition_by=F("brand_order"), order_by="pk"))
    lines = lines.select_related("brand_order__order", "variant")
    return lines.order_by("brand_order__paid_at", "brand_order", "pk")


def _midnight(on: date) -> datetime:
    return timezone.make_aware(datetime.combine(on, time()), timezone.get_default_timezone())


def _amount(line: OrderLine, amount: int) -> Decimal:
    return money.decimal(amount, line.brand_order.order.currency)


def _shipping(line: OrderLine, amount: int) -> int:
    """Return what belongs to a part as a whole: it stands at its first line."""
    return amount if line.place == 1 else 0


LINES = Table(
    name="order-lines",
    title=gettext_lazy("Orders, line by line"),
    page="shop:brand_orders",
    params=("first", "last"),
    rows=_rows,
    columns=(
        Column(gettext_lazy("Order"), lambda row: row.brand_order.order.number),
        Column(gettext_lazy("Paid"), lambda row: day(row.brand_order.paid_at)),
        Column(gettext_lazy("Sent"), lambda row: day(row.brand_order.shipped_at)),
        Column(gettext_lazy("Delivered"), lambda row: day(row.brand_order.delivered_at)),
        Column(gettext_lazy("Invoice"), lambda row: row.brand_order.invoice_number or ""),
        Column(gettext_lazy("Product"), lambda row: row.title),
        Column(gettext_lazy("SKU"), lambda row: row.variant.sku),
        Column(
            gettext_lazy("Choice"), lambda row: ", ".join(value for _name, value in row.options)
        ),
        Column(gettext_lazy("Quantity"), lambda row: row.quantity),
        Column(gettext_lazy("Price"), lambda row: _amount(row, row.unit_price)),
        Column(gettext_lazy("Discount"), lambda row: _amount(row, row.discount)),
        Column(gettext_lazy("Amount"), lambda row: _amount(row, row.gross)),
        Column(gettext_lazy("VAT %"), lambda row: share(row.tax_bp)),
        Column(gettext_lazy("VAT"), lambda row: _amount(row, row.tax)),
        Column(gettext_lazy("Without VAT"), lambda row: _amount(row, row.gross - row.tax)),
        Column(
            gettext_lazy("Delivery"),
            lambda row: _amount(row, _shipping(row, row.brand_order.shipping_gross)),
        ),
        Column(
            gettext_lazy("Given back"),
            lambda row: _amount(
                row, row.refunded_gross + _shipping(row, row.brand_order.shipping_refunded)
            ),
        ),
        Column(gettext_lazy("Currency"), lambda row: row.brand_order.order.currency),
        Column(gettext_lazy("Name"), lambda row: row.brand_order.order.name),
        Column(gettext_lazy("Address"), lambda row: row.brand_order.order.address),
        Column(gettext_lazy("Postal code"), lambda row: row.brand_order.order.postal_code),
        Column(gettext_lazy("City"), lambda row: row.brand_order.order.city),
        Column(gettext_lazy("Country"), lambda row: row.brand_order.order.country),
        Column(gettext_lazy("E-mail"), lambda row: row.brand_order.order.email),
        Column(gettext_lazy("Phone"), lambda row: row.brand_order.order.phone),
    ),
)


def _documents(brand: Brand, asked: Asked) -> QuerySet[SaleDocument]:
    """Return what was issued on these days, by number: what a VAT return is made of."""
    first, last = period(asked, timezone.localdate())
    rows = SaleDocument.objects.filter(brand=brand, issued_on__gte=first, issued_on__lte=last)
    return rows.select_related("brand_order__order").order_by("number")


def _signed(row: SaleDocument, amount: int) -> Decimal:
    """Return an amount as it counts in the books: what a credit note takes back is less."""
    sign = -1 if row.kind == SaleDocument.Kind.CREDIT else 1
    return money.decimal(sign * amount, row.currency)


def _rates(row: SaleDocument) -> str:
    found = documents.by_rate(row).items()
    return "; ".join(
        f"{vat}: {_signed(row, tax)} / {_signed(row, net)}" for vat, (net, tax) in found
    )


DOCUMENTS = Table(
    name="sale-documents",
    title=gettext_lazy("Invoices and credit notes"),
    page="shop:brand_orders",
    params=("first", "last"),
    rows=_documents,
    columns=(
        Column(gettext_lazy("Number"), lambda row: row.name),
        Column(gettext_lazy("Date"), lambda row: row.issued_on),
        Column(gettext_lazy("Kind"), lambda row: row.get_kind_display()),
        Column(gettext_lazy("Belongs to"), lambda row: row.facts.get("of", "")),
        Column(gettext_lazy("Order"), lambda row: row.brand_order.order.number),
        Column(gettext_lazy("Country"), lambda row: row.brand_order.order.country),
        Column(gettext_lazy("Amount"), lambda row: _signed(row, row.gross)),
        Column(gettext_lazy("Without VAT"), lambda row: _signed(row, row.gross - row.tax)),
        Column(gettext_lazy("VAT"), lambda row: _signed(row, row.tax)),
        Column(gettext_lazy("VAT / on what, by rate"), _rates),
        Column(gettext_lazy("Currency"), lambda row: row.currency),
    ),
)
