"""A brand's orders as a table for its own books: one row per line, amounts as numbers."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import money
from shop.models import Brand, OrderLine

AT_ONCE = 2_000
MOST_ROWS = 50_000  # of a spreadsheet, which is made as a whole


def rows(brand: Brand, first: date, last: date, most: int | None = None) -> Iterator[list[object]]:
    """Yield the head and a row per line of what was paid from `first` to `last` (local days).

    The shipping of a part stands at its first line. At most `most` lines.
    """
    yield [
        _("Order"), _("Paid"), _("Sent"), _("Delivered"), _("Invoice"), _("Product"), _("SKU"),
        _("Choice"), _("Quantity"), _("Price"), _("Discount"), _("Amount"), _("VAT %"), _("VAT"),
        _("Without VAT"), _("Delivery"), _("Given back"), _("Currency"), _("Name"), _("Address"),
        _("Postal code"), _("City"), _("Country"), _("E-mail"), _("Phone"),
    ]  # fmt: skip
    lines = OrderLine.objects.filter(
        brand_order__brand=brand,
        brand_order__paid_at__gte=_midnight(first),
        brand_order__paid_at__lt=_midnight(last + timedelta(days=1)),
    )
    lines = lines.select_related("brand_order__order", "variant")
    lines = lines.order_by("brand_order__paid_at", "brand_order", "pk")
    before = None
    for line in (lines[:most] if most else lines).iterator(AT_ONCE):
        yield _row(line, is_first=line.brand_order_id != before)
        before = line.brand_order_id


def _row(line: OrderLine, *, is_first: bool) -> list[object]:
    part = line.brand_order
    order = part.order

    def amount(value: int) -> float:
        return float(money.decimal(value, order.currency))

    return [
        order.number, _day(part.paid_at), _day(part.shipped_at), _day(part.delivered_at),
        part.invoice_number or "", line.title, line.variant.sku,
        ", ".join(value for _name, value in line.options), line.quantity,
        amount(line.unit_price), amount(line.discount), amount(line.gross), line.tax_bp / 100,
        amount(line.tax), amount(line.gross - line.tax),
        amount(part.shipping_gross) if is_first else 0,
        amount(line.refunded_gross + (part.shipping_refunded if is_first else 0)),
        order.currency, order.name, order.address, order.postal_code, order.city, order.country,
        order.email, order.phone,
    ]  # fmt: skip


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())


def _day(at: datetime | None) -> str:
    return timezone.localdate(at).isoformat() if at else ""
