"""A brand's orders as a table for its own books: one row per line, amounts as numbers."""

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
from shop.models import Brand, OrderLine


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
